// tests/support/small_graphs.hpp -- scene graphs for tests and bench/ged.cpp: the specification's six, and random ones.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "relreason/core/philox.hpp"
#include "relreason/metric/scene_graph.hpp"

namespace small_graphs {

using relreason::metric::scene_graph;

// Attributes in the order of clevr::attribute: size, color, material, shape.
inline constexpr std::array<std::uint8_t, 4> red_cube{0, 4, 0, 1}, blue_sphere{1, 1, 1, 0}, large_blue_sphere{0, 1, 1, 0}, green_cylinder{0, 5, 1, 2};

// Two objects: which of them, 0 or 1, is right of the other, and which is in front.
inline scene_graph pair_of(std::array<std::uint8_t, 4> first, std::array<std::uint8_t, 4> second, int right, int front) {
  scene_graph g;
  g.add(first);
  g.add(second);
  g.connect(scene_graph::right, right, 1 - right);
  g.connect(scene_graph::front, front, 1 - front);
  return g;
}

// A to F of the oracle table: object 0 a red rubber cube, large; object 1 a blue metal sphere, small, right of and in front of 0.
inline scene_graph graph_a() { return pair_of(red_cube, blue_sphere, 1, 1); }
inline scene_graph graph_b() { return pair_of(red_cube, blue_sphere, 0, 1); }
inline scene_graph graph_c() {
  scene_graph g = graph_a();
  g.add(green_cylinder);
  for (const auto r : {scene_graph::right, scene_graph::front})
    for (const int other : {0, 1}) g.connect(r, 2, other);
  return g;
}
inline scene_graph graph_d() { return pair_of(red_cube, large_blue_sphere, 1, 1); }
inline scene_graph graph_e() { return pair_of(red_cube, blue_sphere, 0, 0); }
inline scene_graph graph_f() {
  scene_graph g;
  g.add(red_cube);
  return g;
}

// n objects of CLEVR's attributes at random places; no two are at the same height in either direction.
inline scene_graph random_graph(int n, std::uint64_t stream, std::uint64_t seed = 17) {
  relreason::random_stream random{seed, stream};
  scene_graph g;
  std::vector<std::uint32_t> x, y;
  for (int i = 0; i < n; ++i) {
    const auto attribute = [&](std::uint32_t values) { return static_cast<std::uint8_t>(random.below(values)); };
    const std::uint8_t size = attribute(2), color = attribute(8), material = attribute(2);
    g.add({size, color, material, attribute(3)});
    x.push_back(random.bits());
    y.push_back(random.bits());
  }
  for (int a = 0; a < n; ++a)
    for (int b = 0; b < n; ++b) {
      if (x[static_cast<std::size_t>(a)] > x[static_cast<std::size_t>(b)]) g.connect(scene_graph::right, a, b);
      if (y[static_cast<std::size_t>(a)] > y[static_cast<std::size_t>(b)]) g.connect(scene_graph::front, a, b);
    }
  return g;
}

}  // namespace small_graphs
