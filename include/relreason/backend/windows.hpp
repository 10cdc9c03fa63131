// relreason/backend/windows.hpp -- square windows that step over maps: where a convolution or a pooling reads.
// Source: PyTorch's Conv2d and MaxPool2d: zero padding on all sides, out = floor((in + 2 padding - kernel) / stride) + 1.
#pragma once

#include "relreason/backend/host_device.hpp"

namespace relreason {

// Maps are (height, width, channels), channels innermost. One row per window (sample, out_y, out_x), in this order.
struct window_shape {
  int height = 1, width = 1, channels = 1, kernel = 1, stride = 1, padding = 0, out_height = 1, out_width = 1;

  constexpr window_shape() = default;
  constexpr window_shape(int h, int w, int c, int k, int s, int p)
      : height(h), width(w), channels(c), kernel(k), stride(s), padding(p), out_height(steps(h)), out_width(steps(w)) {}
  RELREASON_HD constexpr int columns() const { return kernel * kernel * channels; }  // of an unfolded row: (y, x, channel) of the window
  RELREASON_HD constexpr int windows() const { return out_height * out_width; }      // of one sample
  RELREASON_HD constexpr int cells() const { return height * width; }

  // The first and the last window, plus one, of those along an axis that reach over place `at` of it.
  RELREASON_HD constexpr int first_over(int at) const { return at + padding < kernel ? 0 : (at + padding - kernel) / stride + 1; }
  RELREASON_HD constexpr int last_over(int at, int out) const { return (at + padding) / stride + 1 < out ? (at + padding) / stride + 1 : out; }

 private:
  constexpr int steps(int in) const { return in + 2 * padding < kernel ? 0 : (in + 2 * padding - kernel) / stride + 1; }
};

}  // namespace relreason
