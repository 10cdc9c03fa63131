// examples/rcbir.cpp -- relational image retrieval: features of a collection, the ground truth of its scenes, searches, scores, a page of rankings.
// Paper: "Re-implementing and Extending Relation Network for R-CBIR"; the ordering to expect is random < CNN < RN < 2S-RN < AVF-RN (docs/rcbir.md).
#include <algorithm>
#include <cstdio>
#include <iostream>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "rcbir_options.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/metric/scene_distances.hpp"
#include "relreason/retrieval/faiss_index.hpp"
#include "relreason/retrieval/ground_truth.hpp"
#include "relreason/retrieval/protocol.hpp"
#include "relreason/retrieval/ranking_page.hpp"

using namespace rcbir;

static void extract_features(const options_given& o, executor& threads) {
  const std::string kind = need(o, "kind"), weights = o["weights"].as<std::string>(), out = read_paths(o).front();
  if (kind != "random" && weights.empty()) fail("extract --kind ", kind, " wants --weights W.safetensors");
  const auto pictures = image_collection::of_folder(need(o, "images"));
  const auto done = extract(make_extractor(kind, weights, threads), pictures, out, threads, {.weights = kind == "random" ? "" : weights});
  std::printf("%s: %zu pictures, %zu of them computed now\n", out.c_str(), pictures.size(), done);
  if (o.count("safetensors")) write_safetensors(read_features(out), o["safetensors"].as<std::string>());
}

static void make_truth(const options_given& o, executor& threads) {
  const auto features = read_all(o);
  const auto scenes = need(o, "scenes");
  const auto graphs = scene_graphs_of(features.front().names, clevr::read_scenes(scenes), scenes);
  const auto made = metric::build_scene_distances(need(o, "truth"), graphs, metric::read_scene_distance(o["distance"].as<std::string>()), threads);
  std::printf("%s: %d scenes\n", need(o, "truth").c_str(), made.size());
}

static neighbors search(const feature_set& f, int query, const options_given& o, executor& threads) {
  const auto found = make_index(f.view(), {.kind = read_index_kind(o["index"].as<std::string>()), .distance = distance_of(o)});
  return found->search({f.view().row(query), 1, f.width}, o["top"].as<int>(), threads, std::span(&query, 1));
}
static std::string text_of(const metric::interval& i) { return report::format("%.4f [%.4f, %.4f]", i.estimate, i.low, i.high); }

static std::vector<std::pair<std::string, protocol_scores>> scores_of(const std::vector<feature_set>& features, const options_given& o,
                                                                      executor& threads) {
  const metric::distance_matrix truth(need(o, "truth"));
  std::vector<std::pair<std::string, protocol_scores>> all;
  const auto queries = first_queries(std::min(o["queries"].as<int>(), truth.size()));
  for (const auto& f : features) all.emplace_back(f.kind, run_protocol(f.view(), distance_of(o), queries, truth, threads));
  return all;
}

static void evaluate(const options_given& o, executor& threads) {
  const auto all = scores_of(read_all(o), o, threads);
  std::printf("%-16s %-26s %-26s %-26s %s\n", "feature", "Spearman, as it is", "Spearman, length 1", "nDCG@5, better of both", "Kendall");
  report::json_writer j;
  j.begin_object();
  for (const auto& [name, s] : all) {
    std::printf("%-16s %-26s %-26s %-26s %.4f\n", name.c_str(), text_of(s.as_is.spearman.mean).c_str(), text_of(s.unit.spearman.mean).c_str(),
                text_of(s.better().ndcg.mean).c_str(), s.better().kendall.mean.estimate);
    write_json(j.key(name), s);
  }
  if (!o.count("json")) return;
  atomic_file file(o["json"].as<std::string>());
  file.write(j.end_object().text() + "\n");
  file.commit();
}

static void write_page(const options_given& o, executor& threads) {
  const auto features = read_all(o);
  const int query = index_of(features.front(), need(o, "query"));
  ranking_page page{.title = "Pictures like " + need(o, "query"), .query = need(o, "query"), .folder = need(o, "images")};
  page.names = features.front().names;
  for (const auto& f : features) {
    const auto found = search(f, query, o, threads);
    page.rows.push_back({f.kind, std::to_string(f.width) + " numbers", {found.of(0).begin(), found.of(0).end()}});
  }
  if (o.count("truth")) {
    const metric::distance_matrix truth(need(o, "truth"));
    page.rows.push_back({"ground truth", "graph edit distance between scenes; pictures among these are outlined above",
                         true_neighbors(truth, query, o["top"].as<int>())});
    page.columns = {"Spearman, as it is", "Spearman, length 1", "nDCG@5"};
    for (const auto& [name, s] : scores_of(features, o, threads))
      page.scores.push_back({name, {text_of(s.as_is.spearman.mean), text_of(s.unit.spearman.mean), text_of(s.better().ndcg.mean)}});
  }
  write(page, need(o, "out"));
  std::printf("%s\n", need(o, "out").c_str());
}

int main(int argc, char** argv) try {
  auto all = all_options();
  const auto o = all.parse(argc, argv);
  if (o.count("help") || !o.count("command")) return std::cout << all.help(), o.count("help") ? 0 : 2;
  thread_pool threads(o["threads"].as<int>() > 0 ? o["threads"].as<int>() : static_cast<int>(std::thread::hardware_concurrency()));
  const auto command = o["command"].as<std::string>();
  if (command == "extract") extract_features(o, threads);
  else if (command == "truth") make_truth(o, threads);
  else if (command == "evaluate") evaluate(o, threads);
  else if (command == "page") write_page(o, threads);
  else if (command == "search") {
    const auto f = read_all(o).front();
    const auto found = search(f, index_of(f, need(o, "query")), o, threads);
    for (const neighbor& n : found.of(0))
      if (n.id >= 0) std::printf("%10.6f  %s\n", n.distance, f.names[static_cast<std::size_t>(n.id)].c_str());
  } else fail("found command \"", command, "\", wanted extract, truth, search, evaluate or page");
  return 0;
} catch (const std::exception& e) {
  std::cerr << "rcbir: " << e.what() << '\n';
  return 1;
}
