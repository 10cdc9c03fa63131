// tests/retrieval/ground_truth.test.cpp -- scenes in the order of pictures, and the true order of a collection.
#include "relreason/retrieval/ground_truth.hpp"

#include <cmath>

#include "catch.hpp"
#include "relreason/metric/distance_matrix_build.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using namespace relreason::retrieval;

namespace {

// A scene of n objects, so that its graph tells which one it is.
clevr::scene scene_of(const std::string& picture, std::size_t n) {
  clevr::scene s;
  s.image_filename = picture;
  s.objects.resize(n);
  s.related[clevr::right].resize(n);
  s.related[clevr::front].resize(n);
  return s;
}

}  // namespace

TEST_CASE("scene_graphs_of: in the order of the pictures, without scenes that have none; a missing scene is named", "[retrieval]") {
  const std::vector<clevr::scene> scenes{scene_of("a.png", 1), scene_of("b.png", 2), scene_of("c.png", 3)};
  const std::vector<std::string> pictures{"c.png", "a.png"};
  const auto graphs = scene_graphs_of(pictures, scenes, "scenes.json");
  REQUIRE(graphs.size() == 2);
  CHECK(graphs[0].size() == 3);
  CHECK(graphs[1].size() == 1);
  const std::vector<std::string> other{"a.png", "d.png"};
  CHECK(message_of([&] { scene_graphs_of(other, scenes, "scenes.json"); }) ==
        "scenes.json has no scene of picture d.png; extract the features of pictures that it describes");
}

TEST_CASE("true_neighbors: nearest first without the query, equal ones by number, and no more than there are", "[retrieval]") {
  const temporary_folder folder;
  serial_executor serial;
  const std::vector<double> place{0, 4, 1, -1};  // on a line
  const auto apart = [&](int i, int j) { return std::abs(place[static_cast<std::size_t>(i)] - place[static_cast<std::size_t>(j)]); };
  const auto truth = metric::build_distance_matrix(folder / "m", {"line", 1, 4}, apart, serial, {nullptr});
  CHECK(true_neighbors(truth, 0, 2) == std::vector<neighbor>{{1, 2}, {1, 3}});
  CHECK(true_neighbors(truth, 1, 9) == std::vector<neighbor>{{3, 2}, {4, 0}, {5, 3}});
  CHECK(contains(message_of([&] { true_neighbors(truth, 0, 0); }), "found k of 0, wanted at least 1"));
  CHECK(contains(message_of([&] { true_neighbors(truth, 4, 1); }), "found item 4, wanted 0 to 3"));
}
