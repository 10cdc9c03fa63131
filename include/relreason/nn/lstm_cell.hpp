// relreason/nn/lstm_cell.hpp -- one step of an LSTM for many rows. Gates in PyTorch's order i, f, g, o.
//   i, f, o = sigmoid(.)   g = tanh(.)   of a = W_ih x + b_ih + W_hh h' + b_hh;   c = f c' + i g;   h = o tanh(c)
#pragma once

#include "relreason/backend/rows.hpp"
#include "relreason/core/operation.hpp"

namespace relreason::lstm_cell {

// In: gates holds a (4 width); c the state before. Out: gates holds i, f, g, o; c the state after; tc = tanh(c); h.
template <class T>
void forward(int width, T* gates, T* c, T* tc, T* h) {
  const auto w = static_cast<std::size_t>(width);
  T *i = gates, *f = i + w, *g = f + w, *o = g + w;
  rows_of::sigmoid(2 * w, i);
  rows_of::tanh(w, g);
  rows_of::sigmoid(w, o);
  for (std::size_t k = 0; k < w; ++k) c[k] = f[k] * c[k] + i[k] * g[k];
  std::copy_n(c, w, tc);
  rows_of::tanh(w, tc);
  for (std::size_t k = 0; k < w; ++k) h[k] = o[k] * tc[k];
}

// In: dh, dc of the state after. Out: gates holds da; dc that of the state before.
template <class T>
void backward(int width, T* gates, const T* c_before, const T* tc, const T* dh, T* dc) {
  const auto w = static_cast<std::size_t>(width);
  T *i = gates, *f = i + w, *g = f + w, *o = g + w;
  for (std::size_t k = 0; k < w; ++k) {
    const T d = dc[k] + dh[k] * o[k] * (1 - tc[k] * tc[k]);
    const T di = d * g[k] * i[k] * (1 - i[k]), df = d * c_before[k] * f[k] * (1 - f[k]);
    const T dg = d * i[k] * (1 - g[k] * g[k]), od = dh[k] * tc[k] * o[k] * (1 - o[k]);
    dc[k] = d * f[k];
    i[k] = di;
    f[k] = df;
    g[k] = dg;
    o[k] = od;
  }
}

}  // namespace relreason::lstm_cell
