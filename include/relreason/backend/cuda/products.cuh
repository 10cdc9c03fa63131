// relreason/backend/cuda/products.cuh -- products of row-major arrays, one function object per output element: on every system, and the oracle.
// Same order of sums, same roundings as the portable CPU kernels: equal bits on every system.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "relreason/backend/cuda/arithmetic.cuh"
#include "relreason/backend/cuda/elements.cuh"
#include "relreason/backend/cuda/product_args.cuh"
#include "relreason/backend/cuda/segments.cuh"

namespace relreason::device {

// y_ij = bias_j + sum over p of x_ip w_jp, p ascending
template <bool Rounded>
struct affine_element {
  affine_product a;
  RELREASON_HD void operator()(std::size_t item) const {
    const auto i = static_cast<std::ptrdiff_t>(item) / a.n, j = static_cast<std::ptrdiff_t>(item) % a.n;
    const float* x = a.x + i * a.ldx;
    const float* w = a.w + (a.transposed ? j : j * a.ldw);
    const std::ptrdiff_t step = a.transposed ? a.ldw : 1;
    float s = a.bias ? a.bias[j] : 0.0f;
    for (int p = 0; p < a.k; ++p) s += product(operand<Rounded>(x[p]), operand<Rounded>(w[p * step]));
    float* y = a.y + i * a.ldy + j;
    if (a.relu && s < 0) s = 0;
    if (a.gate_bits && !(a.gate_bits[i * a.ldgate + j / 32] >> j % 32 & 1u)) s = 0;
    *y = a.accumulate ? *y + s : s;
  }
};

// c_ij = (c_ij +) sum over the rows r of a_ri b_rj, r ascending
template <bool Rounded>
struct outer_element {
  outer_product o;
  RELREASON_HD void operator()(std::size_t item) const {
    const auto i = static_cast<std::ptrdiff_t>(item) / o.n, j = static_cast<std::ptrdiff_t>(item) % o.n;
    float* c = o.c + i * o.ldc + j;
    float s = o.accumulate ? *c : 0.0f;
    for (int r = 0; r < o.rows; ++r) s += product(operand<Rounded>(o.a[r * o.lda + i]), operand<Rounded>(o.b[r * o.ldb + j]));
    *c = s;
  }
};

// One word of a mask per item: bit j % 32 = y_ij > 0, and 0 beyond n.
struct mask_word {
  const float* y;
  std::ptrdiff_t ldy;
  std::uint32_t* bits;
  std::ptrdiff_t ldbits;
  int n;
  RELREASON_HD void operator()(std::size_t item) const {
    const std::ptrdiff_t words = (n + 31) / 32, i = static_cast<std::ptrdiff_t>(item) / words, first = static_cast<std::ptrdiff_t>(item) % words * 32;
    std::uint32_t word = 0;
    for (int j = 0; j < 32 && first + j < n; ++j) word |= static_cast<std::uint32_t>(y[i * ldy + first + j] > 0) << j;
    bits[i * ldbits + first / 32] = word;
  }
};

// Bias, ReLU and gate on a product that is stored already: for epilogues that a library does not fuse.
struct late_epilogue {
  affine_product a;
  RELREASON_HD void operator()(std::size_t item) const {
    const auto i = static_cast<std::ptrdiff_t>(item) / a.n, j = static_cast<std::ptrdiff_t>(item) % a.n;
    float s = a.y[i * a.ldy + j];
    if (a.bias) s += a.bias[j];
    if (a.relu && s < 0) s = 0;
    if (a.gate_bits && !(a.gate_bits[i * a.ldgate + j / 32] >> j % 32 & 1u)) s = 0;
    a.y[i * a.ldy + j] = s;
  }
};

// sum_j = sum over i of x_ij    x: (rows, n)  scratch: sum_rows_scratch<float>(rows, n) bytes
template <class System>
void column_sums(const System& system, int rows, int n, const float* x, std::ptrdiff_t ldx, void* scratch, float* sum) {
  const auto width = static_cast<std::size_t>(n);
  fill(system, width, sum, 0.0f);
  run_fold(system, one_group{static_cast<std::size_t>(rows)}, width, fold::sum<float>{x, static_cast<std::size_t>(ldx), nullptr, sum, 0, false},
           scratch);
}

template <class System>
void write_mask(const System& system, const affine_product& a) {
  each(system, static_cast<std::size_t>(a.rows) * static_cast<std::size_t>((a.n + 31) / 32), mask_word{a.y, a.ldy, a.bits, a.ldbits, a.n});
}

template <class System>
class plain_products {
 public:
  explicit plain_products(System system = {}, precision p = precision::full) : system_(system), rounded_(p == precision::bf16) {
    if (p == precision::tf32) fail("plain_products: found precision tf32, wanted full or bf16; tf32 is computed by cuBLASLt only");
  }

  std::size_t scratch_bytes(int rows, int k, int n) const {
    return std::max<std::size_t>(256, sum_rows_scratch<float>(static_cast<std::size_t>(std::max(rows, 0)),
                                                              static_cast<std::size_t>(std::max(k, n))));  // some, so that there is a place
  }
  void affine(const affine_product& a) const {
    check(a);
    const std::size_t items = static_cast<std::size_t>(a.rows) * static_cast<std::size_t>(a.n);
    if (rounded_) each(system_, items, affine_element<true>{a});
    else each(system_, items, affine_element<false>{a});
    if (a.bits) write_mask(system_, a);
    if (a.gate_sum) column_sums(system_, a.rows, a.n, a.y, a.ldy, a.scratch, a.gate_sum);
  }
  void outer(const outer_product& o) const {
    check(o);
    const std::size_t items = static_cast<std::size_t>(o.m) * static_cast<std::size_t>(o.n);
    if (rounded_) each(system_, items, outer_element<true>{o});
    else each(system_, items, outer_element<false>{o});
    if (o.a_sum) column_sums(system_, o.rows, o.m, o.a, o.lda, o.scratch, o.a_sum);
    if (o.b_sum) column_sums(system_, o.rows, o.n, o.b, o.ldb, o.scratch, o.b_sum);
  }

 private:
  System system_;
  bool rounded_;
};
static_assert(products<plain_products<serial_system>>);

}  // namespace relreason::device
