// relreason/metric/scene_distances.hpp -- the ground truths of relational image retrieval by name, and all pairs of a collection in one file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/name_list.hpp"
#include "relreason/data/content_hash.hpp"
#include "relreason/metric/distance_matrix_build.hpp"
#include "relreason/metric/graph_edit_distance.hpp"
#include "relreason/metric/state_distance.hpp"

namespace relreason::metric {

enum class scene_distance { ged_2018_soft, ged_2018_hard, ged_2019_soft, ged_2019_hard, fuzzy, jaccard, exclusive_or };
inline constexpr std::array<std::string_view, 7> scene_distance_names{"ged2018-soft", "ged2018-hard", "ged2019-soft", "ged2019-hard",
                                                                      "fuzzy",        "jaccard",      "xor"};

inline std::string_view text_of(scene_distance d) { return scene_distance_names[static_cast<std::size_t>(d)]; }
inline scene_distance read_scene_distance(std::string_view name) {
  return relreason::detail::enumerator_named<scene_distance>("read_scene_distance", scene_distance_names, name);
}

inline std::uint64_t content_hash_of(std::span<const scene_graph> graphs) {
  std::uint64_t h = 0;
  for (const scene_graph& g : graphs) {
    std::array<std::uint32_t, 1 + 3 * scene_graph::most_objects> words;
    std::size_t n = 0;
    words[n++] = static_cast<std::uint32_t>(g.size());
    for (int i = 0; i < g.size(); ++i)
      for (const std::uint32_t word : {g.attributes(i), g.edges(scene_graph::right, i), g.edges(scene_graph::front, i)}) words[n++] = word;
    h = content_hash(std::as_bytes(std::span(words).first(n)), h);
  }
  return h;
}

// All pairs, in the file `path`, as build_distance_matrix() does it.
inline distance_matrix build_scene_distances(const std::string& path, std::span<const scene_graph> graphs, scene_distance which, executor& threads,
                                             const distance_matrix_options& options = {}) {
  if (graphs.size() > 0x7ffffff0) fail("build_scene_distances: found ", graphs.size(), " scenes, wanted fewer than 2^31");
  const distance_subject subject{std::string(text_of(which)), content_hash_of(graphs), static_cast<int>(graphs.size())};
  const auto build = [&](auto&& distance) { return build_distance_matrix(path, subject, distance, threads, options); };
  const auto graph = [&](int i) -> const scene_graph& { return graphs[static_cast<std::size_t>(i)]; };
  const auto soft = node_cost::soft, hard = node_cost::hard;
  switch (which) {
    case scene_distance::ged_2018_soft: return build([&](int i, int j) { return approximate_ged_2018(graph(i), graph(j), soft); });
    case scene_distance::ged_2018_hard: return build([&](int i, int j) { return approximate_ged_2018(graph(i), graph(j), hard); });
    case scene_distance::ged_2019_soft: return build([&](int i, int j) { return approximate_ged_2019(graph(i), graph(j), soft); });
    case scene_distance::ged_2019_hard: return build([&](int i, int j) { return approximate_ged_2019(graph(i), graph(j), hard); });
    default: break;
  }
  const auto how = which == scene_distance::fuzzy     ? state_distance::fuzzy
                   : which == scene_distance::jaccard ? state_distance::jaccard
                                                      : state_distance::exclusive_or;
  const std::vector<scene_pairs> pairs(graphs.begin(), graphs.end());
  return build([&](int i, int j) { return pairs[static_cast<std::size_t>(i)].distance(pairs[static_cast<std::size_t>(j)], how); });
}

}  // namespace relreason::metric
