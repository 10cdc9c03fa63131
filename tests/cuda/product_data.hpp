// tests/cuda/product_data.hpp -- matrices and sums in double for the tests of products, on the host and on a GPU. No Eigen, no Catch2.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "relreason/backend/cuda/product_args.cuh"
#include "relreason/core/philox.hpp"

namespace product_data {

// Values in (-1, 1) with gaps between the rows, which hold NaN: who reads them, shows it.
struct matrix {
  int rows, columns;
  std::ptrdiff_t ld;
  std::vector<float> all;
  matrix(int r, int c, std::uint64_t stream, int gap = 3)
      : rows(r), columns(c), ld(c + gap), all(static_cast<std::size_t>(r) * static_cast<std::size_t>(ld) + 1, std::nanf("")) {
    for (int i = 0; i < r; ++i)
      for (int j = 0; j < c; ++j)
        (*this)(i, j) = 2 * relreason::philox::uniform(20261121, stream, static_cast<std::uint64_t>(i) * 65536 + static_cast<std::uint64_t>(j)) - 1;
  }
  float* data() { return all.data(); }
  float& operator()(int i, int j) { return all[static_cast<std::size_t>(i * ld + j)]; }
  float operator()(int i, int j) const { return all[static_cast<std::size_t>(i * ld + j)]; }
};

// sum over p of x_ip w_jp, or of x_ip w_pj where transposed
inline double dot(const matrix& x, const matrix& w, bool transposed, int i, int j) {
  double s = 0;
  for (int p = 0; p < x.columns; ++p) s += double{x(i, p)} * double{transposed ? w(p, j) : w(j, p)};
  return s;
}
// sum over r of a_ri b_rj
inline double outer_dot(const matrix& a, const matrix& b, int i, int j) {
  double s = 0;
  for (int r = 0; r < a.rows; ++r) s += double{a(r, i)} * double{b(r, j)};
  return s;
}
inline double column_sum(const matrix& x, int j) {
  double s = 0;
  for (int i = 0; i < x.rows; ++i) s += double{x(i, j)};
  return s;
}

// A sum of k products below 1 in magnitude, rounded after each: every rounding is at most 2^-24 of a partial sum, in all below k * k * 2^-24;
// operands rounded to `bits` fraction bits add 2^-bits per product.
inline double fp32_bound(int k) { return 1e-6 + 6e-8 * k * std::sqrt(double(k)); }
inline double rounded_bound(int k, int bits) { return fp32_bound(k) + std::ldexp(4.0, -bits) * std::sqrt(double(k)); }

inline bool bit(const std::uint32_t* bits, std::ptrdiff_t ld, int i, int j) { return (bits[i * ld + j / 32] >> (j % 32) & 1u) != 0; }

inline relreason::device::affine_product affine(matrix& x, matrix& w, bool transposed, matrix& y) {
  relreason::device::affine_product a;
  a.rows = x.rows, a.k = x.columns, a.n = y.columns;
  a.x = x.data(), a.ldx = x.ld;
  a.w = w.data(), a.ldw = w.ld, a.transposed = transposed;
  a.y = y.data(), a.ldy = y.ld;
  return a;
}
inline relreason::device::outer_product outer(matrix& a, matrix& b, matrix& c) {
  relreason::device::outer_product o;
  o.rows = a.rows, o.m = a.columns, o.n = b.columns;
  o.a = a.data(), o.lda = a.ld;
  o.b = b.data(), o.ldb = b.ld;
  o.c = c.data(), o.ldc = c.ld;
  return o;
}

}  // namespace product_data
