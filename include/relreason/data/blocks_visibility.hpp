// relreason/data/blocks_visibility.hpp -- how many pixels of each block can be seen, for CLEVR's rule of at least 200 in a 320 x 240 image.
// Source: facebookresearch/clevr-dataset-gen, check_visibility: there a flat rendering, here outlines as convex polygons, nearest first.
// A pixel belongs to a block where its middle lies within the outline; integers only (see blocks_camera.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "relreason/data/blocks_camera.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

// Blocks stand on the ground: the middle is at height `radius`, the half of the height.
struct solid {
  point middle;
  micro radius = 0;
  micro rotation = 0;  // 1e-6 degrees about z
  int shape = 0;       // id in clevr::shapes
};

namespace detail {

// sin and cos of an angle within 45 degrees, in 1e-6; Taylor to x^9 and x^8 in 2^-30, so the error stays below 1e-6.
struct sine_cosine {
  micro sine, cosine;
};
inline sine_cosine of_angle(micro microdegrees) {
  const std::int64_t x = microdegrees * 18'740'330 / one;  // 2^30 pi / 180 = 18740330.0
  const std::int64_t xx = (x * x) >> 30;
  const auto nest = [&](std::int64_t inner, std::int64_t divisor) { return (std::int64_t{1} << 30) - ((xx * inner) >> 30) / divisor; };
  const std::int64_t full = std::int64_t{1} << 30;
  const std::int64_t sine = (x * nest(nest(nest(nest(full, 72), 42), 20), 6)) >> 30, cosine = nest(nest(nest(nest(full, 56), 30), 12), 2);
  return {(sine * one) >> 30, (cosine * one) >> 30};
}

// cos(15 k degrees); a regular 24-gon of radius 1.005743 r has the area of a disc of radius r.
inline constexpr int n_corners = 24;
inline constexpr micro round_scale = 1'005'743;
inline micro cosine_of_step(int k) {
  constexpr std::array<micro, 7> quarter{1'000'000, 965'926, 866'025, 707'107, 500'000, 258'819, 0};
  k = (k % n_corners + n_corners) % n_corners;
  if (k > 12) k = 24 - k;
  return k <= 6 ? quarter[static_cast<std::size_t>(k)] : -quarter[static_cast<std::size_t>(12 - k)];
}
inline micro sine_of_step(int k) { return cosine_of_step(k - 6); }

struct outline {
  std::array<image_place, 2 * n_corners> corners;
  int n = 0;
  void add(image_place p) { corners[static_cast<std::size_t>(n++)] = p; }
};

// The circle in which the cone of tangents touches the sphere: center c (1 - r^2/D^2), radius r sqrt(1 - r^2/D^2), across the line of sight c.
inline void add_sphere(outline& o, point c, micro r) {
  const micro distance = floor_sqrt(c.x * c.x + c.y * c.y + c.z * c.z), level = floor_sqrt(c.x * c.x + c.z * c.z);
  const micro shrink = r * r / distance, rim = floor_sqrt(r * r - shrink * shrink) * round_scale / one;
  const point middle{c.x - c.x * shrink / distance, c.y - c.y * shrink / distance, c.z - c.z * shrink / distance};
  for (int k = 0; k < n_corners; ++k) {
    const micro a = rim * cosine_of_step(k) / one, b = rim * sine_of_step(k) / one, t = b * c.y / distance;
    const point p{middle.x + (a * c.z - t * c.x) / level, middle.y + b * level / distance, middle.z - (a * c.x + t * c.z) / level};
    o.add(in_image(p, tested_image));
  }
}

inline void add_upright(outline& o, const camera& k, const solid& s, micro dx, micro dy) {
  for (const micro z : {micro{0}, 2 * s.radius}) o.add(in_image(seen(k, {s.middle.x + dx, s.middle.y + dy, z}), tested_image));
}

inline void add_cylinder(outline& o, const camera& k, const solid& s) {
  const micro r = s.radius * round_scale / one;
  for (int i = 0; i < n_corners; ++i) add_upright(o, k, s, r * cosine_of_step(i) / one, r * sine_of_step(i) / one);
}

// A cube looks the same after a quarter turn, so the angle is taken in [-45, 45) degrees.
inline void add_cube(outline& o, const camera& k, const solid& s) {
  const micro quarter = 90 * one, turn = (s.rotation % quarter + quarter + quarter / 2) % quarter - quarter / 2;
  const auto [sine, cosine] = of_angle(turn);
  const micro a = s.radius * (cosine - sine) / one, b = s.radius * (cosine + sine) / one;
  add_upright(o, k, s, a, b);
  add_upright(o, k, s, -b, a);
  add_upright(o, k, s, -a, -b);
  add_upright(o, k, s, b, -a);
}

// Andrew's monotone chain; leaves the corners of the convex hull in order.
inline void make_convex(outline& o) {
  const auto first = o.corners.begin(), last = first + o.n;
  std::sort(first, last, [](image_place a, image_place b) { return a.x != b.x ? a.x < b.x : a.y < b.y; });
  std::array<image_place, 4 * n_corners + 1> hull;
  std::size_t n = 0;
  const auto add = [&](image_place p, std::size_t floor) {
    while (n >= floor + 2) {
      const image_place a = hull[n - 2], b = hull[n - 1];
      if ((b.x - a.x) * (p.y - a.y) > (b.y - a.y) * (p.x - a.x)) break;
      --n;
    }
    hull[n++] = p;
  };
  for (auto p = first; p != last; ++p) add(*p, 0);
  const std::size_t floor = n - 1;
  for (auto p = last - 1; p != first;) add(*--p, floor);
  o.n = static_cast<int>(n) - 1;
  std::copy_n(hull.begin(), o.n, first);
}

inline outline outline_of(const camera& k, const solid& s) {
  outline o;
  switch (s.shape) {
    case 0: add_sphere(o, seen(k, s.middle), s.radius); break;
    case 1: add_cube(o, k, s); break;
    default: add_cylinder(o, k, s);
  }
  make_convex(o);
  return o;
}

inline std::int64_t ceil_divide(std::int64_t a, std::int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

// The first pixel whose middle is at or beyond a place, within [0, n].
inline int first_pixel(micro place, int n) { return static_cast<int>(std::clamp<std::int64_t>(ceil_divide(place - one / 2, one), 0, n)); }

// One bit per pixel already taken by a nearer block.
class taken_pixels {
 public:
  int take(const outline& o) {
    std::array<micro, height> left, right;
    int top = height, bottom = 0;
    for (int i = 0; i < o.n; ++i) {
      const image_place a = o.corners[static_cast<std::size_t>(i)], b = o.corners[static_cast<std::size_t>(i + 1 == o.n ? 0 : i + 1)];
      // Corners run with y growing downward: edges that go down bound the right side, edges that go up the left.
      const bool down = b.y > a.y;
      const int begin = first_pixel(std::min(a.y, b.y), height), end = first_pixel(std::max(a.y, b.y), height);
      for (int row = begin; row < end; ++row) {
        const micro y = row * one + one / 2;
        (down ? right : left)[static_cast<std::size_t>(row)] = a.x + (b.x - a.x) * (y - a.y) / (b.y - a.y);
      }
      if (begin < end) top = std::min(top, begin), bottom = std::max(bottom, end);
    }
    int n = 0;
    for (int row = top; row < bottom; ++row)
      n += take_row(row, first_pixel(left[static_cast<std::size_t>(row)], width), first_pixel(right[static_cast<std::size_t>(row)], width));
    return n;
  }

 private:
  static constexpr int width = tested_image.width, height = tested_image.height, words = width / 64;

  // Pixels [begin, end) of a row; returns how many of them were free.
  int take_row(int row, int begin, int end) {
    int n = 0;
    for (int w = begin / 64; w * 64 < end; ++w) {
      const int low = std::max(begin - w * 64, 0), high = std::min(end - w * 64, 64);
      if (low >= high) continue;
      const std::uint64_t span = (high == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << high) - 1) & ~((std::uint64_t{1} << low) - 1);
      std::uint64_t& word = taken_[static_cast<std::size_t>(row * words + w)];
      n += std::popcount(span & ~word);
      word |= span;
    }
    return n;
  }

  std::array<std::uint64_t, words * height> taken_{};
};

// Blocks stand apart on one plane, so the power of the camera with respect to their discs, d^2 - r^2, orders them from near to far.
inline micro nearness(const camera& k, const solid& s) {
  const micro dx = s.middle.x - k.at.x, dy = s.middle.y - k.at.y;
  return dx * dx + dy * dy - s.radius * s.radius;
}

}  // namespace detail

// The pixels of a 320 x 240 image in which each solid is seen. At most clevr::max_objects solids.
inline std::array<int, clevr::max_objects> visible_pixels(const camera& k, std::span<const solid> solids) {
  std::array<std::uint8_t, clevr::max_objects> order{};
  for (std::size_t i = 0; i < solids.size(); ++i) order[i] = static_cast<std::uint8_t>(i);
  std::sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(solids.size()), [&](std::uint8_t a, std::uint8_t b) {
    const micro da = detail::nearness(k, solids[a]), db = detail::nearness(k, solids[b]);
    return da != db ? da < db : a < b;
  });
  detail::taken_pixels taken;
  std::array<int, clevr::max_objects> n{};
  for (std::size_t i = 0; i < solids.size(); ++i) n[order[i]] = taken.take(detail::outline_of(k, solids[order[i]]));
  return n;
}

}  // namespace relreason::blocks
