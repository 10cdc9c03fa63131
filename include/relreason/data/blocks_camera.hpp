// relreason/data/blocks_camera.hpp -- the camera of the blocks world: a point and a direction in, a place in the image out.
// Source: CLEVR's base scene (facebookresearch/clevr-dataset-gen): lens 35 mm, sensor 32 mm, the camera looks at the origin, z is up.
// Integers only, so that every compiler and every flag gives the same bits: lengths in 1e-6 CLEVR units, image places in 1e-6 pixels.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace relreason::blocks {

using micro = std::int64_t;
inline constexpr micro one = 1'000'000;

struct point {
  micro x = 0, y = 0, z = 0;
};

// The largest s with s * s <= n. The floating-point root is only a first guess: the two loops decide.
inline std::int64_t floor_sqrt(std::int64_t n) {
  auto s = static_cast<std::int64_t>(std::sqrt(static_cast<double>(n)));
  while (s * s > n) --s;
  while ((s + 1) * (s + 1) <= n) ++s;
  return s;
}

struct camera {
  point at;
  std::array<std::array<std::int64_t, 3>, 3> axes{};  // unit vectors right, up, backward; in 2^-30
};

namespace detail {

// v / |v| in 2^-30; |v| is taken with six more bits than v has. Components below 2^24.
inline std::array<std::int64_t, 3> direction(point v) {
  const std::int64_t length = floor_sqrt((v.x * v.x + v.y * v.y + v.z * v.z) << 12);
  return {v.x * (std::int64_t{1} << 36) / length, v.y * (std::int64_t{1} << 36) / length, v.z * (std::int64_t{1} << 36) / length};
}

inline micro along(const std::array<std::int64_t, 3>& axis, point d) { return (axis[0] * d.x + axis[1] * d.y + axis[2] * d.z) >> 30; }

}  // namespace detail

// backward = C / |C|, right = (-C_y, C_x, 0) / |.|, up = backward x right.    C: not on the z axis, each coordinate below 16 units.
inline camera look_at_origin(point c) {
  camera k{c, {}};
  auto& [right, up, backward] = k.axes;
  backward = detail::direction(c);
  right = detail::direction({-c.y, c.x, 0});
  for (std::size_t i = 0; i < 3; ++i) {
    const std::size_t j = (i + 1) % 3, l = (i + 2) % 3;
    up[i] = (backward[j] * right[l] - backward[l] * right[j]) >> 30;
  }
  return k;
}

// (right, up, depth) of a point as the camera sees it; depth is positive in front of it.
inline point seen(const camera& k, point p) {
  const point d{p.x - k.at.x, p.y - k.at.y, p.z - k.at.z};
  return {detail::along(k.axes[0], d), detail::along(k.axes[1], d), -detail::along(k.axes[2], d)};
}

struct image_size {
  int width = 480, height = 320;
};
inline constexpr image_size stored_image{480, 320};  // pixel_coords of the released files
inline constexpr image_size tested_image{320, 240};  // the visibility rule's rendering

struct image_place {
  micro x = 0, y = 0;
};

// x = W/2 + f right/depth    y = H/2 - f up/depth    f = W 35/32 pixels; the point must be in front of the camera.
inline image_place in_image(point seen_at, image_size size) {
  const micro f = size.width * 35 / 32 * one;
  return {size.width * one / 2 + f * seen_at.x / seen_at.z, size.height * one / 2 - f * seen_at.y / seen_at.z};
}

inline std::int64_t nearest_pixel(micro place) {
  const micro up = place + one / 2;
  return up >= 0 ? up / one : -((-up + one - 1) / one);
}

}  // namespace relreason::blocks
