// relreason/message/pair_passes.hpp -- what sum_over does element by element beside the backend's primitives: function objects for context::each.
// Source: message/sum_over.hpp; indices of -1 name no row.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>

#include "relreason/backend/stored.hpp"

namespace relreason {

namespace detail {

template <class T>
struct empty_to_zero {  // r_p = 0 for a parent without pairs
  T* r;
  const int* start;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    const std::size_t p = i / static_cast<std::size_t>(width);
    if (start[p] == start[p + 1]) r[i] = 0;
  }
};
template <class T>
struct select_best {  // d_ij = i won feature j of its parent, and its ReLU let it pass ? dr_j : 0
  stored<T> d;
  const T* dr;
  const int *parent, *best;
  const std::uint32_t* bits;  // null without ReLU
  int first, width, words;
  RELREASON_HD void operator()(std::size_t k) const {
    const std::size_t i = k / static_cast<std::size_t>(width), j = k % static_cast<std::size_t>(width);
    const std::size_t at = static_cast<std::size_t>(parent[i]) * static_cast<std::size_t>(width) + j;
    const bool passed = parent[i] >= 0 && (!bits || (bits[i * static_cast<std::size_t>(words) + j / 32] >> (j % 32) & 1u));
    d.set(k, passed && best[at] == first + static_cast<int>(i) ? dr[at] : T(0));
  }
};
template <class T>
struct take_at {
  T* to;
  const T* from;
  const int* index;
  RELREASON_HD void operator()(std::size_t i) const { to[i] = index[i] < 0 ? T(0) : from[index[i]]; }
};
template <class T>
RELREASON_HD T square_of_row(stored<const T> z, std::size_t i, int width) {
  T sum = 0;
  const stored<const T> row = z + i * static_cast<std::size_t>(width);
  for (int j = 0; j < width; ++j) {
    const T x = row.get(static_cast<std::size_t>(j));
    sum += x * x;
  }
  return sum;
}
template <class T>
struct inverse_norms {  // 1 / |z_i|, as PyTorch's normalize
  T* to;
  stored<const T> z;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    const T sum = square_of_row(z, i, width);
    const T norm = std::sqrt(sum);
    to[i] = 1 / (norm > T(1e-12) ? norm : T(1e-12));
  }
};
template <class T>
struct over_pairs {  // r_p / number of p's pairs
  T* r;
  const int* start;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    const std::size_t p = i / static_cast<std::size_t>(width);
    if (start[p + 1] > start[p]) r[i] /= static_cast<T>(start[p + 1] - start[p]);
  }
};
template <class T>
struct pair_norms {  // |w_i z_i| of the real pairs
  T* to;
  stored<const T> z;
  const T* weight;  // or null
  const int* real;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    if (real[i] < 0) return;
    to[real[i]] = std::sqrt(square_of_row(z, i, width)) * (weight ? std::abs(weight[i]) : T(1));
  }
};

}  // namespace detail

}  // namespace relreason
