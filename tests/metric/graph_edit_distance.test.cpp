// tests/metric/graph_edit_distance.test.cpp
#include "relreason/metric/graph_edit_distance.hpp"

#include <numeric>
#include <vector>

#include "catch.hpp"
#include "support/small_graphs.hpp"

using namespace relreason::metric;
using namespace small_graphs;

namespace {

constexpr int quarter = 4;  // costs as whole quarters

// The matrix of the papers in full: substitutions, deletions and insertions on diagonals with `far` beside them, zeros.
template <class Substitution>
int full_assignment(int n, int m, int alone, int far, Substitution&& substitution) {
  const int all = n + m;
  std::vector<int> cost(static_cast<std::size_t>(all * all), 0);
  const auto cell = [&](int i, int j) -> int& { return cost[static_cast<std::size_t>(i * all + j)]; };
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < m; ++j) cell(i, j) = substitution(i, j);
    for (int k = 0; k < n; ++k) cell(i, m + k) = i == k ? alone : far;
  }
  for (int k = 0; k < m; ++k)
    for (int j = 0; j < m; ++j) cell(n + k, j) = j == k ? alone : far;
  assignment_solver<int> solver;
  return solver.solve(cost.data(), all, all, all);
}

// Label sets of the out-neighbors: bit 0 right, bit 1 front.
std::vector<int> neighbors(const scene_graph& g, int a) {
  std::vector<int> sets;
  for (int b = 0; b < g.size(); ++b) {
    const int set = g.has(scene_graph::right, a, b) | g.has(scene_graph::front, a, b) << 1;
    if (set) sets.push_back(set);
  }
  return sets;
}
int neighbor_assignment(const std::vector<int>& x, const std::vector<int>& y) {
  return full_assignment(static_cast<int>(x.size()), static_cast<int>(y.size()), 1, 1000, [&](int i, int j) {
    const int differ = x[static_cast<std::size_t>(i)] ^ y[static_cast<std::size_t>(j)];
    return (differ & 1) + (differ >> 1);
  });
}

int node_costs(const scene_graph& a, int i, const scene_graph& b, int j, node_cost how) {
  int differ = 0;
  for (int byte = 0; byte < 4; ++byte) differ += ((a.attributes(i) ^ b.attributes(j)) >> 8 * byte & 255) != 0;
  return how == node_cost::soft ? differ : quarter * (differ > 0);
}

// All mappings, one after another.
double least_edit_cost(const scene_graph& a, const scene_graph& b, node_cost how, int i, node_mapping& to, std::uint32_t used) {
  if (i == a.size()) return edit_cost(a, b, to, how);
  double least = 1e300;
  for (int j = -1; j < b.size(); ++j) {
    if (j >= 0 && (used >> j & 1u)) continue;
    to[static_cast<std::size_t>(i)] = static_cast<std::int8_t>(j);
    least = std::min(least, least_edit_cost(a, b, how, i + 1, to, j < 0 ? used : used | 1u << j));
  }
  return least;
}

scene_graph single(std::array<std::uint8_t, 4> attributes) {
  scene_graph g;
  g.add(attributes);
  return g;
}

}  // namespace

TEST_CASE("approximate_ged: the specification's table from A to A, B, C, D, E, F", "[metric]") {
  const scene_graph others[]{graph_a(), graph_b(), graph_c(), graph_d(), graph_e(), graph_f()};
  const double soft_2018[]{0, 1, 2, .5, 2, 2}, hard_2018[]{0, 1, 2, 2, 2, 2}, soft_2019[]{0, 2, 2, .25, 2, 2}, hard_2019[]{0, 2, 2, 1, 2, 2};
  for (std::size_t i = 0; i < 6; ++i) {
    INFO("graph "
         << "ABCDEF"[i]);
    CHECK(approximate_ged_2018(graph_a(), others[i], node_cost::soft) == soft_2018[i]);
    CHECK(approximate_ged_2018(graph_a(), others[i], node_cost::hard) == hard_2018[i]);
    CHECK(approximate_ged_2019(graph_a(), others[i], node_cost::soft) == soft_2019[i]);
    CHECK(approximate_ged_2019(graph_a(), others[i], node_cost::hard) == hard_2019[i]);
  }
}

TEST_CASE("neighbor_cost: the closed form is the optimal assignment of label sets", "[metric]") {
  const auto sets = [](int r, int f, int b) {
    std::vector<int> s(static_cast<std::size_t>(r), 1);
    s.insert(s.end(), static_cast<std::size_t>(f), 2);
    s.insert(s.end(), static_cast<std::size_t>(b), 3);
    return s;
  };
  for (int x = 0; x < 64; ++x)
    for (int y = 0; y < 64; ++y) {  // counts 0 to 3 of each kind on both sides
      const auto count = [](int v, int kind) { return static_cast<std::int8_t>(v >> 2 * kind & 3); };
      const scene_graph::label_counts p{count(x, 0), count(x, 1), count(x, 2)}, q{count(y, 0), count(y, 1), count(y, 2)};
      INFO(x << " against " << y);
      REQUIRE(detail::neighbor_cost(p, q) == neighbor_assignment(sets(p.right, p.front, p.both), sets(q.right, q.front, q.both)));
    }
}

TEST_CASE("approximate_ged: equal to the papers' (n + m)^2 assignment problems, whose infinities never count", "[metric]") {
  for (std::uint64_t stream = 0; stream < 150; ++stream) {
    const auto a = random_graph(static_cast<int>(stream % 12), 2 * stream), b = random_graph(static_cast<int>(stream * 7 % 13), 2 * stream + 1);
    for (const auto how : {node_cost::soft, node_cost::hard}) {
      INFO("graphs " << stream << " of " << a.size() << " and " << b.size());
      const auto node = [&](int i, int j) { return node_costs(a, i, b, j, how); };
      const auto mapping = mapping_2018(a, b, how);
      int turned = 0;
      for (int u = 0; u < a.size(); ++u)
        for (int v = 0; v < a.size(); ++v) {
          const int x = mapping[static_cast<std::size_t>(u)], y = mapping[static_cast<std::size_t>(v)];
          if (x < 0 || y < 0) continue;
          turned += a.has(scene_graph::right, u, v) && b.has(scene_graph::right, y, x);
          turned += a.has(scene_graph::front, u, v) && b.has(scene_graph::front, y, x);
        }
      const int first = 2 * full_assignment(a.size(), b.size(), quarter, 5 * quarter, node);
      REQUIRE(approximate_ged_2018(a, b, how) == first / 4. + turned);
      const auto whole = [&](int i, int j) { return node(i, j) + quarter * neighbor_assignment(neighbors(a, i), neighbors(b, j)); };
      REQUIRE(approximate_ged_2019(a, b, how) == full_assignment(a.size(), b.size(), 2 * quarter, 1000 * quarter, whole) / 4.);
    }
  }
}

TEST_CASE("approximate_ged: symmetric, and 0 from a graph to itself", "[metric]") {
  for (std::uint64_t stream = 0; stream < 100; ++stream) {
    const auto a = random_graph(static_cast<int>(stream % 11), stream), b = random_graph(static_cast<int>(stream * 3 % 11), stream + 1000);
    for (const auto how : {node_cost::soft, node_cost::hard}) {
      REQUIRE(approximate_ged_2018(a, b, how) == approximate_ged_2018(b, a, how));
      REQUIRE(approximate_ged_2019(a, b, how) == approximate_ged_2019(b, a, how));
      REQUIRE(approximate_ged_2018(a, a, how) == 0);
      REQUIRE(approximate_ged_2019(a, a, how) == 0);
    }
  }
}

TEST_CASE("exact_ged: by hand for A to F", "[metric]") {
  CHECK(exact_ged(graph_a(), graph_a(), node_cost::soft) == 0);
  CHECK(exact_ged(graph_a(), graph_b(), node_cost::soft) == 2);    // one edge deleted, one inserted
  CHECK(exact_ged(graph_a(), graph_c(), node_cost::soft) == 5);    // a node and four edges
  CHECK(exact_ged(graph_a(), graph_d(), node_cost::soft) == .25);  // one attribute
  CHECK(exact_ged(graph_a(), graph_d(), node_cost::hard) == 1);
  CHECK(exact_ged(graph_a(), graph_e(), node_cost::soft) == 2);  // both objects become each other: 1 + 1, and all edges stay
  CHECK(exact_ged(graph_a(), graph_f(), node_cost::soft) == 3);  // a node and two edges
  scene_graph right, front;
  for (scene_graph* g : {&right, &front}) {
    g->add(red_cube);
    g->add(blue_sphere);
  }
  right.connect(scene_graph::right, 1, 0);
  front.connect(scene_graph::front, 1, 0);
  CHECK(exact_ged(right, front, node_cost::soft) == 1);  // one label for the other
}

TEST_CASE("exact_ged: the least cost of all mappings, symmetric, and 0 for the same scene in another order", "[metric]") {
  for (std::uint64_t stream = 0; stream < 40; ++stream) {
    const auto a = random_graph(static_cast<int>(stream % 5), stream), b = random_graph(static_cast<int>(stream / 5 % 5), stream + 500);
    for (const auto how : {node_cost::soft, node_cost::hard}) {
      node_mapping to;
      to.fill(-1);
      REQUIRE(exact_ged(a, b, how) == least_edit_cost(a, b, how, 0, to, 0));
      REQUIRE(exact_ged(a, b, how) == exact_ged(b, a, how));
    }
  }
  const auto g = random_graph(6, 3);
  scene_graph turned;
  for (int i = 5; i >= 0; --i) {
    const auto v = g.attributes(i);
    turned.add(
        {static_cast<std::uint8_t>(v >> 24), static_cast<std::uint8_t>(v >> 16), static_cast<std::uint8_t>(v >> 8), static_cast<std::uint8_t>(v)});
  }
  for (const auto r : {scene_graph::right, scene_graph::front})
    for (int i = 0; i < 6; ++i)
      for (int k = 0; k < 6; ++k)
        if (g.has(r, i, k)) turned.connect(r, 5 - i, 5 - k);
  CHECK(exact_ged(g, turned, node_cost::soft) == 0);
}

TEST_CASE("approximate_ged: the stated bounds on the exact distance hold", "[metric]") {
  for (std::uint64_t stream = 0; stream < 200; ++stream) {
    const auto a = random_graph(static_cast<int>(stream % 6), stream), b = random_graph(static_cast<int>(stream / 6 % 6), stream + 300);
    for (const auto how : {node_cost::soft, node_cost::hard}) {
      const double exact = exact_ged(a, b, how);
      const auto node = [&](int i, int j) { return node_costs(a, i, b, j, how); };
      const double nodes = full_assignment(a.size(), b.size(), quarter, 5 * quarter, node) / 4.;
      INFO("graphs " << stream);
      REQUIRE(nodes <= exact);
      REQUIRE(2 * nodes <= approximate_ged_2018(a, b, how));
      REQUIRE(approximate_ged_2019(a, b, how) <= 2 * exact);
      REQUIRE(exact <= edit_cost(a, b, mapping_2018(a, b, how), how));
      REQUIRE(exact <= edit_cost(a, b, mapping_2019(a, b, how), how));
    }
  }
}

TEST_CASE("approximate_ged: neither version bounds the exact distance itself", "[metric]") {
  const auto soft = node_cost::soft;
  CHECK(approximate_ged_2018(graph_a(), graph_d(), soft) > exact_ged(graph_a(), graph_d(), soft));          // .5 > .25
  CHECK(approximate_ged_2018(graph_a(), graph_b(), soft) < exact_ged(graph_a(), graph_b(), soft));          // 1 < 2
  CHECK(approximate_ged_2019(graph_a(), graph_f(), soft) < exact_ged(graph_a(), graph_f(), soft));          // 2 < 3
  CHECK(approximate_ged_2019(graph_f(), scene_graph(), soft) > exact_ged(graph_f(), scene_graph(), soft));  // 2 > 1
}

TEST_CASE("graph edit distances: empty graphs, full ones, and what is refused", "[metric]") {
  const scene_graph none, full = random_graph(32, 1), other = random_graph(32, 2);
  CHECK(approximate_ged_2018(none, none, node_cost::soft) == 0);
  CHECK(approximate_ged_2018(none, full, node_cost::soft) == 64);
  CHECK(approximate_ged_2019(none, full, node_cost::soft) == 64);
  CHECK(exact_ged(none, single(red_cube), node_cost::hard) == 1);
  CHECK(approximate_ged_2018(full, other, node_cost::soft) > 0);
  CHECK(approximate_ged_2019(full, full, node_cost::hard) == 0);
  CHECK_THROWS_WITH(exact_ged(random_graph(9, 1), none, node_cost::soft),
                    "exact_ged: found graphs of 9 and 0 objects, wanted at most 8; use approximate_ged_2019");
  node_mapping to;
  to.fill(0);
  CHECK_THROWS_WITH(edit_cost(graph_a(), graph_a(), to, node_cost::soft),
                    "edit_cost: object 1 becomes object 0 of the other graph, wanted -1 or one below 2 that is not taken");
}
