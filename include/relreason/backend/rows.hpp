// relreason/backend/rows.hpp -- element-wise passes over rows, written with vector extensions: no flag, no dispatch, no libm.
// Every element has the same bits wherever it stands in an array: tails run through the same vector code.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "relreason/core/philox.hpp"

namespace relreason::rows_of {

template <class T>
struct wide;
template <>
struct wide<float> {
  using real __attribute__((vector_size(32))) = float;
  using integer __attribute__((vector_size(32))) = std::int32_t;
  static constexpr std::size_t n = 8;
};
template <>
struct wide<double> {
  using real __attribute__((vector_size(32))) = double;
  using integer __attribute__((vector_size(32))) = std::int64_t;
  static constexpr std::size_t n = 4;
};

// f(to, from[0], from[1], ...) on whole vectors of the arrays, and on a padded one for the tail.
template <class T, class F, class... From>
inline void apply(std::size_t n, T* to, F&& f, const From*... from) {
  using v = typename wide<T>::real;
  constexpr std::size_t step = wide<T>::n;
  const auto part = [&](std::size_t i, std::size_t bytes) __attribute__((always_inline)) {
    v a{}, b[sizeof...(From) + 1]{};
    std::memcpy(&a, to + i, bytes);
    std::size_t k = 0;
    (std::memcpy(&b[k++], from + i, bytes), ...);
    f(a, b);
    std::memcpy(to + i, &a, bytes);
  };
  std::size_t i = 0;
  for (; i + step <= n; i += step) part(i, sizeof(v));
  if (i < n) part(i, (n - i) * sizeof(T));
}

template <class T>
inline void add(std::size_t n, T* to, const T* from) {
  using v = typename wide<T>::real;
  apply(
      n, to, [](v & a, const v* b) __attribute__((always_inline)) { a += b[0]; }, from);
}
template <class T>
inline void scale(std::size_t n, T* to, T by) {
  using v = typename wide<T>::real;
  apply(
      n, to, [by](v & a, const v*) __attribute__((always_inline)) { a *= by; });
}
template <class T>  // to += by * from
inline void add_scaled(std::size_t n, T* to, T by, const T* from) {
  using v = typename wide<T>::real;
  apply(
      n, to, [by](v & a, const v* b) __attribute__((always_inline)) { a += by * b[0]; }, from);
}
template <class T>  // to = max(a + b, 0); NaN stays
inline void add_relu(std::size_t n, T* to, const T* a, const T* b) {
  using v = typename wide<T>::real;
  apply(
      n, to, [](v & t, const v* x) __attribute__((always_inline)) {
        const v s = x[0] + x[1];
        t = s < 0 ? v{} : s;
      },
      a, b);
}
template <class T>  // to = gate > 0 ? to : 0
inline void gate(std::size_t n, T* to, const T* by) {
  using v = typename wide<T>::real;
  apply(
      n, to, [](v & a, const v* g) __attribute__((always_inline)) { a = g[0] > 0 ? a : v{}; }, by);
}
template <class T>
inline T dot(std::size_t n, const T* a, const T* b) {
  T s = 0;
  for (std::size_t i = 0; i < n; ++i) s += a[i] * b[i];
  return s;
}
// to[j] = bit j of `bits` ? from[j] * by : 0
template <class T>
inline void select_bits(std::size_t n, T* to, const std::uint32_t* bits, const T* from, T by) {
  using v = typename wide<T>::real;
  using k = typename wide<T>::integer;
  constexpr std::size_t step = wide<T>::n;
  k lane;
  for (std::size_t j = 0; j < step; ++j) lane[j] = static_cast<std::int32_t>(1u << j);
  for (std::size_t i = 0; i < n; i += step) {
    const std::size_t count = n - i < step ? n - i : step;
    const auto word = static_cast<std::int32_t>(bits[i / 32] >> (i % 32) & 0xffu);
    v x{};
    std::memcpy(&x, from + i, count * sizeof(T));
    const k on = (lane & word) != 0;
    const v y = on ? x * by : v{};
    std::memcpy(to + i, &y, count * sizeof(T));
  }
}
template <class T>
inline void make_bits(std::size_t n, const T* from, std::uint32_t* bits) {
  std::memset(bits, 0, (n + 31) / 32 * 4);
  for (std::size_t i = 0; i < n; ++i)
    if (from[i] > 0) bits[i / 32] |= 1u << (i % 32);
}

// exp by range reduction and a polynomial of degree 6 (Cephes' coefficients); relative error below 2e-7 in float.
__attribute__((always_inline)) inline void exp_of(wide<float>::real& x) {
  using v = wide<float>::real;
  x = x > 88.f ? v{} + 88.f : x;
  x = x < -87.f ? v{} - 87.f : x;
  const v shifted = x * 1.44269504088896341f + 12582912.f, k = shifted - 12582912.f;  // rounds to the nearest integer
  const v r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  v p = r * 1.9875691500e-4f + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * r * r + r + 1.f;
  const wide<float>::integer e = (__builtin_convertvector(k, wide<float>::integer) + 127) << 23;
  v power;
  std::memcpy(&power, &e, sizeof power);
  x = p * power;
}
inline void exp_of(wide<double>::real& x) {
  for (std::size_t i = 0; i < 4; ++i) x[i] = std::exp(x[i]);
}
__attribute__((always_inline)) inline void tanh_of(wide<float>::real& x) {
  using v = wide<float>::real;
  const v z = x * x;
  v e = x + x;
  exp_of(e);
  const v large = 1.f - 2.f / (e + 1.f);
  v p = z * -5.70498872745e-3f + 2.06390887954e-2f;
  p = p * z - 5.37397155531e-2f;
  p = p * z + 1.33314422036e-1f;
  p = p * z - 3.33332819422e-1f;
  const v small = p * z * x + x;
  x = z < 0.390625f ? small : large;
}
inline void tanh_of(wide<double>::real& x) {
  for (std::size_t i = 0; i < 4; ++i) x[i] = std::tanh(x[i]);
}
template <class T>
inline void sigmoid(std::size_t n, T* x) {
  using v = typename wide<T>::real;
  apply(
      n, x, [](v & a, const v*) __attribute__((always_inline)) {
        a = -a;
        exp_of(a);
        a = 1 / (1 + a);
      });
}
template <class T>
inline void tanh(std::size_t n, T* x) {
  using v = typename wide<T>::real;
  apply(
      n, x, [](v & a, const v*) __attribute__((always_inline)) { tanh_of(a); });
}

// Drops percent of the entries and scales the others by 1 / (1 - percent / 100). Entry i of the stream decides; calling it again on a
// gradient applies the same mask.
template <class T>
inline void dropout(std::size_t n, T* x, int percent, std::uint64_t seed, std::uint64_t stream, std::uint64_t first) {
  const auto below = static_cast<std::uint32_t>(static_cast<std::uint64_t>(percent) * 0x100000000u / 100);
  const T keep = static_cast<T>(100.0 / (100 - percent));
  philox::block b{};
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t position = first + i;
    if (i == 0 || position % 4 == 0) b = philox::at(seed, stream, position / 4);
    x[i] = b.v[position % 4] < below ? T(0) : x[i] * keep;
  }
}
// The stream of one layer of one line in one step.
constexpr std::uint64_t dropout_stream(std::uint64_t line, int layer, std::uint64_t step) {
  return (line ^ (step * 0x9e3779b97f4a7c15u)) + static_cast<std::uint64_t>(layer + 1) * 0xd1b54a32d192ed03u;
}

}  // namespace relreason::rows_of
