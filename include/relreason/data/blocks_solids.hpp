// relreason/data/blocks_solids.hpp -- spheres, cubes and cylinders as rays meet them: where, with which normal, and how much of a lamp they hide.
// Source: CLEVR's meshes have a half-extent of 1 before scaling; their edges are rounded (cubes by about a sixth of the half-extent).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

namespace relreason::blocks {

struct vec3 {
  float x = 0, y = 0, z = 0;
};
constexpr vec3 operator+(vec3 a, vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
constexpr vec3 operator-(vec3 a, vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
constexpr vec3 operator*(vec3 a, vec3 b) { return {a.x * b.x, a.y * b.y, a.z * b.z}; }
constexpr vec3 operator*(vec3 a, float s) { return {a.x * s, a.y * s, a.z * s}; }
constexpr float dot(vec3 a, vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
constexpr vec3 cross(vec3 a, vec3 b) { return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
inline float length(vec3 v) { return std::sqrt(dot(v, v)); }
inline vec3 unit(vec3 v) { return v * (1 / length(v)); }

struct ray {
  vec3 from, along;  // along: of length 1
  vec3 at(float t) const { return from + along * t; }
};

enum class form : std::uint8_t { sphere, cube, cylinder };  // ids of clevr::shapes

// A block as it is drawn: it stands on the ground, `radius` is the half of its height.
struct figure {
  form shape{};
  bool metal = false;
  vec3 middle, color;
  float radius = 0, cosine = 1, sine = 0;  // of the yaw

  vec3 turned(vec3 v) const { return {cosine * v.x + sine * v.y, cosine * v.y - sine * v.x, v.z}; }
  vec3 turned_back(vec3 v) const { return {cosine * v.x - sine * v.y, sine * v.x + cosine * v.y, v.z}; }
  // Radii of the spheres around and inside it.
  float around() const {
    constexpr std::array<float, 3> scale{1, std::numbers::sqrt3_v<float>, std::numbers::sqrt2_v<float>};
    return radius * scale[static_cast<std::size_t>(shape)];
  }
};

struct meeting {
  float t = 0;
  vec3 normal;
  explicit operator bool() const { return t > 0; }
};

namespace detail {

inline constexpr float cube_rounding = .16f, cylinder_rounding = .045f;  // of the radius
inline constexpr float near_zero = 1e-12f;

constexpr float sign_of(float v) { return v < 0 ? -1.f : 1.f; }
// By value and without special cases, so that loops over them vectorize.
constexpr float lesser(float a, float b) { return a < b ? a : b; }
constexpr float greater(float a, float b) { return a > b ? a : b; }

struct span_of_ray {
  float in, out;
};

// Where o + t d is within |.| <= h, for one axis.
constexpr span_of_ray slab(float o, float d, float h) {
  const float inverse = 1 / (d + near_zero), a = (-h - o) * inverse, b = (h - o) * inverse;
  return {lesser(a, b), greater(a, b)};
}

// How far a point lies beyond the inner box whose edges are the middles of the rounding; its direction is the surface's normal.
inline vec3 beyond(vec3 q, float inner) {
  return {std::max(std::abs(q.x) - inner, 0.f), std::max(std::abs(q.y) - inner, 0.f), std::max(std::abs(q.z) - inner, 0.f)};
}

inline meeting meet_sphere(const figure& f, const ray& r) {
  const vec3 o = r.from - f.middle;
  const float b = dot(o, r.along);
  const vec3 past = o - r.along * b;  // from the middle to the ray's nearest point; its square is small, so that no digits are lost
  const float root = f.radius * f.radius - dot(past, past);
  if (root < 0) return {};
  const float s = std::sqrt(root), t = -b - s;
  return t > 0 ? meeting{t, (past - r.along * s) * (1 / f.radius)} : meeting{};
}

// The sharp box first; near its edges the ray walks on to the rounded surface, by its distance each time.
inline meeting meet_cube(const figure& f, const ray& r) {
  const vec3 o = f.turned(r.from - f.middle), d = f.turned(r.along);
  const float h = f.radius, rounding = cube_rounding * h, inner = h - rounding;
  const span_of_ray x = slab(o.x, d.x, h), y = slab(o.y, d.y, h), z = slab(o.z, d.z, h);
  float t = std::max({x.in, y.in, z.in});
  const float out = std::min({x.out, y.out, z.out});
  if (t > out || t <= 0) return {};
  constexpr int steps = 16;
  constexpr float near_enough = 1e-3f, after_all_steps = 1e-2f;  // rays that graze an edge come near it slowly
  for (int i = 1; i <= steps; ++i) {
    const vec3 q = o + d * t, w = beyond(q, inner);
    const float reach = length(w), left = reach - rounding;
    if (left < (i < steps ? near_enough : after_all_steps) * h) {
      const float s = 1 / std::max(reach, near_zero);
      return {t, f.turned_back({sign_of(q.x) * w.x * s, sign_of(q.y) * w.y * s, sign_of(q.z) * w.z * s})};
    }
    t += left;
    if (t > out) return {};
  }
  return {};
}

inline meeting meet_cylinder(const figure& f, const ray& r) {
  const vec3 o = r.from - f.middle, d = r.along;
  const float h = f.radius, a = d.x * d.x + d.y * d.y + near_zero, b = o.x * d.x + o.y * d.y, c = o.x * o.x + o.y * o.y - h * h;
  const float root = b * b - a * c;
  if (root < 0) return {};
  const float s = std::sqrt(root);
  const span_of_ray z = slab(o.z, d.z, h);
  const float t = std::max((-b - s) / a, z.in);
  if (t > std::min((-b + s) / a, z.out) || t <= 0) return {};
  const vec3 q = o + d * t;
  const float across = std::sqrt(q.x * q.x + q.y * q.y), inner = h * (1 - cylinder_rounding);
  const float side = std::max(across - inner, 0.f), top = std::max(std::abs(q.z) - inner, 0.f);
  const float scale = 1 / std::max(std::sqrt(side * side + top * top), near_zero), s_side = side * scale / std::max(across, near_zero);
  return {t, {q.x * s_side, q.y * s_side, sign_of(q.z) * top * scale}};
}

}  // namespace detail

// Where a ray from outside meets the block first; false where it does not.
inline meeting meet(const figure& f, const ray& r) {
  switch (f.shape) {
    case form::sphere: return detail::meet_sphere(f, r);
    case form::cube: return detail::meet_cube(f, r);
    default: return detail::meet_cylinder(f, r);
  }
}

// Distance of the block's middle from the ray, squared, is compared with this before anything dearer.
inline bool may_meet(const figure& f, const ray& r) {
  const vec3 o = f.middle - r.from;
  const float along = dot(o, r.along), reach = f.around();
  return dot(o, o) - along * along <= reach * reach && along > -reach;
}

}  // namespace relreason::blocks
