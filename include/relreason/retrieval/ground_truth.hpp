// relreason/retrieval/ground_truth.hpp -- the truth beside a collection's features: its pictures' scenes as graphs, and who is truly nearest.
#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/metric/distance_matrix.hpp"
#include "relreason/metric/scene_graph.hpp"
#include "relreason/retrieval/neighbors.hpp"

namespace relreason::retrieval {

// The graphs of the pictures of these names, in their order; scenes without a picture are left out. `from`, the scenes' file, begins messages.
inline std::vector<metric::scene_graph> scene_graphs_of(std::span<const std::string> pictures, std::span<const clevr::scene> scenes,
                                                        const std::string& from) {
  std::map<std::string_view, const clevr::scene*> by_name;
  for (const clevr::scene& s : scenes) by_name.emplace(s.image_filename, &s);
  std::vector<metric::scene_graph> graphs;
  graphs.reserve(pictures.size());
  for (const std::string& name : pictures) {
    const auto at = by_name.find(name);
    if (at == by_name.end()) fail(from, " has no scene of picture ", name, "; extract the features of pictures that it describes");
    graphs.push_back(metric::scene_graph_of(*at->second));
  }
  return graphs;
}

// The k items nearest to the query, itself left out, equal ones by number; fewer where there are fewer.
inline std::vector<neighbor> true_neighbors(const metric::distance_matrix& truth, int query, int k) {
  if (k < 1) fail("true_neighbors: found k of ", k, ", wanted at least 1");
  std::vector<float> row(static_cast<std::size_t>(truth.size()));
  truth.row(query, row);
  std::vector<neighbor> order;
  for (int i = 0; i < truth.size(); ++i)
    if (i != query) order.push_back({static_cast<double>(row[static_cast<std::size_t>(i)]), i});
  std::sort(order.begin(), order.end());
  order.resize(std::min(order.size(), static_cast<std::size_t>(k)));
  return order;
}

}  // namespace relreason::retrieval
