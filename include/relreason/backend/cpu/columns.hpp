// relreason/backend/cpu/columns.hpp -- mean, variance and gradient sums of every column of many rows: in pieces that stay in cache, joined in order.
// Source: Chan, Golub, LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979).
#pragma once

#include <algorithm>
#include <cstddef>

#include "relreason/backend/kernels.hpp"
#include "relreason/core/executor.hpp"

namespace relreason::cpu {

inline constexpr int column_piece = 512;  // rows: 48 KB of 24 floats each

constexpr int column_pieces(int rows) { return (rows + column_piece - 1) / column_piece; }

// f(piece, first row, rows): no result depends on who runs a piece.
template <class F>
void each_piece(executor& threads, int rows, F&& f) {
  threads.parallel_for(column_pieces(rows), [&](int p) { f(p, p * column_piece, std::min(column_piece, rows - p * column_piece)); });
}

// mean and variance (biased) of every column; partial: 2 pieces width numbers.
template <class T>
void moments(executor& threads, const row_kernels<T>& pass, int rows, int width, const T* x, T* mean, T* variance, T* partial) {
  const auto w = static_cast<std::size_t>(width);
  each_piece(threads, rows, [&](int p, int first, int n) {
    T* const own = partial + 2 * w * static_cast<std::size_t>(p);
    pass.moments(n, w, x + static_cast<std::size_t>(first) * w, own, own + w);
  });
  for (std::size_t j = 0; j < w; ++j) {
    double count = 0, m = 0, gaps = 0;
    for (int p = 0; p < column_pieces(rows); ++p) {
      const T* const own = partial + 2 * w * static_cast<std::size_t>(p) + j;
      const double more = std::min(column_piece, rows - p * column_piece), gap = static_cast<double>(own[0]) - m, all = count + more;
      m += gap * more / all;
      gaps += static_cast<double>(own[w]) + gap * gap * count * more / all;
      count = all;
    }
    mean[j] = static_cast<T>(m);
    variance[j] = static_cast<T>(gaps / count);
  }
}
// sums = sum g_i, then, width later, sum g_i (x_i - mean)    g: dy where y > 0, or dy where y is null
template <class T>
void normalize_sums(executor& threads, const row_kernels<T>& pass, int rows, int width, const T* dy, const T* y, const T* x, const T* mean, T* sums,
                    T* partial) {
  const auto w = static_cast<std::size_t>(width);
  each_piece(threads, rows, [&](int p, int first, int n) {
    const std::size_t at = static_cast<std::size_t>(first) * w;
    pass.normalize_sums(n, w, dy + at, y ? y + at : nullptr, x + at, mean, partial + 2 * w * static_cast<std::size_t>(p));
  });
  for (std::size_t j = 0; j < 2 * w; ++j) {
    double sum = 0;
    for (int p = 0; p < column_pieces(rows); ++p) sum += static_cast<double>(partial[2 * w * static_cast<std::size_t>(p) + j]);
    sums[j] = static_cast<T>(sum);
  }
}

}  // namespace relreason::cpu
