// tests/data/blocks_shading.test.cpp -- light on the ground and on blocks: by hand under one lamp, and who may shade whom.
#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

#include "catch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/blocks_shading.hpp"

using namespace relreason::blocks;

namespace {

constexpr float exact = 1e-5f;

// One lamp, 4 above the origin, and nothing from anywhere else.
stage under_one_lamp() {
  stage s;
  s.light = clevr_studio();
  for (lamp& l : s.light.lamps) l.power = {};
  s.light.lamps[0] = {{0, 0, 4}, {0, 0, -1}, {8, 8, 8}, .2f};
  s.light.sky = s.light.around = {};
  s.light.ground = .5f;
  s.light.matte = 1, s.light.sheen = 0;
  return s;
}

void add(stage& s, form shape, vec3 middle, bool metal = false, vec3 color = {1, .5f, .25f}) {
  figure& f = s.figures[s.n++];
  f.shape = shape, f.middle = middle, f.radius = middle.z, f.metal = metal, f.color = color;
}

}  // namespace

TEST_CASE("blocks shading: ground light is albedo I cos cos / d^2", "[data][blocks]") {
  const stage s = under_one_lamp();
  const lighting l(s);
  CHECK(std::abs(l.ground({0, 0, 0}, l.everyone()).x - .5f * 8 / 16) < exact);
  // 3 aside: d = 5, both cosines 4/5.
  CHECK(std::abs(l.ground({3, 0, 0}, l.everyone()).x - .5f * 8 * .64f / 25) < exact);
}

TEST_CASE("blocks shading: what a block hides is dark; all else is as without it", "[data][blocks]") {
  stage s = under_one_lamp();
  const lighting bare(s);
  add(s, form::sphere, {0, 0, .5f});
  const lighting l(s);
  CHECK(l.ground({.2f, 0, 0}, l.everyone()).x == 0);
  CHECK(l.ground({2, 0, 0}, l.everyone()).x == bare.ground({2, 0, 0}, bare.everyone()).x);
}

TEST_CASE("blocks shading: light from all around is dimmed by r^2 / d^2 of a block's side", "[data][blocks]") {
  stage s = under_one_lamp();
  s.light.lamps[0].power = {};
  s.light.around = {1, 1, 1};
  add(s, form::sphere, {0, 0, 1});
  const lighting l(s);
  // From (2, 0, 0): d^2 = 5, the cosine to the middle 1 / sqrt 5.
  CHECK(std::abs(l.ground({2, 0, 0}, l.everyone()).x - .5f * (1 - 1 / (5 * std::sqrt(5.f)))) < exact);
}

TEST_CASE("blocks shading: rubber is its color times what arrives", "[data][blocks]") {
  stage s = under_one_lamp();
  add(s, form::cube, {0, 0, 1});
  const lighting l(s);
  const vec3 top = l.block(0, {0, 0, 2}, {0, 0, 1}, unit({1, 0, -1}));  // 2 below the lamp: 8 / 4
  constexpr float lifted = 5e-3f;                                       // the point is taken 0.001 above the surface
  CHECK(std::abs(top.x - 2) < lifted);
  CHECK(std::abs(top.y - 1) < lifted);
  CHECK(std::abs(top.z - .5f) < lifted);
  // A face that looks down the x axis sees no lamp, but the ground's light: half of what is sent up, less near the ground.
  const vec3 side = l.block(0, {1, 0, 1}, {1, 0, 0}, unit({-1, 0, 0}));
  CHECK(side.x > 0);
  CHECK(side.x < .5f * s.light.bounce * .5f * 8 / 16);
  CHECK(side.x == Approx(4 * side.z));
}

TEST_CASE("blocks shading: metal shows ground and sky in its color, and its neighbors in theirs", "[data][blocks]") {
  stage s = under_one_lamp();
  s.light.sky = {0, 0, 1};
  s.light.glare = 0;
  s.light.lamps[0].at.x = 50, s.light.lamps[0].power = {};
  add(s, form::sphere, {0, 0, 1}, true, {1, 1, 1});
  {
    const lighting l(s);
    const vec3 up = l.block(0, {0, 0, 2}, {0, 0, 1}, unit({1, 0, -1}));  // is mirrored to (1, 0, 1): the sky
    CHECK(up.z == Approx(s.light.mirror));
    CHECK(up.x == 0);
    const vec3 down = l.block(0, {1, 0, 1}, {1, 0, 0}, unit({-1, 0, -1}));  // to (1, 0, -1): ground without light
    CHECK(down.z == 0);
  }
  s.light.around = {1, 1, 1};
  add(s, form::sphere, {4, 0, 1}, false, {1, 0, 0});
  const lighting l(s);
  const vec3 neighbor = l.block(0, {1, 0, 1}, {1, 0, 0}, {-1, 0, 0});  // straight back: the red sphere
  CHECK(neighbor.x > .1f);
  CHECK(neighbor.y == 0);
}

TEST_CASE("blocks shading: a lamp shines in metal where it is mirrored", "[data][blocks]") {
  stage s = under_one_lamp();
  add(s, form::sphere, {0, 0, 1}, true, {1, 1, 1});
  const lighting l(s);
  const vec3 straight = l.block(0, {0, 0, 2}, {0, 0, 1}, {0, 0, -1}), aslant = l.block(0, {0, 0, 2}, {0, 0, 1}, unit({1, 0, -1}));
  CHECK(straight.x > 10);  // radiance 8 / (pi 0.2^2) = 64
  CHECK(aslant.x < 1);
}

TEST_CASE("blocks shading: who is left out of a place's neighbors changes nothing there", "[data][blocks]") {
  relreason::random_stream random{3, 1};
  const auto in = [&](float low, float high) { return low + (high - low) * random.uniform(); };
  int left_out = 0;
  for (int index = 0; index < 20; ++index) {
    const stage s = make_stage({}, index);
    const lighting l(s);
    for (int k = 0; k < 100; ++k) {
      const vec3 middle{in(-4, 4), in(-4, 4), 0}, p = middle + vec3{in(-.2f, .2f), in(-.2f, .2f), 0};
      const neighbors near = l.around(middle, .3f);
      for (const crowd c : near.hiding) left_out += static_cast<int>(s.n) - __builtin_popcount(c);
      neighbors same_near = l.everyone();
      same_near.near = near.near;
      CHECK(l.ground(p, near).x == l.ground(p, same_near).x);
      constexpr float far_blocks = .13f;  // ten blocks at 4 radii dim by 1/16 times a cosine of 1/4 each at most
      CHECK(std::abs(l.ground(p, near).x / l.ground(p, l.everyone()).x - 1) < far_blocks);
    }
  }
  CHECK(left_out > 40'000);
}
