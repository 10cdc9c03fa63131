// relreason/backend/cuda/elements.cuh -- element-wise passes as function objects, and thin functions that run them on a system.
// Source: backend/cpu/rows_body.hpp and backend/rows.hpp, the same definitions; in float the same bits. docs/policies/backend.md lists them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "relreason/backend/cuda/arithmetic.cuh"
#include "relreason/backend/cuda/functions.cuh"
#include "relreason/backend/cuda/reciprocal.cuh"
#include "relreason/backend/cuda/system.cuh"
#include "relreason/backend/kernels.hpp"
#include "relreason/core/philox.hpp"

namespace relreason::device {

// What numbers stored as X are computed in.
template <class X>
using computed = std::conditional_t<std::is_same_v<X, bf16>, float, X>;

// Where the masks of one layer of one line are drawn. A captured step reads its number from memory (`step_at`, if given).
struct dropout_place {
  std::uint64_t seed = 0, line = 0;
  int layer = 0;
  std::uint64_t step = 0;
  const std::uint64_t* step_at = nullptr;

  RELREASON_HD std::uint64_t stream() const {  // as rows_of::dropout_stream
    return (line ^ ((step_at ? *step_at : step) * 0x9e3779b97f4a7c15u)) + static_cast<std::uint64_t>(layer + 1) * 0xd1b54a32d192ed03u;
  }
};

namespace pass {

template <class T>
struct fill {
  T* to;
  T value;
  RELREASON_HD void operator()(std::size_t i) const { to[i] = value; }
};
template <class To, class From>
struct copy {
  To* to;
  const From* from;
  RELREASON_HD void operator()(std::size_t i) const { to[i] = static_cast<To>(from[i]); }
};
template <class T>
struct add {
  T* to;
  const T* from;
  RELREASON_HD void operator()(std::size_t i) const { to[i] += from[i]; }
};
template <class T>
struct scale {
  T* to;
  T by;
  RELREASON_HD void operator()(std::size_t i) const { to[i] *= by; }
};
template <class T>
struct add_scaled {
  T* to;
  T by;
  const T* from;
  RELREASON_HD void operator()(std::size_t i) const { to[i] += product(from[i], by); }
};
template <class T>
struct gate {
  T* to;
  const T* by;
  RELREASON_HD void operator()(std::size_t i) const { to[i] = by[i] > 0 ? to[i] : T(0); }
};
template <class T>
struct add_relu {
  T* to;
  const T *a, *b;
  RELREASON_HD void operator()(std::size_t i) const { to[i] = positive(a[i] + b[i]); }
};
template <class T>
struct exp {
  T* x;
  RELREASON_HD void operator()(std::size_t i) const { x[i] = exp_of(x[i]); }
};
template <class T>
struct tanh {
  T* x;
  RELREASON_HD void operator()(std::size_t i) const { x[i] = tanh_of(x[i]); }
};
template <class T>
struct sigmoid {
  T* x;
  RELREASON_HD void operator()(std::size_t i) const { x[i] = sigmoid_of(x[i]); }
};
template <class T>
struct gelu {
  activation form;
  T* to;
  const T* x;
  RELREASON_HD void operator()(std::size_t i) const { to[i] = gelu_of(form, x[i]); }
};
template <class T>
struct gelu_back {
  activation form;
  T* to;
  const T *x, *dy;
  bool add;
  RELREASON_HD void operator()(std::size_t i) const {
    const T d = product(gelu_slope_of(form, x[i]), dy[i]);
    to[i] = add ? to[i] + d : d;
  }
};

// One thread for the entries that share a block of four words.
template <class X, class T>
struct dropout {
  std::size_t n;
  X* x;
  std::uint32_t below;
  T keep;
  dropout_place place;
  std::uint64_t first;
  RELREASON_HD void operator()(std::size_t k) const {
    const std::uint64_t at = first / 4 + k;
    const philox::block b = philox::at(place.seed, place.stream(), at);
    for (std::uint64_t lane = 0; lane < 4; ++lane) {
      const std::uint64_t position = 4 * at + lane;
      if (position < first || position - first >= n) continue;
      X& value = x[position - first];
      value = static_cast<X>(b.v[lane] < below ? T(0) : value * keep);
    }
  }
};

// gates: the pre-activations, then i, f, g, o; c: the state before, then after
template <class T>
struct lstm_forward {
  grid_width width;
  std::size_t w;
  T *gates, *c, *tc, *h;
  RELREASON_HD void operator()(std::size_t at) const {
    const place p = width.split(at);
    T* const gate = gates + 4 * w * p.row + p.column;
    const T i = sigmoid_of(gate[0]), f = sigmoid_of(gate[w]), g = tanh_of(gate[2 * w]), o = sigmoid_of(gate[3 * w]);
    const T state = product(f, c[at]) + product(i, g), t = tanh_of(state);
    gate[0] = i, gate[w] = f, gate[2 * w] = g, gate[3 * w] = o;
    c[at] = state;
    tc[at] = t;
    h[at] = o * t;
  }
};
// gates: i, f, g, o, then their gradients before activation; dc: that of the state after, then before
template <class T>
struct lstm_backward {
  grid_width width;
  std::size_t w;
  T* gates;
  const T *c_before, *tc, *dh;
  T* dc;
  RELREASON_HD void operator()(std::size_t at) const {
    const place p = width.split(at);
    T* const gate = gates + 4 * w * p.row + p.column;
    const T i = gate[0], f = gate[w], g = gate[2 * w], o = gate[3 * w], t = tc[at], up = dh[at];
    const T d = dc[at] + product(up * o, 1 - product(t, t));
    gate[0] = d * g * i * (1 - i);
    gate[w] = d * c_before[at] * f * (1 - f);
    gate[2 * w] = product(d, i) * (1 - product(g, g));
    gate[3 * w] = up * t * o * (1 - o);
    dc[at] = d * f;
  }
};

template <class T>
struct adam {
  T* w;
  const T* g;
  T *m, *v;
  const adam_factors<T>* factors;
  RELREASON_HD void operator()(std::size_t i) const {
    const adam_factors<T> k = *factors;
    const T kept = product(w[i], k.keep_parameter), d = product(g[i], k.scale) + product(kept, k.decay_gradient);
    const T first = m[i] + product(d - m[i], k.new1), second = product(v[i], k.keep2) + product(d * k.new2, d);
    m[i] = first;
    v[i] = second;
    w[i] = kept - product(first, k.rate) / (std::sqrt(second) / k.root + k.epsilon);
  }
};
template <class T>
struct sgd {
  T* w;
  const T* g;
  T* b;
  const sgd_factors<T>* factors;
  RELREASON_HD void operator()(std::size_t i) const {
    const sgd_factors<T> k = *factors;
    const T d = product(g[i], k.scale) + product(k.decay, w[i]);
    b[i] = product(k.momentum, b[i]) + d;
    w[i] -= product(k.rate, k.nesterov ? d + product(k.momentum, b[i]) : b[i]);
  }
};

}  // namespace pass

template <class System, class T>
void fill(const System& system, std::size_t n, T* to, T value) {
  each(system, n, pass::fill<T>{to, value});
}
template <class System, class To, class From>  // converts, for instance float to bf16
void copy(const System& system, std::size_t n, To* to, const From* from) {
  each(system, n, pass::copy<To, From>{to, from});
}
template <class System, class T>  // to += from
void add(const System& system, std::size_t n, T* to, const T* from) {
  each(system, n, pass::add<T>{to, from});
}
template <class System, class T>  // to *= by
void scale(const System& system, std::size_t n, T* to, T by) {
  each(system, n, pass::scale<T>{to, by});
}
template <class System, class T>  // to += by * from
void add_scaled(const System& system, std::size_t n, T* to, T by, const T* from) {
  each(system, n, pass::add_scaled<T>{to, by, from});
}
template <class System, class T>  // to = by > 0 ? to : 0
void gate(const System& system, std::size_t n, T* to, const T* by) {
  each(system, n, pass::gate<T>{to, by});
}
template <class System, class T>  // to = max(a + b, 0); NaN stays
void add_relu(const System& system, std::size_t n, T* to, const T* a, const T* b) {
  each(system, n, pass::add_relu<T>{to, a, b});
}
template <class System, class T>
void exp(const System& system, std::size_t n, T* x) {
  each(system, n, pass::exp<T>{x});
}
template <class System, class T>
void tanh(const System& system, std::size_t n, T* x) {
  each(system, n, pass::tanh<T>{x});
}
template <class System, class T>
void sigmoid(const System& system, std::size_t n, T* x) {
  each(system, n, pass::sigmoid<T>{x});
}
template <class System, class T>  // to = gelu(x), in one of its forms
void gelu(const System& system, activation form, std::size_t n, T* to, const T* x) {
  each(system, n, pass::gelu<T>{form, to, x});
}
template <class System, class T>  // to = gelu'(x) dy, or, with add, to += that
void gelu_back(const System& system, activation form, std::size_t n, T* to, const T* x, const T* dy, bool add) {
  each(system, n, pass::gelu_back<T>{form, to, x, dy, add});
}
// Drops percent of the entries and scales the others by 1 / (1 - percent / 100); entry i of x is entry first + i of the stream.
template <class System, class X>
void dropout(const System& system, std::size_t n, X* x, int percent, const dropout_place& place, std::uint64_t first) {
  using T = computed<X>;
  const auto below = static_cast<std::uint32_t>(static_cast<std::uint64_t>(percent) * 0x100000000u / 100);
  if (n) each(system, (first + n + 3) / 4 - first / 4, pass::dropout<X, T>{n, x, below, static_cast<T>(100.0 / (100 - percent)), place, first});
}
template <class System, class T>
void lstm_forward(const System& system, std::size_t rows, std::size_t width, T* gates, T* c, T* tc, T* h) {
  each(system, rows * width, pass::lstm_forward<T>{grid_width(width), width, gates, c, tc, h});
}
template <class System, class T>
void lstm_backward(const System& system, std::size_t rows, std::size_t width, T* gates, const T* c_before, const T* tc, const T* dh, T* dc) {
  each(system, rows * width, pass::lstm_backward<T>{grid_width(width), width, gates, c_before, tc, dh, dc});
}
// Adam and AdamW; the factors lie in the system's memory, so a captured step may be given new ones.
template <class System, class T>
void adam(const System& system, std::size_t n, T* w, const T* g, T* m, T* v, const adam_factors<T>* factors) {
  each(system, n, pass::adam<T>{w, g, m, v, factors});
}
template <class System, class T>
void sgd(const System& system, std::size_t n, T* w, const T* g, T* b, const sgd_factors<T>* factors) {
  each(system, n, pass::sgd<T>{w, g, b, factors});
}

}  // namespace relreason::device
