// tests/data/blocks_shadow.test.cpp -- how much of a lamp a block hides: exact cases, and many points of the lamp as the judge.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "catch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/blocks_shadow.hpp"

using namespace relreason::blocks;

namespace {

figure make(form shape, vec3 middle, float radius) {
  figure f;
  f.shape = shape;
  f.radius = radius;
  f.middle = middle;
  return f;
}

// Straight above the origin, looking down.
lamp above(float height, float radius) { return {{0, 0, height}, {0, 0, -1}, {1, 1, 1}, radius}; }

float hidden(const figure& f, const lamp& l, vec3 p) { return hidden_share(f, l, view_of(l, f), p); }

}  // namespace

TEST_CASE("blocks shadow: the sixteen points spread evenly over the disc", "[data][blocks]") {
  float x = 0, y = 0, square = 0, farthest = 0;
  for (const auto& p : detail::disc_points()) {
    x += p[0] / 16, y += p[1] / 16;
    const float r2 = p[0] * p[0] + p[1] * p[1];
    square += r2 / 16;
    farthest = std::max(farthest, r2);
  }
  constexpr float off_middle = .05f;
  CHECK(std::abs(x) < off_middle);
  CHECK(std::abs(y) < off_middle);
  CHECK(std::abs(square - .5f) < 1e-5f);  // of a disc of radius 1
  CHECK(farthest < 1);
}

TEST_CASE("blocks shadow: the share that an edge hides is within 0.02 of the exact one", "[data][blocks]") {
  for (int i = -10; i <= 10; ++i) {
    const double x = i / 10., exact = .5 + (x * std::sqrt(1 - x * x) + std::asin(x)) / std::numbers::pi;
    CHECK(std::abs(static_cast<double>(detail::share_across(static_cast<float>(x))) - exact) < .02);
  }
  CHECK(detail::share_across(-2) == 0);
  CHECK(detail::share_across(2) == 1);
}

TEST_CASE("blocks shadow: a sphere hides all, half, or nothing", "[data][blocks]") {
  const lamp l = above(10, .5f);
  const vec3 p{0, 0, 0};
  CHECK(hidden(make(form::sphere, {0, 0, 3}, 1), l, p) == 1);
  CHECK(std::abs(hidden(make(form::sphere, {1, 0, 3}, 1), l, p) - .5f) < 1e-4f);  // its edge crosses the lamp's middle
  CHECK(hidden(make(form::sphere, {1.2f, 0, 3}, 1), l, p) == 0);                  // the lamp reaches 0.15 aside there
  CHECK(hidden(make(form::sphere, {0, 0, -2}, 1), l, p) == 0);                    // behind the point
  CHECK(hidden(make(form::sphere, {0, 0, 12}, 1), l, p) == 0);                    // behind the lamp
}

TEST_CASE("blocks shadow: a cube whose face stands over the point hides half", "[data][blocks]") {
  const lamp l = above(10, 1);
  for (const form shape : {form::cube, form::cylinder}) {
    const figure f = make(shape, {1, 0, 1}, 1);
    // The points of the lamp with x > 0 are hidden: eight of sixteen, or one more or less. For shadows a cube is sharp and 0.064 smaller.
    const float face = shape == form::cube ? .064f : 0;
    CHECK(std::abs(hidden(f, l, {face - 1e-3f, 0, 0}) - .5f) <= 1.f / 16);
    CHECK(hidden(f, l, {-.5f, 0, 0}) == 0);
  }
  CHECK(hidden(make(form::cube, {0, 0, 4}, 1), l, {0, 0, 0}) == 1);
  CHECK(hidden(make(form::cylinder, {0, 0, 4}, 1), l, {0, 0, 0}) == 1);
  CHECK(hidden(make(form::cube, {0, 0, -4}, 1), l, {0, 0, 0}) == 0);
  CHECK(hidden(make(form::cylinder, {0, 0, 14}, 1), l, {0, 0, 0}) == 0);
}

TEST_CASE("blocks shadow: sixteen points are near what 2,000 rays find", "[data][blocks]") {
  relreason::random_stream random{11, 3};
  const auto in = [&](float low, float high) { return low + (high - low) * random.uniform(); };
  int partly = 0;
  double sum = 0;
  for (int i = 0; i < 900; ++i) {
    // Cylinders and spheres only: rays meet cubes with rounded edges, lamps are hidden by sharp ones.
    const figure f = make(i % 2 ? form::sphere : form::cylinder, {in(-2, 2), in(-2, 2), .7f}, .7f);
    lamp l = above(in(3, 6), .6f);
    l.at.x = in(-6, 6), l.at.y = in(-6, 6);
    l.facing = unit(l.at * -1.f);
    const vec3 p{in(-3, 3), in(-3, 3), 0};
    if (length(p - f.middle) < 1.1f) continue;
    const vec3 across = unit(cross(l.facing, {0, 0, 1})), other = cross(l.facing, across);
    constexpr int rays = 2'000;
    int met = 0;
    for (int k = 0; k < rays; ++k) {
      const float r = l.radius * std::sqrt(random.uniform()), angle = 6.2831853f * random.uniform();
      const vec3 to = l.at + across * (r * std::cos(angle)) + other * (r * std::sin(angle));
      met += bool(meet(f, ray{p, unit(to - p)}));
    }
    const double truth = static_cast<double>(met) / rays, found = static_cast<double>(hidden(f, l, p));
    partly += truth > .02 && truth < .98;
    sum += std::abs(found - truth);
    constexpr double worst = .16;  // 2.5 of 16 points
    CHECK(std::abs(found - truth) < worst);
  }
  CHECK(partly > 20);
  CHECK(sum / 900 < .01);
}
