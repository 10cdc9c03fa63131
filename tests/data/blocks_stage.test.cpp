// tests/data/blocks_stage.test.cpp -- from scenes to stages: colors, sizes, turns, lamps, the camera; what is refused.
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>

#include "catch.hpp"
#include "relreason/data/blocks_stage.hpp"
#include "support/blocks_checks.hpp"
#include "support/message_of.hpp"

using namespace relreason::blocks;
namespace clevr = relreason::clevr;

namespace {

constexpr float exact = 1e-6f;

bool near(vec3 a, vec3 b, float margin = exact) { return length(a - b) < margin; }

}  // namespace

TEST_CASE("blocks stage: objects keep shape, size, material, color and place", "[data][blocks]") {
  const stage s = stage_of(first_validation_scene(), turn_in::radians);
  REQUIRE(s.n == 5);
  CHECK(s.figures[0].shape == form::cylinder);
  CHECK_FALSE(s.figures[0].metal);
  CHECK(near(s.figures[0].color, {129 / 255.f, 74 / 255.f, 25 / 255.f}));  // brown
  CHECK(near(s.figures[0].middle, {-1.493721f, -1.993603f, .7f}));
  CHECK(s.figures[0].radius == .7f);
  CHECK(s.figures[3].shape == form::sphere);
  CHECK(s.figures[3].metal);
  CHECK(near(s.figures[3].color, {129 / 255.f, 38 / 255.f, 192 / 255.f}));  // purple
  CHECK(s.figures[4].shape == form::cube);
  CHECK(s.figures[4].radius == .35f);
}

TEST_CASE("blocks stage: turns are degrees in our files, radians in the released ones", "[data][blocks]") {
  clevr::scene s = first_validation_scene();
  s.objects[1].rotation = 30;
  const figure ours = stage_of(s, turn_in::degrees).figures[1], theirs = stage_of(s, turn_in::radians).figures[1];
  CHECK(std::abs(ours.cosine - std::sqrt(.75f)) < exact);
  CHECK(std::abs(ours.sine - .5f) < exact);
  CHECK(std::abs(theirs.cosine - std::cos(30.f)) < exact);
}

TEST_CASE("blocks stage: a made stage is the made scene, turned by quarter turns at most", "[data][blocks]") {
  const options o;
  for (int index = 0; index < 20; ++index) {
    const clevr::scene scene = make_scene(o, index);
    const stage a = make_stage(o, index), b = stage_of(scene, turn_in::degrees);
    REQUIRE(a.n == b.n);
    for (std::size_t i = 0; i < a.n; ++i) {
      const figure &p = a.figures[i], &q = b.figures[i];
      CHECK(near(p.middle, q.middle));
      CHECK(near(p.color, q.color));
      CHECK(p.metal == q.metal);
      CHECK(p.shape == q.shape);
      // The sine of four times the difference is 0 where they differ by quarter turns.
      const double turn = std::atan2(p.sine, p.cosine) - std::atan2(q.sine, q.cosine);
      CHECK(std::abs(std::sin(4 * turn)) < 2e-5);  // sine and cosine are rounded to 1e-6
    }
  }
}

TEST_CASE("blocks stage: the eye is the camera", "[data][blocks]") {
  const eye e = eye_of(look_at_origin({7'000'000, -6'000'000, 5'000'000}));
  CHECK(near(e.at, {7, -6, 5}));
  CHECK(near(e.back, unit({7, -6, 5})));
  CHECK(near(e.right, unit({6, 7, 0})));
  CHECK(near(e.up, cross(e.back, e.right)));
}

TEST_CASE("blocks stage: three lamps move by up to 1 along each axis, the fourth stays", "[data][blocks]") {
  const studio fixed = clevr_studio();
  float most = 0, least = 0;
  for (int index = 0; index < 300; ++index) {
    const studio s = jittered_studio(1, "train", index);
    for (std::size_t k = 0; k < 3; ++k) {
      const vec3 d = s.lamps[k].at - fixed.lamps[k].at;
      for (const float v : {d.x, d.y, d.z}) most = std::max(most, v), least = std::min(least, v);
      CHECK(near(s.lamps[k].facing, fixed.lamps[k].facing));
    }
    CHECK(near(s.lamps[3].at, fixed.lamps[3].at));
  }
  CHECK(most <= 1 + 1e-5f);
  CHECK(most > .98f);
  CHECK(least >= -1 - 1e-5f);
  CHECK(least < -.98f);
  const auto key = [](std::uint64_t seed, const char* split, int index) { return jittered_studio(seed, split, index).lamps[0].at; };
  CHECK(near(key(1, "train", 5), key(1, "train", 5)));
  CHECK_FALSE(near(key(1, "train", 5), key(1, "train", 6)));
  CHECK_FALSE(near(key(1, "train", 5), key(1, "val", 5)));
  CHECK_FALSE(near(key(1, "train", 5), key(2, "train", 5)));
}

TEST_CASE("blocks stage: scenes that cannot be drawn are refused", "[data][blocks]") {
  clevr::scene s = first_validation_scene();
  s.image_index = 12;
  s.objects.resize(11);
  CHECK(contains(message_of([&] { stage_of(s, turn_in::degrees); }), "scene 12 has 11 objects; wanted at most 10"));
  s = first_validation_scene();
  s.objects[2].position[1] = std::numeric_limits<double>::quiet_NaN();
  CHECK(contains(message_of([&] { stage_of(s, turn_in::degrees); }), "object 2: found place or rotation nan"));
  s.objects[2].position[1] = 1e30;
  CHECK(contains(message_of([&] { stage_of(s, turn_in::degrees); }), "object 2"));
}
