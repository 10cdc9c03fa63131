// relreason/data/blocks_shadow.hpp -- the share of a lamp that a block hides from a point: soft shadows from sixteen points of the lamp.
// The points are the same for every pixel, so pictures have no noise; loops over them have no branches, so that compilers vectorize them.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "relreason/data/blocks_solids.hpp"

namespace relreason::blocks {

struct lamp {
  vec3 at, facing;  // facing: of length 1; a lamp shines as a flat square does, by the cosine
  vec3 power;       // radiant intensity along `facing`, red green blue
  float radius = 0;
};

inline constexpr int lamp_points = 16;

// Sixteen points of a lamp as one block sees them: relative to its middle, turned by its yaw.
struct lamp_view {
  std::array<float, lamp_points> x{}, y{}, z{};
};

namespace detail {

// Points of a disc by the golden angle: evenly spread, each for the same area.
inline std::array<std::array<float, 2>, lamp_points> disc_points() {
  constexpr float cosine = -.73736888f, sine = .67549029f;  // of 137.5 degrees
  std::array<std::array<float, 2>, lamp_points> out{};
  float c = 1, s = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const float r = std::sqrt((static_cast<float>(i) + .5f) / lamp_points), next = c * cosine - s * sine;
    out[i] = {r * c, r * s};
    s = s * cosine + c * sine;
    c = next;
  }
  return out;
}

}  // namespace detail

inline lamp_view view_of(const lamp& l, const figure& f) {
  const vec3 across = unit(cross(l.facing, std::abs(l.facing.z) < .9f ? vec3{0, 0, 1} : vec3{1, 0, 0})), other = cross(l.facing, across);
  const auto disc = detail::disc_points();
  lamp_view v;
  for (std::size_t i = 0; i < disc.size(); ++i) {
    const vec3 p = f.turned(l.at + across * (l.radius * disc[i][0]) + other * (l.radius * disc[i][1]) - f.middle);
    v.x[i] = p.x, v.y[i] = p.y, v.z[i] = p.z;
  }
  return v;
}

namespace detail {

inline int positive(const std::array<float, lamp_points>& left) {
  int n = 0;
  for (std::size_t i = 0; i < lamp_points; ++i) n += left[i] > 0;
  return n;
}

// How many of the sixteen ways from p to the lamp lead through the box |.| <= h.
inline int hidden_by_cube(const lamp_view& v, vec3 p, float h) {
  std::array<float, lamp_points> stretch;
  for (std::size_t i = 0; i < lamp_points; ++i) {
    const span_of_ray x = slab(p.x, v.x[i] - p.x, h), y = slab(p.y, v.y[i] - p.y, h), z = slab(p.z, v.z[i] - p.z, h);
    const float in = greater(greater(x.in, y.in), greater(z.in, 0)), out = lesser(lesser(x.out, y.out), lesser(z.out, 1));
    stretch[i] = out - in;
  }
  return positive(stretch);
}

// The same for the cylinder: between the heights -h and h the way comes nearest to the axis at t, as near as a t^2 + 2 b t + c = distance^2 - h^2.
inline int hidden_by_cylinder(const lamp_view& v, vec3 p, float h) {
  std::array<float, lamp_points> stretch;
  const float c = p.x * p.x + p.y * p.y - h * h;
  for (std::size_t i = 0; i < lamp_points; ++i) {
    const float dx = v.x[i] - p.x, dy = v.y[i] - p.y, a = dx * dx + dy * dy + near_zero, b = p.x * dx + p.y * dy;
    const span_of_ray z = slab(p.z, v.z[i] - p.z, h);
    const float in = greater(z.in, 0), out = lesser(z.out, 1), t = lesser(greater(-b / a, in), out);
    stretch[i] = lesser(out - in, -((a * t + 2 * b) * t + c));
  }
  return positive(stretch);
}

// How the share of a disc grows as a straight edge crosses it, from -1 to 1: within 0.02 of the exact 1/2 + (x sqrt(1-x^2) + asin x) / pi.
inline float share_across(float x) {
  x = std::clamp(x, -1.f, 1.f);
  return .5f + x * (.625f - .125f * x * x);
}

}  // namespace detail

// 0: all of the lamp is seen from p past the block; 1: nothing of it. p is outside the block.
inline float hidden_share(const figure& f, const lamp& l, const lamp_view& v, vec3 p) {
  const vec3 to_lamp = l.at - p, o = f.middle - p;
  const float distance2 = dot(to_lamp, to_lamp), t = dot(o, to_lamp) / distance2;  // the block's place on the way to the lamp
  const float reach = f.around();
  const vec3 past = o - to_lamp * t;
  const float wide = l.radius * std::max(t, 0.f), miss2 = dot(past, past);
  if (miss2 > (reach + wide) * (reach + wide)) return 0;
  const float across = reach * reach / distance2;
  if (t < 0 && t * t > across) return 0;
  if (f.shape == form::sphere)
    return t <= 0 || t >= 1 ? 0.f : detail::share_across((f.radius - std::sqrt(miss2)) / std::max(wide, detail::near_zero));
  const float core = .9f * f.radius - 1.1f * wide;  // all rays to the lamp pass through the sphere inside the block
  if (t > 0 && t < 1 && core > 0 && miss2 < core * core) return 1;
  const vec3 q = f.turned(p - f.middle);  // a sharp cube of about the rounded one's outline stands for it
  const int n =
      f.shape == form::cube ? detail::hidden_by_cube(v, q, f.radius * (1 - .4f * detail::cube_rounding)) : detail::hidden_by_cylinder(v, q, f.radius);
  return static_cast<float>(n) / lamp_points;
}

}  // namespace relreason::blocks
