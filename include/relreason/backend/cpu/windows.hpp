// relreason/backend/cpu/windows.hpp -- windows of maps as rows, so that a convolution is a product; and the way back, which adds.
// Source: Chellapilla, Puri, Simard, "High Performance Convolutional Neural Networks for Document Processing" (2006): "unfolding".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "relreason/backend/kernels.hpp"
#include "relreason/backend/windows.hpp"

namespace relreason::cpu {

// A few numbers, for which calling memcpy costs more than the copy.
template <class T>
inline void copy_run(T* to, const T* from, int n) {
  int i = 0;
  for (; i + 4 <= n; i += 4) std::memcpy(to + i, from + i, 4 * sizeof(T));
  for (; i < n; ++i) to[i] = from[i];
}

// The first cell of a window, which may lie outside; x: the first cell of its sample.
template <class T>
struct window_at {
  T* x;
  int top, left;
};

// f(window) for the windows first .. first + n_rows, in order.
template <class T, class F>
inline void each_window(const window_shape& w, int first, int n_rows, T* x, F&& f) {
  const auto sample = static_cast<std::size_t>(w.cells()) * static_cast<std::size_t>(w.channels);
  const int at = first % w.windows();
  x += static_cast<std::size_t>(first / w.windows()) * sample;
  for (int oy = at / w.out_width, ox = at % w.out_width, row = 0; row < n_rows; ++row) {
    f(window_at<T>{x, oy * w.stride - w.padding, ox * w.stride - w.padding});
    if (++ox < w.out_width) continue;
    ox = 0;
    if (++oy < w.out_height) continue;
    oy = 0;
    x += sample;
  }
}
// The parts of a window that lie inside the maps: f(place in the unfolded row, the same in the maps, numbers), one call per line of the window.
template <class T, class F>
inline void each_run(const window_shape& w, const window_at<T>& at, F&& f) {
  const int left = std::max(0, -at.left), right = std::min(w.kernel, w.width - at.left), last = std::min(w.kernel, w.height - at.top);
  if (left >= right) return;
  for (int ky = std::max(0, -at.top); ky < last; ++ky) {
    const auto cell = static_cast<std::size_t>(at.top + ky) * static_cast<std::size_t>(w.width) + static_cast<std::size_t>(at.left + left);
    f((ky * w.kernel + left) * w.channels, at.x + cell * static_cast<std::size_t>(w.channels), (right - left) * w.channels);
  }
}
template <class T>
constexpr bool reaches_out(const window_shape& w, const window_at<T>& at) {
  return at.top < 0 || at.left < 0 || at.top + w.kernel > w.height || at.left + w.kernel > w.width;
}

// to: (n_rows, columns), the windows first, first + 1, ...; 0 where a window reaches beyond the maps
template <class T>
void unfold(const window_shape& w, int first, int n_rows, const T* x, T* to) {
  const auto columns = static_cast<std::size_t>(w.columns());
  each_window(w, first, n_rows, x, [&](const window_at<const T>& at) {
    if (reaches_out(w, at)) std::fill_n(to, columns, T(0));
    each_run(w, at, [&](int place, const T* from, int n) { copy_run(to + place, from, n); });
    to += columns;
  });
}
// x += what the rows hold for each of its numbers, in the order of rows
template <class T>
void fold(const row_kernels<T>& pass, const window_shape& w, int first, int n_rows, const T* rows, T* x) {
  each_window(w, first, n_rows, x, [&](const window_at<T>& at) {
    each_run(w, at, [&](int place, T* to, int n) { pass.add(static_cast<std::size_t>(n), to, rows + place); });
    rows += w.columns();
  });
}

}  // namespace relreason::cpu
