// tests/metric/state_distance.test.cpp
#include "relreason/metric/state_distance.hpp"

#include "catch.hpp"
#include "support/small_graphs.hpp"

using namespace relreason::metric;
using namespace small_graphs;

namespace {

constexpr double rounding_error = 1e-15;  // a quotient of small numbers

double distance(const scene_graph& a, const scene_graph& b, state_distance how) { return scene_pairs(a).distance(scene_pairs(b), how); }

}  // namespace

TEST_CASE("state distances: fuzzy by hand", "[metric]") {
  const auto how = state_distance::fuzzy;
  CHECK(distance(graph_a(), graph_a(), how) == 0);
  // Both ordered pairs match in all attributes and in one of two signs: s = 2 * 2 / 3, distance 1 - s / (4 - s).
  CHECK(distance(graph_a(), graph_b(), how) == Approx(1 - (4. / 3) / (4 - 4. / 3)).epsilon(rounding_error));
  // No sign: s = 2 / 3, unless the other order of the pair fits better: no attribute of A's objects is common to both.
  CHECK(distance(graph_a(), graph_e(), how) == Approx(1 - (2. / 3) / (4 - 2. / 3)).epsilon(rounding_error));
  // One of eight attributes differs: s = 2 * 7 / 8.
  CHECK(distance(graph_a(), graph_d(), how) == Approx(1 - 1.75 / (4 - 1.75)).epsilon(rounding_error));
  // A has no pair that C lacks: s = min(2, ...) = 2 of 2 and 6 pairs.
  CHECK(distance(graph_a(), graph_c(), how) == Approx(1 - 2. / (8 - 2)).epsilon(rounding_error));
}

TEST_CASE("state distances: jaccard and exclusive_or count only pairs of the same attributes", "[metric]") {
  CHECK(distance(graph_a(), graph_d(), state_distance::jaccard) == 1);
  CHECK(distance(graph_a(), graph_c(), state_distance::jaccard) == Approx(1 - 2. / 6).epsilon(rounding_error));
  CHECK(distance(graph_a(), graph_b(), state_distance::jaccard) == Approx(1 - (4. / 3) / (4 - 4. / 3)).epsilon(rounding_error));
  CHECK(distance(graph_a(), graph_e(), state_distance::jaccard) == Approx(1 - (2. / 3) / (4 - 2. / 3)).epsilon(rounding_error));
  CHECK(distance(graph_a(), graph_a(), state_distance::exclusive_or) == 36862);
  CHECK(distance(graph_a(), graph_c(), state_distance::exclusive_or) == 36862);
  CHECK(distance(graph_a(), graph_b(), state_distance::exclusive_or) == 36864);
}

TEST_CASE("state distances: symmetric, and scenes without pairs are far from all but each other", "[metric]") {
  for (std::uint64_t stream = 0; stream < 50; ++stream) {
    const scene_pairs a(random_graph(static_cast<int>(stream % 8), stream)), b(random_graph(static_cast<int>(stream / 8), stream + 99));
    for (const auto how : {state_distance::fuzzy, state_distance::jaccard, state_distance::exclusive_or})
      REQUIRE(a.distance(b, how) == b.distance(a, how));
  }
  CHECK(distance(graph_f(), graph_f(), state_distance::fuzzy) == 0);
  CHECK(distance(graph_f(), graph_a(), state_distance::fuzzy) == 1);
  CHECK(distance(scene_graph(), graph_a(), state_distance::jaccard) == 1);
}

TEST_CASE("scene_pairs: pairs that look alike count once", "[metric]") {
  scene_graph twins;
  twins.add(red_cube);
  twins.add(red_cube);
  twins.add(blue_sphere);
  CHECK(scene_pairs(twins).size() == 3);  // cube-cube, cube-sphere, sphere-cube
}
