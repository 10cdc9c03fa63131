// tests/data/blocks_solids.test.cpp -- where rays meet spheres, rounded cubes and cylinders; values by hand.
#include <array>
#include <cmath>

#include "catch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/blocks_solids.hpp"

using namespace relreason::blocks;

namespace {

constexpr float exact = 1e-5f;           // float arithmetic on lengths of about 5
constexpr float rounded_edge = 1.5e-3f;  // the walk to a rounded edge stops 0.001 from it, which is more along a slanted ray

figure make(form shape, float radius, float degrees = 0) {
  figure f;
  f.shape = shape;
  f.radius = radius;
  f.middle = {0, 0, radius};
  const float angle = degrees * std::numbers::pi_v<float> / 180;
  f.cosine = std::cos(angle), f.sine = std::sin(angle);
  return f;
}

// From far in front, along y.
ray forward(float x, float z) { return {{x, -5, z}, {0, 1, 0}}; }

void check_near(vec3 found, vec3 wanted, float margin = exact) {
  CHECK(std::abs(found.x - wanted.x) < margin);
  CHECK(std::abs(found.y - wanted.y) < margin);
  CHECK(std::abs(found.z - wanted.z) < margin);
}

}  // namespace

TEST_CASE("blocks solids: a sphere", "[data][blocks]") {
  const figure f = make(form::sphere, 1);
  const meeting front = meet(f, forward(0, 1));
  CHECK(std::abs(front.t - 4) < exact);
  check_near(front.normal, {0, -1, 0});
  const meeting side = meet(f, forward(.6f, 1));  // 3-4-5
  CHECK(std::abs(side.t - 4.2f) < exact);
  check_near(side.normal, {.6f, -.8f, 0});
  CHECK_FALSE(meet(f, forward(1.01f, 1)));
  CHECK_FALSE(meet(f, ray{{0, 5, 1}, {0, 1, 0}}));  // it lies behind
}

TEST_CASE("blocks solids: a cube's faces are flat, its edges round", "[data][blocks]") {
  const figure f = make(form::cube, 1);  // rounding 0.16: its middles lie at 0.84
  const meeting front = meet(f, forward(.3f, 1.2f));
  CHECK(std::abs(front.t - 4) < exact);
  check_near(front.normal, {0, -1, 0});
  // At x = 0.936, 0.096 beyond 0.84, the surface is at y = -(0.84 + sqrt(0.16^2 - 0.096^2)) = -(0.84 + 0.128).
  const meeting edge = meet(f, forward(.936f, 1));
  CHECK(std::abs(edge.t - (5 - .968f)) < rounded_edge);
  check_near(edge.normal, {.6f, -.8f, 0}, 20 * rounded_edge);
  // A corner: sqrt(3) 0.15 > 0.16, so the ray passes where a sharp cube would be met.
  CHECK_FALSE(meet(f, forward(.99f, 1.99f)));
  CHECK_FALSE(meet(f, forward(1.01f, 1)));
}

TEST_CASE("blocks solids: a cube turned by 45 degrees shows its edge", "[data][blocks]") {
  const meeting m = meet(make(form::cube, 1, 45), forward(0, 1));
  CHECK(std::abs(m.t - (5 - .84f * std::numbers::sqrt2_v<float> - .16f)) < rounded_edge);
  check_near(m.normal, {0, -1, 0}, 20 * rounded_edge);
  // A positive yaw turns from x to y: at 20 degrees the face that looked along -y looks along (sin 20, -cos 20).
  check_near(meet(make(form::cube, 1, 20), forward(0, 1)).normal, {.34202f, -.93969f, 0});
}

TEST_CASE("blocks solids: a cylinder's side and top", "[data][blocks]") {
  const figure f = make(form::cylinder, 1);
  const meeting side = meet(f, forward(.6f, 1));
  CHECK(std::abs(side.t - 4.2f) < exact);
  check_near(side.normal, {.6f, -.8f, 0});
  const meeting top = meet(f, ray{{.2f, .3f, 6}, {0, 0, -1}});
  CHECK(std::abs(top.t - 4) < exact);
  check_near(top.normal, {0, 0, 1});
  CHECK_FALSE(meet(f, forward(0, 2.01f)));
  CHECK_FALSE(meet(f, forward(1.01f, 1)));
  // Along the axis, beside it.
  CHECK_FALSE(meet(f, ray{{1.1f, 0, 6}, {0, 0, -1}}));
}

TEST_CASE("blocks solids: the quick test lets every ray through that meets the block", "[data][blocks]") {
  relreason::random_stream random{7, 1};
  const auto in = [&](float low, float high) { return low + (high - low) * random.uniform(); };
  int met = 0, refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    const figure f = make(static_cast<form>(random.below(3)), .7f, in(0, 360));
    const vec3 from{in(-6, 6), in(-6, 6), in(0, 6)}, towards{in(-2, 2), in(-2, 2), in(-1, 2)};
    const ray r{from, unit(towards - from)};
    if (length(from - f.middle) < 1.5f) continue;
    if (!may_meet(f, r)) {
      ++refused;
      CHECK_FALSE(meet(f, r));
    } else {
      met += bool(meet(f, r));
    }
  }
  CHECK(met > 2'000);
  CHECK(refused > 2'000);
}

TEST_CASE("blocks solids: what is met lies on the surface, with a normal of length 1 towards the eye", "[data][blocks]") {
  relreason::random_stream random{7, 2};
  const auto in = [&](float low, float high) { return low + (high - low) * random.uniform(); };
  int met = 0;
  for (int i = 0; i < 20'000; ++i) {
    const figure f = make(static_cast<form>(i % 3), .35f, in(0, 360));
    const vec3 from{in(-6, 6), in(-6, 6), in(1, 6)};
    const ray r{from, unit(vec3{in(-.5f, .5f), in(-.5f, .5f), in(0, .8f)} - from)};
    if (length(from - f.middle) < 1) continue;
    const meeting m = meet(f, r);
    if (!m) continue;
    ++met;
    const vec3 q = f.turned(r.at(m.t) - f.middle);
    CHECK(std::abs(length(m.normal) - 1) < exact);
    const float across = std::sqrt(q.x * q.x + q.y * q.y);
    const float reach = f.shape == form::sphere ? length(q)
                        : f.shape == form::cube ? std::max({std::abs(q.x), std::abs(q.y), std::abs(q.z)})
                                                : std::max(across, std::abs(q.z));
    const float least = f.shape == form::cube ? .84f + .16f / std::numbers::sqrt3_v<float> : 1;  // in the middle of a rounded corner
    CHECK(reach < .35f * (1 + rounded_edge));
    CHECK(reach > .35f * (least - rounded_edge));
    if (f.shape == form::sphere) CHECK(dot(m.normal, r.along) < exact);
  }
  CHECK(met > 5'000);
}
