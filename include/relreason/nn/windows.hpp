// relreason/nn/windows.hpp -- the options with which operations over maps say how their windows step: kernel<3>, stride<2>, padding<1>.
#pragma once

#include "relreason/backend/windows.hpp"
#include "relreason/core/operation.hpp"

namespace relreason {

template <int Cells>
struct kernel {
  static_assert(Cells > 0, "relreason::kernel: the window must be at least one cell high and wide");
};
template <int Cells>
struct stride {
  static_assert(Cells > 0, "relreason::stride: windows must step by at least one cell");
};
template <int Cells>
struct padding {  // zeros on all four sides
  static_assert(Cells >= 0, "relreason::padding: the number of cells must not be negative");
};
struct no_bias {};

namespace detail {

struct window_options {
  int kernel = 1, stride = 0, padding = 0;
  bool bias = true, good = true;
};
template <class O>
struct window_option {
  static constexpr void set(window_options& o) { o.good = false; }
};
template <int N>
struct window_option<kernel<N>> {
  static constexpr void set(window_options& o) { o.kernel = N; }
};
template <int N>
struct window_option<stride<N>> {
  static constexpr void set(window_options& o) { o.stride = N; }
};
template <int N>
struct window_option<padding<N>> {
  static constexpr void set(window_options& o) { o.padding = N; }
};
template <>
struct window_option<no_bias> {
  static constexpr void set(window_options& o) { o.bias = false; }
};
template <class... Options>
constexpr window_options read_window_options(int usual_kernel) {
  window_options o;
  o.kernel = usual_kernel;
  (window_option<Options>::set(o), ...);
  return o;
}

// Maps, or one cell that stands for them after the error.
template <class What>
struct map_shape {
  static constexpr int channels = What::width, height = 1, width = 1;
};
template <int C, int H, int W>
struct map_shape<maps<C, H, W>> {
  static constexpr int channels = C, height = H, width = W;
};
template <class What>
constexpr window_shape windows_over(const window_options& o, int usual_stride) {
  using shape = map_shape<What>;
  return {shape::height, shape::width, shape::channels, o.kernel, o.stride ? o.stride : usual_stride, o.padding};
}
constexpr int at_least_one(int n) { return n > 0 ? n : 1; }

template <class C, class Space, class What>
int cells_of(const C& ctx) {
  return ctx.template at<Space>().rows * map_shape<What>::height * map_shape<What>::width;
}

}  // namespace detail

}  // namespace relreason
