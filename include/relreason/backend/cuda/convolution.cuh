// relreason/backend/cuda/convolution.cuh -- windows of maps as rows and back, and the sums and passes of batch norm, on a device.
// Source: backend/cpu/windows.hpp, the same bits, and backend/cpu/columns.hpp, the same definitions in the order of fold.cuh. No atomics.
#pragma once

#include <cstddef>

#include "relreason/backend/cuda/segments.cuh"
#include "relreason/backend/row_total.hpp"
#include "relreason/backend/windows.hpp"

namespace relreason::device {

namespace pass {

// A thread for each number of the unfolded rows.
template <class T>
struct unfold {
  window_shape w;
  grid_width columns;
  int first;
  const T* x;
  T* to;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = columns.split(i);
    const int row = first + static_cast<int>(p.row), sample = row / w.windows(), at = row % w.windows();
    const int channel = static_cast<int>(p.column) % w.channels, cell = static_cast<int>(p.column) / w.channels;
    const int y = at / w.out_width * w.stride - w.padding + cell / w.kernel, c = at % w.out_width * w.stride - w.padding + cell % w.kernel;
    const bool inside = y >= 0 && y < w.height && c >= 0 && c < w.width;
    const std::size_t from = static_cast<std::size_t>(sample) * static_cast<std::size_t>(w.cells()) + static_cast<std::size_t>(y * w.width + c);
    to[i] = inside ? x[from * static_cast<std::size_t>(w.channels) + static_cast<std::size_t>(channel)] : T(0);
  }
};
// A thread for each number of the maps: the windows over it, in the order of rows.
template <class T>
struct fold_windows {
  window_shape w;
  grid_width channels;
  int first, last;
  const T* from;
  T* x;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = channels.split(i);
    const int sample = static_cast<int>(p.row) / w.cells(), cell = static_cast<int>(p.row) % w.cells(), y = cell / w.width, c = cell % w.width;
    T sum = x[i];
    for (int oy = w.first_over(y); oy < w.last_over(y, w.out_height); ++oy)
      for (int ox = w.first_over(c); ox < w.last_over(c, w.out_width); ++ox) {
        const int row = sample * w.windows() + oy * w.out_width + ox;
        if (row < first || row >= last) continue;
        const int place = (y + w.padding - oy * w.stride) * w.kernel + c + w.padding - ox * w.stride;
        sum += from[static_cast<std::size_t>(row - first) * static_cast<std::size_t>(w.columns()) +
                    static_cast<std::size_t>(place) * static_cast<std::size_t>(w.channels) + p.column];
      }
    x[i] = sum;
  }
};

template <class T>
struct normalize {
  grid_width width;
  const T *x, *mean, *scale, *shift;
  bool relu;
  T* y;
  RELREASON_HD void operator()(std::size_t i) const {
    const std::uint32_t j = width.split(i).column;
    const T v = product(x[i] - mean[j], scale[j]) + shift[j];
    y[i] = relu ? positive(v) : v;
  }
};
template <class T>
struct normalize_back {
  row_total rows;
  grid_width width;
  const T *dy, *y, *x, *mean, *of_g, *of_x, *shift;
  T* dx;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    if (p.row >= static_cast<std::size_t>(rows.now())) return;
    const std::uint32_t j = p.column;
    const T g = !y || y[i] > 0 ? dy[i] : T(0);
    dx[i] += product(g, of_g[j]) + product(x[i] - mean[j], of_x[j]) + shift[j];
  }
};

}  // namespace pass

namespace fold {

// Mean of x; or, with the mean at hand, of (x - mean)^2.
template <class T>
struct moment {
  using part = T;
  const T *x, *mean;
  std::size_t width;
  T* to;
  RELREASON_HD part empty() const { return 0; }
  RELREASON_HD part load(std::size_t row, std::uint32_t column) const {
    const T v = x[row * width + column];
    return mean ? product(v - mean[column], v - mean[column]) : v;
  }
  RELREASON_HD static void join(part& to, const part& next) { to += next; }
  RELREASON_HD void finish(std::size_t, std::uint32_t column, std::size_t count, const part& all) const {
    to[column] = count ? all / static_cast<T>(count) : T(0);
  }
};
template <class T>
struct normalize_sums {
  struct part {
    T g, gx;
  };
  const T *dy, *y, *x, *mean;
  std::size_t width;
  T* sums;
  RELREASON_HD part empty() const { return {T(0), T(0)}; }
  RELREASON_HD part load(std::size_t row, std::uint32_t column) const {
    const std::size_t i = row * width + column;
    const T g = !y || y[i] > 0 ? dy[i] : T(0);
    return {g, product(g, x[i] - mean[column])};
  }
  RELREASON_HD static void join(part& to, const part& next) {
    to.g += next.g;
    to.gx += next.gx;
  }
  RELREASON_HD void finish(std::size_t, std::uint32_t column, std::size_t, const part& all) const {
    sums[column] = all.g;
    sums[width + column] = all.gx;
  }
};

}  // namespace fold

// to: (rows, columns), the windows first, first + 1, ...; 0 where a window reaches beyond the maps
template <class System, class T>
void unfold(const System& system, const window_shape& w, int first, std::size_t rows, const T* x, T* to) {
  const auto columns = static_cast<std::size_t>(w.columns());
  each(system, rows * columns, pass::unfold<T>{w, grid_width(columns), first, x, to});
}
// x += what the rows hold for each of its numbers
template <class System, class T>
void fold_windows(const System& system, const window_shape& w, int first, std::size_t rows, const T* from, T* x) {
  if (rows == 0) return;
  const int last = first + static_cast<int>(rows), samples = (last + w.windows() - 1) / w.windows();
  const std::size_t n = static_cast<std::size_t>(samples) * static_cast<std::size_t>(w.cells()) * static_cast<std::size_t>(w.channels);
  each(system, n, pass::fold_windows<T>{w, grid_width(static_cast<std::size_t>(w.channels)), first, last, from, x});
}

// mean and variance (biased) of every column of the rows that count
template <class T>
std::size_t column_scratch(std::size_t rows, std::size_t width) {
  return fold_scratch<typename fold::normalize_sums<T>::part>(rows, 1, rows, width);
}
template <class System, class T>
void moments(const System& system, const row_total& rows, std::size_t width, const T* x, T* mean, T* variance, void* scratch) {
  run_fold(system, one_group{rows}, width, fold::moment<T>{x, nullptr, width, mean}, scratch);
  run_fold(system, one_group{rows}, width, fold::moment<T>{x, mean, width, variance}, scratch);
}
// y = (x - mean) scale + shift, or its positive part
template <class System, class T>
void normalize(const System& system, std::size_t rows, std::size_t width, const T* x, const T* mean, const T* scale, const T* shift, bool relu,
               T* y) {
  each(system, rows * width, pass::normalize<T>{grid_width(width), x, mean, scale, shift, relu, y});
}
// sums = sum g_i, then, width later, sum g_i (x_i - mean)    g: dy where y > 0, or dy where y is null
template <class System, class T>
void normalize_sums(const System& system, const row_total& rows, std::size_t width, const T* dy, const T* y, const T* x, const T* mean, T* sums,
                    void* scratch) {
  run_fold(system, one_group{rows}, width, fold::normalize_sums<T>{dy, y, x, mean, width, sums}, scratch);
}
// dx += of_g g + of_x (x - mean) + shift in the rows that count
template <class System, class T>
void normalize_back(const System& system, const row_total& rows, std::size_t width, const T* dy, const T* y, const T* x, const T* mean, const T* of_g,
                    const T* of_x, const T* shift, T* dx) {
  each(system, static_cast<std::size_t>(rows.rows) * width, pass::normalize_back<T>{rows, grid_width(width), dy, y, x, mean, of_g, of_x, shift, dx});
}

}  // namespace relreason::device
