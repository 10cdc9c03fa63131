// relreason/nn/pool2d.hpp -- maps made smaller: the greatest or the mean number of every window, or of all cells (global_pool).
// Source: PyTorch's MaxPool2d (the first of equal numbers; NaN wins), AvgPool2d (zeros of the padding count) and AdaptiveAvgPool2d(1).
#pragma once

#include <limits>
#include <string>
#include <type_traits>

#include "relreason/message/aggregator.hpp"
#include "relreason/nn/windows.hpp"

namespace relreason {

namespace detail {

// One call per window: every channel of it.
template <class T, bool Max>
struct pool_forward {
  window_shape w;
  const T* x;
  T* y;
  int* best;  // max: cell of the sample that won; null where no gradient is wanted
  RELREASON_HD void operator()(std::size_t i) const {
    const auto per = static_cast<std::size_t>(w.windows()), channels = static_cast<std::size_t>(w.channels);
    const int at = static_cast<int>(i % per), y0 = at / w.out_width * w.stride - w.padding, x0 = at % w.out_width * w.stride - w.padding;
    const T* const sample = x + i / per * static_cast<std::size_t>(w.cells()) * channels;
    T* const to = y + i * channels;
    int* const won = best ? best + i * channels : nullptr;
    for (std::size_t c = 0; c < channels; ++c) {
      to[c] = Max ? -std::numeric_limits<T>::infinity() : T(0);
      if (won) won[c] = -1;
    }
    for (int ky = y0 < 0 ? 0 : y0; ky < y0 + w.kernel && ky < w.height; ++ky)
      for (int kx = x0 < 0 ? 0 : x0; kx < x0 + w.kernel && kx < w.width; ++kx) {
        const int cell = ky * w.width + kx;
        const T* const from = sample + static_cast<std::size_t>(cell) * channels;
        for (std::size_t c = 0; c < channels; ++c) {
          if constexpr (!Max) to[c] += from[c];
          else if (from[c] > to[c] || from[c] != from[c] || (won && won[c] < 0)) {
            to[c] = from[c];
            if (won) won[c] = cell;
          }
        }
      }
    if constexpr (!Max)
      for (std::size_t c = 0; c < channels; ++c) to[c] /= static_cast<T>(w.kernel * w.kernel);
  }
};
// One call per cell: what the windows over it hand back, in order.
template <class T, bool Max>
struct pool_backward {
  window_shape w;
  const T* dy;
  const int* best;
  T* dx;
  RELREASON_HD void operator()(std::size_t i) const {
    const auto per = static_cast<std::size_t>(w.cells()), channels = static_cast<std::size_t>(w.channels);
    const int cell = static_cast<int>(i % per), row = cell / w.width, column = cell % w.width;
    T* const to = dx + i * channels;
    for (int oy = w.first_over(row); oy < w.last_over(row, w.out_height); ++oy)
      for (int ox = w.first_over(column); ox < w.last_over(column, w.out_width); ++ox) {
        const std::size_t window = i / per * static_cast<std::size_t>(w.windows()) + static_cast<std::size_t>(oy * w.out_width + ox);
        for (std::size_t c = 0; c < channels; ++c) {
          const T d = dy[window * channels + c];
          if constexpr (!Max) to[c] += d / static_cast<T>(w.kernel * w.kernel);
          else if (best[window * channels + c] == cell) to[c] += d;
        }
      }
  }
};

// The aggregators that pool.
template <class By>
inline constexpr bool pools_windows = std::is_same_v<By, by_max> || std::is_same_v<By, by_mean>;

// The cell that won gets the gradient: one of each sample and channel.
template <class T>
struct best_backward {
  const int* best;
  const T* dy;
  T* dx;
  std::size_t channels;
  RELREASON_HD void operator()(std::size_t i) const {
    if (best[i] >= 0) dx[static_cast<std::size_t>(best[i]) * channels + i % channels] += dy[i];
  }
};
struct no_best {  // where all cells are -inf none wins
  int* best;
  RELREASON_HD void operator()(std::size_t i) const { best[i] = -1; }
};

}  // namespace detail

// pool2d<by_max, kernel<2>>: windows step by their own size unless a stride is given.
template <class By, class... Options>
struct pool2d {
  static_assert(detail::pools_windows<By>, "relreason::pool2d: the first argument must be by_max or by_mean");
  static constexpr auto options = detail::read_window_options<Options...>(2);
  static_assert(options.good && options.bias, "relreason::pool2d: an option must be kernel<n>, stride<n> or padding<n>");
  static_assert(2 * options.padding <= options.kernel, "relreason::pool2d: the padding must be at most half of the kernel");

  template <class X>
  struct bind : operation {
    static_assert(is_maps<typename X::what>, "relreason::pool2d: it reads maps<channels, height, width>, not plain features, ids or labels");
    static constexpr window_shape windows = detail::windows_over<typename X::what>(options, options.kernel);
    static_assert(windows.windows() > 0, "relreason::pool2d: the kernel is larger than the maps and their padding");
    using space = typename X::space;
    using out = value<space, maps<windows.channels, detail::at_least_one(windows.out_height), detail::at_least_one(windows.out_width)>>;
    static constexpr bool on_device = true, max = std::is_same_v<By, by_max>;
    static std::string text() {
      const std::string k = std::to_string(options.kernel);
      return std::string(max ? "max" : "mean") + " pool " + k + " x " + k + ", stride " + std::to_string(windows.stride);
    }

    template <class T>
    struct tape {
      int* best = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      if (max && ctx.gradients) t.best = ctx.memory->template take<int>(n_windows(ctx) * static_cast<std::size_t>(windows.channels));
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      ctx.each(n_windows(ctx), detail::pool_forward<typename C::real, max>{windows, in.real(0), y, t.best});
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      if (in.dx[0]) ctx.each(n_cells(ctx), detail::pool_backward<typename C::real, max>{windows, dy, t.best, in.dx[0]});
    }

   private:
    template <class C>
    static std::size_t n_windows(const C& ctx) {
      return extent_product(ctx.template at<space>().rows, windows.windows());
    }
    template <class C>
    static std::size_t n_cells(const C& ctx) {
      return extent_product(ctx.template at<space>().rows, windows.cells());
    }
  };
};

// All cells of a map to one row: sum, mean or greatest number of every channel.
template <class By = by_mean>
struct global_pool {
  static_assert(detail::pools_windows<By> || std::is_same_v<By, by_sum>, "relreason::global_pool: the argument must be by_sum, by_mean or by_max");
  template <class X>
  struct bind : operation {
    static_assert(is_maps<typename X::what>, "relreason::global_pool: it reads maps<channels, height, width>, not plain features, ids or labels");
    using shape = detail::map_shape<typename X::what>;
    using space = typename X::space;
    static constexpr int w = shape::channels, cells = shape::height * shape::width;
    using out = rows<space, w>;
    static constexpr bool on_device = true, by_extents = true, max = std::is_same_v<By, by_max>, mean = std::is_same_v<By, by_mean>;
    static std::string text() { return std::string(max ? "greatest" : mean ? "mean" : "sum") + " of all cells"; }

    template <class T>
    struct tape {
      row_groups of_sample;  // cells
      int* best = nullptr;   // max: the cell that won
      staged<T> factor;      // mean: 1 / cells, by sample
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      const int n = ctx.template at<space>().rows;
      t.of_sample = ctx.take_groups(n * cells, n);
      if (max) t.best = ctx.memory->template take<int>(extent_product(n, w));
      if (mean) t.factor = ctx.template take_table<typename C::real>(n);
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>&) {
      using T = typename C::real;
      for (int p = 0; p < t.of_sample.groups; ++p) {
        std::fill_n(t.of_sample.of.host + extent_product(p, cells), cells, p);
        if (mean) t.factor.host[p] = T(1) / static_cast<T>(cells);
      }
      ctx.close_groups(t.of_sample);
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      using T = typename C::real;
      const int n = ctx.template at<space>().rows;
      ctx.fill(extent_product(n, w), y, max ? -std::numeric_limits<T>::infinity() : T(0));
      if (max) ctx.each(extent_product(n, w), detail::no_best{t.best});
      if (max) ctx.max_groups(t.of_sample, 0, n * cells, w, in.real(0), y, t.best);
      else ctx.sum_groups(t.of_sample, 0, n * cells, w, in.real(0), w, y, w);
      if (mean) ctx.scale_rows(n, w, y, t.factor.at);
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      using T = typename C::real;
      if (!in.dx[0]) return;
      const int n = ctx.template at<space>().rows;
      if (max) ctx.each(extent_product(n, w), detail::best_backward<T>{t.best, dy, in.dx[0], w});
      else ctx.add_rows(n * cells, w, in.dx[0], w, dy, w, t.of_sample.of.at, mean ? t.factor.at : nullptr);
    }
  };
};

}  // namespace relreason
