// relreason/retrieval/rmac.hpp -- R-MAC: one vector from the maps of a CNN, the sum of the normalized maxima over regions of several sizes.
// Source: Tolias, Sicre, Jegou, "Particular object retrieval with integral max-pooling of CNN activations", ICLR 2016; with the whole map as a region
// of its own, as in the authors' code. No whitening.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason::retrieval {

struct square_region {
  int top, left, side;
  friend bool operator==(const square_region&, const square_region&) = default;
};

// Squares of side 2 min(H, W) / (l + 1) for l = 1 .. levels, evenly spread; along the longer side as many more as bring their overlap closest to 40 %.
inline std::vector<square_region> rmac_regions(int height, int width, int levels = 3) {
  if (height < 1 || width < 1 || levels < 1)
    fail("rmac_regions: found maps of ", height, " x ", width, " and ", levels, " levels, wanted at least 1 of each");
  const int least = std::min(height, width), most = std::max(height, width);
  int more = 0;  // regions along the longer side, beside those along the shorter
  double best = std::numeric_limits<double>::infinity();
  for (int steps = 2; most > least && steps <= 7; ++steps) {
    const double step = static_cast<double>(most - least) / (steps - 1), overlap = (least - step) / least;
    if (std::abs(overlap - .4) < best) best = std::abs(overlap - .4), more = steps - 1;
  }
  std::vector<square_region> all;
  for (int level = 1; level <= levels; ++level) {
    const int side = std::max(1, 2 * least / (level + 1));
    const auto places = [&](int length) {
      const int n = level + (length > least ? more : 0);
      std::vector<int> at;
      for (int i = 0; i < n; ++i) at.push_back(n > 1 ? static_cast<int>(std::floor(static_cast<double>(length - side) / (n - 1) * i)) : 0);
      return at;
    };
    for (const int top : places(height))
      for (const int left : places(width)) all.push_back({top, left, side});
  }
  return all;
}

// maps: (channels, height, width), as published feature files have them. to: channels numbers of length 1, or zeros.
inline void rmac(const float* maps, int channels, int height, int width, float* to, int levels = 3) {
  constexpr float least_length = 1e-6f;
  auto regions = rmac_regions(height, width, levels);
  std::vector<float> greatest(static_cast<std::size_t>(channels));
  std::fill_n(to, channels, 0.f);
  const auto add = [&](int top, int left, int rows, int columns) {
    double squares = 0;
    for (int c = 0; c < channels; ++c) {
      const float* map = maps + (static_cast<std::ptrdiff_t>(c) * height + top) * width + left;
      float m = -std::numeric_limits<float>::infinity();
      for (int y = 0; y < rows; ++y)
        for (int x = 0; x < columns; ++x) m = std::max(m, map[static_cast<std::ptrdiff_t>(y) * width + x]);
      greatest[static_cast<std::size_t>(c)] = m;
      squares += static_cast<double>(m) * static_cast<double>(m);
    }
    const float by = 1 / (static_cast<float>(std::sqrt(squares)) + least_length);
    for (int c = 0; c < channels; ++c) to[c] += by * greatest[static_cast<std::size_t>(c)];
  };
  add(0, 0, height, width);
  for (const square_region& r : regions) add(r.top, r.left, r.side, r.side);
  double squares = 0;
  for (int c = 0; c < channels; ++c) squares += static_cast<double>(to[c]) * static_cast<double>(to[c]);
  const float by = 1 / (static_cast<float>(std::sqrt(squares)) + least_length);
  for (int c = 0; c < channels; ++c) to[c] *= by;
}

}  // namespace relreason::retrieval
