// relreason/metric/graph_edit_distance.hpp -- how far two scenes are apart as graphs: two approximations in microseconds, and the exact distance.
// Source: Messina et al., "Learning Relationship-aware Visual Features", ECCV workshops 2018 (approximate_ged_2018), and "Learning visual
// features for relational CBIR", IJMIR 2019 (approximate_ged_2019), after Riesen and Bunke, Image and Vision Computing 2009.
//
// Which bounds hold, with N the least cost of assigning nodes alone:  N <= exact,  2019 <= 2 exact,  2018 - inversions = 2 N <= 2 exact,
// and exact <= edit_cost of any mapping. Neither approximation itself bounds the exact distance, from above or from below.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "relreason/core/error.hpp"
#include "relreason/metric/assignment.hpp"
#include "relreason/metric/scene_graph.hpp"

namespace relreason::metric {

// What putting one object for another costs. soft: the share of its four attributes that differ ("proportional"); hard: 1 if any does
// ("atleastone").
enum class node_cost { soft, hard };

// to[i] is the object of the second graph that object i of the first becomes, or -1: it is deleted.
using node_mapping = std::array<std::int8_t, scene_graph::most_objects>;

namespace detail {

// All costs here are whole quarters, so that sums are exact.
inline constexpr int one = 4;

inline int substitution(const scene_graph& a, int i, const scene_graph& b, int j, node_cost cost) {
  const int differing = differing_attributes(a.attributes(i), b.attributes(j));
  return cost == node_cost::soft ? differing : differing > 0 ? one : 0;
}

using graph_solver = assignment_solver<int, scene_graph::most_objects>;

// The best assignment of all nodes of the smaller graph a, where two nodes cost cell(i, j).
template <class Cell>
int solve_nodes(graph_solver& solver, const scene_graph& a, const scene_graph& b, Cell&& cell) {
  std::array<int, scene_graph::most_objects * scene_graph::most_objects> costs;
  const int n = a.size(), m = b.size();
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < m; ++j) costs[static_cast<std::size_t>(i * m + j)] = cell(i, j);
  return solver.solve_unchecked(costs.data(), m, n, m);
}

// 2018. The (n + m)^2 matrix of the paper has deletions and insertions of 1 on diagonals. A substitution never costs more than the 2 of a
// deletion and an insertion, so some best assignment substitutes all nodes of the smaller graph, and what is left is inserted.
inline int solve_2018(graph_solver& solver, const scene_graph& a, const scene_graph& b, node_cost cost) {
  return solve_nodes(solver, a, b, [&](int i, int j) { return substitution(a, i, b, j, cost); }) + one * (b.size() - a.size());
}

// Edges u -> v of a whose images are joined as v' -> u' in b, in both relations.
inline int inversions(const graph_solver& solver, const scene_graph& a, const scene_graph& b) {
  int found = 0;
  for (const auto r : {scene_graph::right, scene_graph::front})
    for (int u = 0; u < a.size(); ++u)
      for (std::uint32_t left = a.edges(r, u); left != 0; left &= left - 1)
        found += b.has(r, solver.column_of(std::countr_zero(left)), solver.column_of(u));
  return found;
}

// The edge term of 2019: the least cost of turning the out-neighbors of one node into those of another, where a neighbor is nothing but its
// labels, {right}, {front} or {right, front}: changing it costs as many labels as differ (0, 1 or 2), adding or removing it costs 1.
//
// In closed form, with r, f, b the differences of the three counts:  E = max(|r| + |f|,  b + r+ + f+,  -b + r- + f-),  x+ = max(x, 0), x- = (-x)+
// Proof. The costs are a metric d on {R, F, B, nothing}: 1 between any two but R and F, which are 2 apart. In a metric, equal things may stay
// as they are, so E is the cost of moving the mass r at R, f at F, b at B and -(r + f + b) at nothing to where it is missing. By duality E is
// the largest r u_R + f u_F + b u_B over prices with u_x - u_y <= d(x, y), and these are whole numbers at some best point. With
// u_nothing = 0 each is -1, 0 or 1, and |u_R - u_B|, |u_F - u_B| <= 1 are all that is left to obey. u_B = 0 leaves u_R and u_F free: the
// first term. u_B = 1 allows them 0 or 1, the second; u_B = -1 allows 0 or -1, the third.
inline int neighbor_cost(const scene_graph::label_counts& x, const scene_graph::label_counts& y) {
  const int r = x.right - y.right, f = x.front - y.front, b = x.both - y.both;
  const int more = std::max(r, 0) + std::max(f, 0), all = std::abs(r) + std::abs(f);
  return std::max(all, std::max(b + more, all - more - b));
}

inline constexpr int node_2019 = 2 * one;  // of a deletion or an insertion: the node, and 1 for its edges, however many

inline int substitution_2019(const scene_graph& a, int i, const scene_graph& b, int j, node_cost cost) {
  return substitution(a, i, b, j, cost) + one * neighbor_cost(a.counts(i), b.counts(j));
}
// A substitution that costs more than a deletion and an insertion stands for these two; then as above.
inline int solve_2019(graph_solver& solver, const scene_graph& a, const scene_graph& b, node_cost cost) {
  const auto cell = [&](int i, int j) { return std::min(substitution_2019(a, i, b, j, cost), 2 * node_2019); };
  return solve_nodes(solver, a, b, cell) + node_2019 * (b.size() - a.size());
}

// One direction for each pair, the smaller graph first: so the distances are symmetric whichever of several best assignments is found.
template <class F>
auto in_order(const scene_graph& a, const scene_graph& b, F&& f) {
  const bool turned = b.compare(a) < 0;
  return f(turned ? b : a, turned ? a : b, turned);
}

template <class Keep>
node_mapping mapping_of(const graph_solver& solver, int n, bool turned, Keep&& keep) {
  node_mapping to;
  to.fill(-1);
  for (int i = 0; i < n; ++i) {
    const int j = solver.column_of(i);
    if (keep(i, j)) to[static_cast<std::size_t>(turned ? j : i)] = static_cast<std::int8_t>(turned ? i : j);
  }
  return to;
}

// Of the edges u -> v in a against u' -> v' in b: labels that both have stay, one label may become the other.
inline int edge_cost(const scene_graph& a, int u, int v, const scene_graph& b, int x, int y) {
  const int ar = a.has(scene_graph::right, u, v), af = a.has(scene_graph::front, u, v);
  const int br = b.has(scene_graph::right, x, y), bf = b.has(scene_graph::front, x, y);
  return one * (std::max(ar + af, br + bf) - (ar & br) - (af & bf));
}
inline int edges_between(const scene_graph& g, int u, int v) {
  return g.has(scene_graph::right, u, v) + g.has(scene_graph::front, u, v) + g.has(scene_graph::right, v, u) + g.has(scene_graph::front, v, u);
}

// Cost of giving object i of a its place j in b (or -1), with its edges to the objects before it, whose places are known.
inline int place_cost(const scene_graph& a, int i, const scene_graph& b, int j, const node_mapping& to, node_cost cost) {
  int sum = j < 0 ? one : substitution(a, i, b, j, cost);
  for (int p = 0; p < i; ++p) {
    const int q = to[static_cast<std::size_t>(p)];
    if (j < 0 || q < 0) sum += one * edges_between(a, i, p);
    else sum += edge_cost(a, i, p, b, j, q) + edge_cost(a, p, i, b, q, j);
  }
  return sum;
}

// Edges of g with an end among the given objects, and the objects themselves.
inline int edges_at(const scene_graph& g, std::uint32_t objects) {
  int edges = 0;
  for (int i = 0; i < g.size(); ++i)
    for (int k = 0; k < i; ++k)
      if ((objects >> i | objects >> k) & 1u) edges += edges_between(g, i, k);
  return edges;
}

inline std::uint32_t first_objects(int n) { return n >= 32 ? ~0u : (1u << n) - 1; }

// Branch and bound over the places of a's objects, in order.
class exact_edit {
 public:
  exact_edit(const scene_graph& a, const scene_graph& b, node_cost cost, int known) : a_(a), b_(b), cost_(cost), best_(known) {
    for (int i = 0; i <= a.size(); ++i) edges_left_[static_cast<std::size_t>(i)] = edges_at(a, first_objects(a.size()) & ~first_objects(i));
    to_.fill(-1);
  }
  int run() {
    visit(0, 0, first_objects(b_.size()));
    return best_;
  }

 private:
  void visit(int i, int sum, std::uint32_t free) {
    // At least the differences in number of what is left must be inserted or deleted; at the end that is exact.
    const int nodes = std::popcount(free) - (a_.size() - i), edges = edges_at(b_, free) - edges_left_[static_cast<std::size_t>(i)];
    if (sum + one * (std::abs(nodes) + std::abs(edges)) >= best_) return;
    if (i == a_.size()) {
      best_ = sum + one * (nodes + edges);
      return;
    }
    for (std::uint32_t left = free; left != 0; left &= left - 1) {
      const int j = std::countr_zero(left);
      to_[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(j);
      visit(i + 1, sum + place_cost(a_, i, b_, j, to_, cost_), free & ~(1u << j));
    }
    to_[static_cast<std::size_t>(i)] = -1;
    visit(i + 1, sum + place_cost(a_, i, b_, -1, to_, cost_), free);
  }

  const scene_graph &a_, &b_;
  node_cost cost_;
  int best_;
  node_mapping to_{};
  std::array<int, scene_graph::most_objects + 1> edges_left_{};
};

}  // namespace detail

// For both relations the same best assignment of nodes (insertion and deletion 1), whose cost counts twice, and 1 for each edge that it
// turns round. Where several assignments are best, the edges of the one found count: always the same one, and the same for (b, a).
inline double approximate_ged_2018(const scene_graph& a, const scene_graph& b, node_cost cost) {
  return detail::in_order(a, b, [&](const scene_graph& x, const scene_graph& y, bool) {
    detail::graph_solver solver;
    const int nodes = detail::solve_2018(solver, x, y, cost);
    return 2. * nodes / detail::one + detail::inversions(solver, x, y);
  });
}
// One best assignment where insertion and deletion cost 2, and a substitution the node cost and that of the out-neighbors' labels.
inline double approximate_ged_2019(const scene_graph& a, const scene_graph& b, node_cost cost) {
  return detail::in_order(a, b, [&](const scene_graph& x, const scene_graph& y, bool) {
    detail::graph_solver solver;
    return detail::solve_2019(solver, x, y, cost) / static_cast<double>(detail::one);
  });
}

// The assignments behind them.
inline node_mapping mapping_2018(const scene_graph& a, const scene_graph& b, node_cost cost) {
  return detail::in_order(a, b, [&](const scene_graph& x, const scene_graph& y, bool turned) {
    detail::graph_solver solver;
    detail::solve_2018(solver, x, y, cost);
    return detail::mapping_of(solver, x.size(), turned, [](int, int) { return true; });
  });
}
inline node_mapping mapping_2019(const scene_graph& a, const scene_graph& b, node_cost cost) {
  return detail::in_order(a, b, [&](const scene_graph& x, const scene_graph& y, bool turned) {
    detail::graph_solver solver;
    detail::solve_2019(solver, x, y, cost);
    return detail::mapping_of(solver, x.size(), turned,
                              [&](int i, int j) { return detail::substitution_2019(x, i, y, j, cost) <= 2 * detail::node_2019; });
  });
}

// What turning a into b costs along this mapping: nodes and edges inserted or deleted 1 each, one label for the other 1.
inline double edit_cost(const scene_graph& a, const scene_graph& b, const node_mapping& to, node_cost cost) {
  int sum = 0;
  std::uint32_t free = detail::first_objects(b.size());
  for (int i = 0; i < a.size(); ++i) {
    const int j = to[static_cast<std::size_t>(i)];
    if (j < -1 || j >= b.size() || (j >= 0 && !(free >> j & 1u)))
      fail("edit_cost: object ", i, " becomes object ", j, " of the other graph, wanted -1 or one below ", b.size(), " that is not taken");
    sum += detail::place_cost(a, i, b, j, to, cost);
    if (j >= 0) free &= ~(1u << j);
  }
  return (sum + detail::one * (std::popcount(free) + detail::edges_at(b, free))) / static_cast<double>(detail::one);
}

// The least edit_cost of all mappings. Work grows as the factorial of the number of objects: at most 8 in either graph.
inline double exact_ged(const scene_graph& a, const scene_graph& b, node_cost cost) {
  constexpr int most = 8;
  if (a.size() > most || b.size() > most)
    fail("exact_ged: found graphs of ", a.size(), " and ", b.size(), " objects, wanted at most ", most, "; use approximate_ged_2019");
  const double known = std::min(edit_cost(a, b, mapping_2018(a, b, cost), cost), edit_cost(a, b, mapping_2019(a, b, cost), cost));
  return detail::exact_edit(a, b, cost, static_cast<int>(known * detail::one)).run() / static_cast<double>(detail::one);
}

}  // namespace relreason::metric
