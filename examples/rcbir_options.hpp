// examples/rcbir_options.hpp -- the command line of rcbir, and the feature files that it names.
#pragma once

#include <algorithm>
#include <cxxopts.hpp>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/retrieval/feature_distance.hpp"
#include "relreason/retrieval/feature_files.hpp"

namespace rcbir {

using namespace relreason;
using namespace relreason::retrieval;
using options_given = cxxopts::ParseResult;

inline cxxopts::Options all_options() {
  cxxopts::Options all("rcbir",
                       "Retrieval of pictures by the relations in them.\n"
                       "  rcbir extract  --images DIR --kind K [--weights W] --features F.npy [--safetensors F]\n"
                       "  rcbir truth    --scenes F --features F.npy --truth F --distance D\n"
                       "  rcbir search   --features F.npy --query NAME [--top K] [--index I] [--cosine]\n"
                       "  rcbir evaluate --features F.npy,G.npy --truth F [--queries N] [--cosine] [--json F]\n"
                       "  rcbir page     --images DIR --features F.npy,G.npy [--truth F] --query NAME --out F.html [--top K] [--queries N]\n"
                       "Extraction and ground truth go on where they were stopped.");
  auto add = all.add_options();
  add("command", "extract, truth, search, evaluate or page", cxxopts::value<std::string>());
  add("images", "folder of pictures (PNG, JPEG)", cxxopts::value<std::string>());
  add("kind", std::string("of feature: ") + feature_kinds, cxxopts::value<std::string>());
  add("weights", "safetensors of a network from pixels, by the published names or ours", cxxopts::value<std::string>()->default_value(""));
  add("features", "feature files, .npy with their index .npy.json beside them", cxxopts::value<std::vector<std::string>>());
  add("safetensors", "write the features there too", cxxopts::value<std::string>());
  add("scenes", "CLEVR scene file, .json or .json.gz", cxxopts::value<std::string>());
  add("truth", "file of distances between all pairs of the pictures' scenes", cxxopts::value<std::string>());
  add("distance", "ged2018-soft, ged2018-hard, ged2019-soft, ged2019-hard, fuzzy, jaccard or xor",
      cxxopts::value<std::string>()->default_value("ged2019-soft"));
  add("query", "a picture of the collection, by its name", cxxopts::value<std::string>());
  add("top", "how many to find", cxxopts::value<int>()->default_value("10"));
  add("index", "flat (exact), faiss-flat, faiss-ivf or faiss-hnsw", cxxopts::value<std::string>()->default_value("flat"));
  add("cosine", "1 - cosine as distance between features (default: l2)");
  add("queries", "the first so many pictures are queries, as in the papers (501)", cxxopts::value<int>()->default_value("501"));
  add("json", "all scores, for programs", cxxopts::value<std::string>());
  add("out", "page to write", cxxopts::value<std::string>());
  add("threads", "0: all", cxxopts::value<int>()->default_value("0"));
  add("help", "print this");
  all.parse_positional("command");
  return all;
}

inline std::string need(const options_given& o, const char* name) {
  if (!o.count(name)) fail(o["command"].as<std::string>(), " wants --", name, "; rcbir --help lists the options");
  return o[name].as<std::string>();
}
inline std::vector<std::string> read_paths(const options_given& o) {
  if (!o.count("features")) fail(o["command"].as<std::string>(), " wants --features F.npy; rcbir extract makes it");
  return o["features"].as<std::vector<std::string>>();
}
inline std::vector<feature_set> read_all(const options_given& o) {
  std::vector<feature_set> all;
  for (const auto& path : read_paths(o)) {
    all.push_back(read_features(path));
    if (all.back().names != all.front().names) fail(path, " is of other pictures than the first of --features; extract both from one folder");
  }
  return all;
}
inline int index_of(const feature_set& f, const std::string& name) {
  const auto at = std::find(f.names.begin(), f.names.end(), name);
  if (at == f.names.end()) fail("--query ", name, " is no picture of the collection; its first one is ", f.names.front());
  return static_cast<int>(at - f.names.begin());
}
inline feature_distance distance_of(const options_given& o) { return o.count("cosine") ? feature_distance::cosine : feature_distance::l2; }

}  // namespace rcbir
