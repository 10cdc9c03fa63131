// tests/metric/scene_distances.test.cpp
#include "relreason/metric/scene_distances.hpp"

#include "catch.hpp"
#include "support/small_graphs.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using namespace relreason::metric;
using namespace small_graphs;

namespace {

constexpr distance_matrix_options quiet{nullptr};
const std::vector<scene_graph> six{graph_a(), graph_b(), graph_c(), graph_d(), graph_e(), graph_f()};

}  // namespace

TEST_CASE("build_scene_distances: every measure of all pairs, under its own name", "[metric]") {
  const temporary_folder folder;
  serial_executor serial;
  for (const auto name : scene_distance_names) {
    const auto which = read_scene_distance(name);
    REQUIRE(text_of(which) == name);
    const auto m = build_scene_distances(folder / name, six, which, serial, quiet);
    CHECK(m.what() == name);
    for (int i = 0; i < 6; ++i)
      for (int j = 0; j < i; ++j) {
        const scene_graph &a = six[static_cast<std::size_t>(i)], &b = six[static_cast<std::size_t>(j)];
        const bool hard = name.ends_with("hard");
        const auto cost = hard ? node_cost::hard : node_cost::soft;
        const auto state = name == "fuzzy" ? state_distance::fuzzy : name == "xor" ? state_distance::exclusive_or : state_distance::jaccard;
        const double wanted = name.starts_with("ged2018")   ? approximate_ged_2018(a, b, cost)
                              : name.starts_with("ged2019") ? approximate_ged_2019(a, b, cost)
                                                            : scene_pairs(a).distance(scene_pairs(b), state);
        CHECK(m(i, j) == static_cast<float>(wanted));
      }
  }
}

TEST_CASE("build_scene_distances: other scenes, and no scenes, are refused", "[metric]") {
  const temporary_folder folder;
  serial_executor serial;
  build_scene_distances(folder / "m", six, scene_distance::ged_2018_soft, serial, quiet);
  auto other = six;
  std::swap(other[0], other[1]);
  CHECK_THROWS_WITH(build_scene_distances(folder / "m", other, scene_distance::ged_2018_soft, serial, quiet),
                    Catch::Matchers::Contains("it was made of 6 other items than these"));
  CHECK_THROWS_WITH(build_scene_distances(folder / "m", six, scene_distance::fuzzy, serial, quiet),
                    Catch::Matchers::Contains("found ged2018-soft of 6 items, wanted fuzzy of 6"));
  CHECK_THROWS_WITH(build_scene_distances(folder / "n", {}, scene_distance::fuzzy, serial, quiet),
                    Catch::Matchers::Contains("found 0 items, wanted 1 or more"));
  CHECK_THROWS_WITH(read_scene_distance("ged"),
                    "read_scene_distance: found \"ged\", wanted one of ged2018-soft, ged2018-hard, ged2019-soft, ged2019-hard, fuzzy, jaccard, xor");
}
