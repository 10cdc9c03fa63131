// relreason/data/blocks_find_camera.hpp -- where the camera of a scene file stood: CLEVR moves it scene by scene and does not write it down.
// Found from 3d_coords and pixel_coords, by the place within the jitter whose projections are nearest (blocks_camera.hpp has the projection).
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "relreason/core/error.hpp"
#include "relreason/data/blocks_camera.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

namespace detail {

// Squared distances in pixels of 480 x 320; pixel_coords are rounded, so a depth's digits count more: 0.02 units as much as a pixel.
inline double projection_error(const clevr::scene& s, const std::array<double, 3>& at) {
  constexpr double focal = 525, depth_weight = 50;
  const auto& [cx, cy, cz] = at;
  const double distance = std::sqrt(cx * cx + cy * cy + cz * cz), level = std::sqrt(cx * cx + cy * cy);
  double sum = 0;
  for (const clevr::object& o : s.objects) {
    const auto& [x, y, z] = o.position;
    const double dx = x - cx, dy = y - cy, dz = z - cz;
    const double right = (-cy * dx + cx * dy) / level, depth = -(cx * dx + cy * dy + cz * dz) / distance;
    const double up = (-cx * cz * dx - cy * cz * dy + level * level * dz) / (distance * level);
    const double px = 240 + focal * right / depth - o.pixel[0], py = 160 - focal * up / depth - o.pixel[1], pd = depth_weight * (depth - o.pixel[2]);
    sum += px * px + py * py + pd * pd;
  }
  return sum;
}

}  // namespace detail

// Fails where no place near CLEVR's camera agrees with the scene: then pixel_coords are missing or of another picture size.
inline camera find_camera(const clevr::scene& s) {
  constexpr double jitter = .6, smallest_step = 1e-6, worst = 3;  // pixels, root mean square
  const std::array<double, 3> middle{7.48113, -6.50764, 5.34367};
  if (s.objects.empty()) fail("blocks::find_camera: scene ", s.image_index, " has no objects; wanted at least one");
  std::array<double, 3> at = middle;
  double least = detail::projection_error(s, at);
  for (double step = .25; step > smallest_step;) {
    bool better = false;
    for (std::size_t axis = 0; axis < 3; ++axis)
      for (const double sign : {-1., 1.}) {
        auto tried = at;
        tried[axis] += sign * step;
        if (std::abs(tried[axis] - middle[axis]) > jitter) continue;
        const double error = detail::projection_error(s, tried);
        if (error < least) at = tried, least = error, better = true;
      }
    if (!better) step /= 2;
  }
  const double found = std::sqrt(least / static_cast<double>(s.objects.size()));
  if (!(found < worst))
    fail("blocks::find_camera: scene ", s.image_index, ": found pixel_coords ", found,
         " pixels from where any camera of CLEVR shows 3d_coords, wanted ", "below ", worst, "; are they of a 480 x 320 picture?");
  return look_at_origin({std::llround(at[0] * 1e6), std::llround(at[1] * 1e6), std::llround(at[2] * 1e6)});
}

}  // namespace relreason::blocks
