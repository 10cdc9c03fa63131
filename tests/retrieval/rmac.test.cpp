// tests/retrieval/rmac.test.cpp -- R-MAC: its regions by hand, its vector by hand, and on maps of a published network.
#include "relreason/retrieval/rmac.hpp"

#include "catch.hpp"
#include "relreason/data/npy.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

using namespace relreason;
using namespace relreason::retrieval;

TEST_CASE("rmac: regions of square maps, one, four and nine of them") {
  const auto all = rmac_regions(8, 8);
  REQUIRE(all.size() == 1 + 4 + 9);
  CHECK(all[0] == square_region{0, 0, 8});
  CHECK(all[1] == square_region{0, 0, 5});
  CHECK(all[4] == square_region{3, 3, 5});
  CHECK(all[5] == square_region{0, 0, 4});
  CHECK(all[9] == square_region{2, 2, 4});
  CHECK(all[13] == square_region{4, 4, 4});
  for (const auto& r : rmac_regions(10, 23)) {
    CHECK(r.top >= 0);
    CHECK(r.left >= 0);
    CHECK(r.top + r.side <= 10);
    CHECK(r.left + r.side <= 23);
  }
  CHECK(rmac_regions(10, 10).size() < rmac_regions(10, 23).size());
  CHECK(contains(message_of([] { rmac_regions(0, 3); }), "found maps of 0 x 3"));
}

TEST_CASE("rmac: two maps of 2 x 2 by hand") {
  // Level 1: all, twice (the whole map and its square): (3, 4) / 5 each. Levels 2 and 3: 4 + 9 cells, side 1.
  const float maps[8]{3, 0, 0, 0, 0, 4, 0, 0};
  float to[2];
  rmac(maps, 2, 2, 2, to, 1);
  CHECK(to[0] == Approx(.6).epsilon(1e-5));
  CHECK(to[1] == Approx(.8).epsilon(1e-5));
  rmac(maps, 2, 2, 2, to, 2);  // beside these: cells (3, 0) and (0, 4), each of length 1, and two of zeros: (2.2, 2.6)
  CHECK(to[0] == Approx(2.2 / std::sqrt(2.2 * 2.2 + 2.6 * 2.6)).epsilon(1e-5));
  CHECK(to[1] == Approx(2.6 / std::sqrt(2.2 * 2.2 + 2.6 * 2.6)).epsilon(1e-5));
  const float zeros[8]{};
  rmac(zeros, 2, 2, 2, to);
  CHECK(to[0] == 0.f);
}

TEST_CASE("rmac: maps of ResNet-101 give vectors of length 1, different for different pictures") {
  const auto folder = shared_data("clevr/features_resnet101");
  if (!folder) return;
  std::vector<std::vector<float>> found;
  for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
    if (entry.path().extension() != ".npy") continue;
    const npy::file file(entry.path().string());
    REQUIRE(file.shape().size() == 4);
    const auto maps = file.values<float>();
    found.emplace_back(512);
    rmac(maps.data(), 512, static_cast<int>(file.shape()[2]), static_cast<int>(file.shape()[3]), found.back().data());
    double squares = 0;
    for (const float v : found.back()) squares += static_cast<double>(v) * static_cast<double>(v);
    CHECK(squares == Approx(1).epsilon(1e-4));
  }
  REQUIRE(found.size() >= 2);
  double product = 0;
  for (std::size_t i = 0; i < 512; ++i) product += static_cast<double>(found[0][i]) * static_cast<double>(found[1][i]);
  CHECK(product < .999);
}
