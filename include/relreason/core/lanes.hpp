// relreason/core/lanes.hpp -- a step's tiles belong to a fixed number of lanes, whose sums are joined by a fixed tree: bits never depend on threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "relreason/backend/kernels.hpp"
#include "relreason/core/parameters.hpp"

namespace relreason {

inline constexpr int most_lanes = 64;
inline constexpr std::size_t tile_budget = std::size_t{12} << 20;  // bytes of a tile's values and tapes at capacity: half of a usual L3's share
inline constexpr int largest_tile = 64;

// Lanes of a model unless told otherwise, 4 to 16: clearing and joining them costs memory traffic at every step, whatever the batch, so their
// gradients should fit a usual L3 (32 MiB) together. No more threads than lanes work on tiles.
template <class M, class T = float>
int usual_lanes() {
  const std::size_t bytes = std::max<std::size_t>(1, parameters<M, T>::table().learned * sizeof(T));
  return static_cast<int>(std::clamp<std::size_t>((std::size_t{32} << 20) / bytes, 4, 16));
}

// Lane 0 becomes the sum of all: n numbers from of_lane(l) on.
template <class T, class F>
void join_lanes(const kernels<T>& kernel, int lanes, std::size_t n, F&& of_lane) {
  for (int stride = 1; stride < lanes; stride *= 2)
    for (int l = 0; l + stride < lanes; l += 2 * stride) kernel.row->add(n, of_lane(l), of_lane(l + stride));
}

}  // namespace relreason
