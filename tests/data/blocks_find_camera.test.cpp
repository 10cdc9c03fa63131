// tests/data/blocks_find_camera.test.cpp -- the camera of made scenes and of a released one, found again.
#include <cmath>
#include <limits>

#include "catch.hpp"
#include "relreason/data/blocks_find_camera.hpp"
#include "relreason/data/blocks_scenes.hpp"
#include "support/blocks_checks.hpp"
#include "support/message_of.hpp"

using namespace relreason::blocks;
namespace clevr = relreason::clevr;

TEST_CASE("blocks find camera: that of a made scene within 0.03, which is less than a pixel", "[data][blocks]") {
  for (int index = 0; index < 50; ++index) {
    const point wanted = make_layout({}, index).view.at, found = find_camera(make_scene({}, index)).at;
    CHECK(std::abs(found.x - wanted.x) < 30'000);
    CHECK(std::abs(found.y - wanted.y) < 30'000);
    CHECK(std::abs(found.z - wanted.z) < 30'000);
  }
}

TEST_CASE("blocks find camera: that of CLEVR's first validation scene", "[data][blocks]") {
  // Fitted independently: (7.853721, -6.210435, 4.951937).
  const point at = find_camera(first_validation_scene()).at;
  CHECK(std::abs(at.x - 7'853'721) < 10'000);
  CHECK(std::abs(at.y + 6'210'435) < 10'000);
  CHECK(std::abs(at.z - 4'951'937) < 10'000);
}

TEST_CASE("blocks find camera: scenes that no camera fits are refused", "[data][blocks]") {
  clevr::scene s = first_validation_scene();
  s.image_index = 5;
  for (auto& o : s.objects) o.pixel = {};
  CHECK(contains(message_of([&] { find_camera(s); }), "scene 5: found pixel_coords"));
  s.objects[0].pixel[0] = std::numeric_limits<double>::quiet_NaN();
  CHECK(contains(message_of([&] { find_camera(s); }), "scene 5: found pixel_coords nan"));
  s.objects.clear();
  CHECK(contains(message_of([&] { find_camera(s); }), "scene 5 has no objects"));
}
