// relreason/data/blocks_shading.hpp -- the light that leaves a point of the blocks world towards the eye.
// E(p) = sum_k V_k I_k (n.l) (f.l) / d^2 + around: lamps are flat, V_k is the share of lamp k that no block hides; ground light reaches blocks
// from below, blocks dim what comes from all around. Rubber is matte with a wide highlight, metal a tinted mirror of one bounce.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

#include "relreason/data/blocks_shadow.hpp"
#include "relreason/data/blocks_solids.hpp"
#include "relreason/data/blocks_stage.hpp"

namespace relreason::blocks {

// One bit per block of a stage.
using crowd = std::uint16_t;

// Which blocks may stand between a place and each lamp, and which are near enough to dim the light from all around.
struct neighbors {
  std::array<crowd, n_lamps> hiding{};
  crowd near = 0;
};

namespace detail {

inline constexpr float pi = std::numbers::pi_v<float>;

template <class Visit>
void each_of(crowd c, Visit&& visit) {
  for (unsigned left = c; left; left &= left - 1) visit(static_cast<std::size_t>(__builtin_ctz(left)));
}

// Metal is brushed around the vertical axis: a lamp's glare is narrow along the brush (t) and long across it (b), as (1 / (1 + t^2 + b^2))^2 in
// widths; h: half way between the lamp and the eye.
inline float glare_of(vec3 h, vec3 normal, vec3 from_axis, const studio& l) {
  const vec3 brushed{-from_axis.y, from_axis.x, 0};
  const float flat2 = dot(brushed, brushed), along = dot(h, brushed), c = dot(h, normal);
  const float t2 = along * along / std::max(flat2, near_zero), b2 = std::max(1 - c * c - t2, 0.f);
  const float v = 1 / (1 + t2 / (l.glare_width * l.glare_width) + b2 / (l.glare_length * l.glare_length));
  return v * v;
}

}  // namespace detail

// A stage made ready for many points: lamps as blocks see them, who may hide what from whom.
class lighting {
 public:
  explicit lighting(const stage& s) : s_(s) {
    for (std::size_t i = 0; i < s.n; ++i) {
      const figure& f = s.figures[i];
      for (std::size_t k = 0; k < n_lamps; ++k) views_[i][k] = view_of(s.light.lamps[k], f);
      around_[i] = around(f.middle, f.around(), static_cast<crowd>(1u << i));
      below_[i] = unshadowed({f.middle.x, f.middle.y, 0}, {0, 0, 1}) * s.light.ground;
    }
  }

  // The blocks that matter to points within `radius` of `middle`, but for `except`.
  neighbors around(vec3 middle, float radius, crowd except = 0) const {
    constexpr float slack = 1.05f, range = 4;  // dimming at 4 radii is below 1/16
    neighbors n;
    for (std::size_t i = 0; i < s_.n; ++i) {
      const crowd bit = static_cast<crowd>(1u << i);
      if (except & bit) continue;
      const figure& f = s_.figures[i];
      const vec3 o = f.middle - middle;
      const float reach = f.around() * slack, touch = range * f.radius + radius;
      if (dot(o, o) < touch * touch) n.near |= bit;
      for (std::size_t k = 0; k < n_lamps; ++k) {
        const vec3 to = s_.light.lamps[k].at - middle;
        const float t = std::clamp(dot(o, to) / dot(to, to), 0.f, 1.f), wide = reach + slack * (radius + (s_.light.lamps[k].radius - radius) * t);
        const vec3 past = o - to * t;
        if (dot(past, past) < wide * wide) n.hiding[k] |= bit;
      }
    }
    return n;
  }

  const neighbors& of_figure(std::size_t i) const { return around_[i]; }
  crowd all() const { return static_cast<crowd>((1u << s_.n) - 1); }
  neighbors everyone() const {
    neighbors n;
    n.hiding.fill(all());
    n.near = all();
    return n;
  }

  vec3 ground(vec3 p, const neighbors& near) const {
    vec3 sum = s_.light.around * open_share(p, {0, 0, 1}, near.near);
    for (std::size_t k = 0; k < n_lamps; ++k) sum = sum + arriving(k, p, {0, 0, 1}) * seen_share(k, p, near.hiding[k]);
    return sum * s_.light.ground;
  }

  // Light from block i at p towards the eye, for the ray that met it.
  vec3 block(std::size_t i, vec3 p, vec3 normal, vec3 along) const {
    const figure& f = s_.figures[i];
    const vec3 outside = p + normal * (1e-3f * f.radius);
    return f.metal ? metal(i, outside, normal, along) : rubber(i, outside, normal);
  }

 private:
  // Irradiance from lamp k, as if nothing stood in between.
  vec3 arriving(std::size_t k, vec3 p, vec3 normal) const {
    const lamp& l = s_.light.lamps[k];
    const vec3 to = l.at - p;
    const float d2 = dot(to, to), here = dot(to, normal), there = -dot(to, l.facing);
    if (here <= 0 || there <= 0) return {};
    return l.power * (here * there / (d2 * d2));
  }

  vec3 unshadowed(vec3 p, vec3 normal) const {
    vec3 sum = s_.light.around;
    for (std::size_t k = 0; k < n_lamps; ++k) sum = sum + arriving(k, p, normal);
    return sum;
  }

  float seen_share(std::size_t k, vec3 p, crowd hiding) const {
    float v = 1;
    detail::each_of(hiding, [&](std::size_t i) { v *= 1 - hidden_share(s_.figures[i], s_.light.lamps[k], views_[i][k], p); });
    return v;
  }

  // What blocks leave of the light from all around: a sphere of radius r at distance d hides (n.o) r^2 / d^2 of it.
  float open_share(vec3 p, vec3 normal, crowd near) const {
    float v = 1;
    detail::each_of(near, [&](std::size_t i) {
      const figure& f = s_.figures[i];
      const vec3 o = f.middle - p;
      const float d2 = dot(o, o), d = std::sqrt(d2), facing = std::max(dot(o, normal) / d, 0.f);
      v *= 1 - std::min(facing * f.radius * f.radius / d2, 1.f);
    });
    return v;
  }

  vec3 rubber(std::size_t i, vec3 p, vec3 normal) const {
    const neighbors& near = around_[i];
    vec3 e = s_.light.around * (.5f * (1 + normal.z) * open_share(p, normal, near.near));
    for (std::size_t k = 0; k < n_lamps; ++k) {
      const vec3 from_lamp = arriving(k, p, normal);
      if (from_lamp.y > 0) e = e + from_lamp * seen_share(k, p, near.hiding[k]);
    }
    return s_.figures[i].color * ((e + from_below(i, p, normal)) * s_.light.matte) + e * s_.light.sheen;
  }

  // The ground's light on a surface that looks down on it, fading where the block itself keeps the ground dark.
  vec3 from_below(std::size_t i, vec3 p, vec3 normal) const {
    constexpr float lift = .15f;
    const float height = p.z / (p.z + lift * s_.figures[i].radius);
    return below_[i] * (.5f * (1 - normal.z) * height * s_.light.bounce);
  }

  vec3 metal(std::size_t i, vec3 p, vec3 normal, vec3 along) const {
    const studio& l = s_.light;
    const figure& f = s_.figures[i];
    const ray mirrored{p, along - normal * (2 * dot(along, normal))};
    vec3 glare;
    for (std::size_t k = 0; k < n_lamps; ++k) {
      const lamp& from = l.lamps[k];
      const vec3 to = from.at - p;
      const float d2 = dot(to, to), d = std::sqrt(d2);
      if (dot(to, normal) <= 0 || dot(to, from.facing) >= 0) continue;
      const vec3 half = unit(to * (1 / d) - along);
      const float c = dot(half, normal), off = 1 - c * c, wide = from.radius / (2 * d);
      const float image = detail::share_across((wide * wide - off) / (wide * wide)) / (detail::pi * from.radius * from.radius);
      const float strength = image + l.glare * detail::glare_of(half, normal, p - f.middle, l) / d2;
      if (strength * from.power.y > 1e-3f) glare = glare + from.power * (strength * seen_share(k, p, around_[i].hiding[k]));
    }
    return f.color * (in_mirror(i, mirrored) * l.mirror + glare);
  }

  // A block as a metal one shows it: by its lamps alone; metal in metal shows the bare ground or the sky.
  vec3 once_removed(std::size_t i, vec3 p, vec3 normal, vec3 along) const {
    const figure& f = s_.figures[i];
    if (!f.metal) return f.color * ((unshadowed(p, normal) + from_below(i, p, normal)) * s_.light.matte);
    return f.color * ((along.z - normal.z * (2 * dot(along, normal)) > 0 ? s_.light.sky : below_[i]) * s_.light.mirror);
  }

  // What a metal block shows: another block by its lamps alone, the ground with its shadows, or the sky.
  vec3 in_mirror(std::size_t self, const ray& r) const {
    meeting nearest;
    std::size_t met = s_.n;
    for (std::size_t i = 0; i < s_.n; ++i) {
      if (i == self || !may_meet(s_.figures[i], r)) continue;
      if (const meeting m = meet(s_.figures[i], r); m && (met == s_.n || m.t < nearest.t)) nearest = m, met = i;
    }
    if (met < s_.n) return once_removed(met, r.at(nearest.t), nearest.normal, r.along);
    if (r.along.z > -1e-3f) return s_.light.sky;
    return ground(r.at(-r.from.z / r.along.z), everyone());
  }

  const stage& s_;
  std::array<std::array<lamp_view, n_lamps>, clevr::max_objects> views_;
  std::array<neighbors, clevr::max_objects> around_;
  std::array<vec3, clevr::max_objects> below_;
};

}  // namespace relreason::blocks
