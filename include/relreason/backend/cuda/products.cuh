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

// As cuBLASLt wants it: of the type of Y.
RELREASON_HD inline float bias_of(const affine_product& a, std::ptrdiff_t j) {
  if (!a.bias) return 0.0f;
  return a.y.as_bf16 ? operand<true>(a.bias[j]) : a.bias[j];
}

// y_ij = bias_j + sum over p of x_ip w_jp, p ascending
template <bool Rounded>
struct affine_element {
  affine_product a;
  RELREASON_HD void operator()(std::size_t item) const {
    const auto i = static_cast<std::ptrdiff_t>(item) / a.n, j = static_cast<std::ptrdiff_t>(item) % a.n;
    const stored<const float> x = a.x + static_cast<std::size_t>(i * a.ldx);
    const float* w = a.w + (a.transposed ? j : j * a.ldw);
    const std::ptrdiff_t step = a.transposed ? a.ldw : 1;
    float s = bias_of(a, j);
    for (int p = 0; p < a.k; ++p) s += product(operand<Rounded>(x.get(static_cast<std::size_t>(p))), operand<Rounded>(w[p * step]));
    const auto at = static_cast<std::size_t>(i * a.ldy + j);
    if (a.relu && s < 0) s = 0;
    if (a.gate_bits && !(a.gate_bits[i * a.ldgate + j / 32] >> j % 32 & 1u)) s = 0;
    a.y.set(at, a.accumulate ? a.y.get(at) + s : s);
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
    for (int r = 0; r < o.rows; ++r)
      s += product(operand<Rounded>(o.a.get(static_cast<std::size_t>(r * o.lda + i))),
                   operand<Rounded>(o.b.get(static_cast<std::size_t>(r * o.ldb + j))));
    *c = s;
  }
};

// One word of a mask per item: bit j % 32 = y_ij > 0, and 0 beyond n.
struct mask_word {
  stored<const float> y;
  std::ptrdiff_t ldy;
  std::uint32_t* bits;
  std::ptrdiff_t ldbits;
  int n;
  RELREASON_HD void operator()(std::size_t item) const {
    const std::ptrdiff_t words = (n + 31) / 32, i = static_cast<std::ptrdiff_t>(item) / words, first = static_cast<std::ptrdiff_t>(item) % words * 32;
    std::uint32_t word = 0;
    for (int j = 0; j < 32 && first + j < n; ++j) word |= static_cast<std::uint32_t>(y.get(static_cast<std::size_t>(i * ldy + first + j)) > 0) << j;
    bits[i * ldbits + first / 32] = word;
  }
};

// Bias, ReLU and gate on a product that is stored already: for epilogues that a library does not fuse. In bf16 it is rounded here once more.
struct late_epilogue {
  affine_product a;
  RELREASON_HD void operator()(std::size_t item) const {
    const auto i = static_cast<std::ptrdiff_t>(item) / a.n, j = static_cast<std::ptrdiff_t>(item) % a.n;
    const auto at = static_cast<std::size_t>(i * a.ldy + j);
    float s = a.y.get(at);
    if (a.bias) s += bias_of(a, j);
    if (a.relu && s < 0) s = 0;
    if (a.gate_bits && !(a.gate_bits[i * a.ldgate + j / 32] >> j % 32 & 1u)) s = 0;
    a.y.set(at, s);
  }
};

// The GELU of a product that is stored already, in a.before where that is given, or its derivative.
struct late_gelu {
  affine_product a;
  RELREASON_HD void operator()(std::size_t item) const {
    const auto i = static_cast<std::ptrdiff_t>(item) / a.n, j = static_cast<std::ptrdiff_t>(item) % a.n;
    const auto at = static_cast<std::size_t>(i * a.ldy + j);
    if (a.slope_of) a.y.set(at, product(gelu_slope_of(a.gelu, a.slope_of[item]), a.y.get(at)));
    else a.y.set(at, gelu_of(a.gelu, a.before ? a.before[item] : a.y.get(at)));
  }
};

// sum_j = sum over i of x_ij    x: (rows, n)  scratch: sum_rows_scratch<float>(rows, n) bytes
template <class System>
void column_sums(const System& system, int rows, int n, stored<const float> x, std::ptrdiff_t ldx, void* scratch, float* sum) {
  const auto width = static_cast<std::size_t>(n);
  fill(system, width, sum, 0.0f);
  x.typed([&]<class X>(const X* from) {
    run_fold(system, one_group{static_cast<std::size_t>(rows)}, width,
             fold::sum<float, X>{from, static_cast<std::size_t>(ldx), nullptr, sum, 0, false}, scratch);
  });
}

template <class System>
void write_mask(const System& system, const affine_product& a) {
  each(system, static_cast<std::size_t>(a.rows) * static_cast<std::size_t>((a.n + 31) / 32), mask_word{a.y, a.ldy, a.bits, a.ldbits, a.n});
}

// A product whose GELU is a pass of its own.
template <class System, class Products>
void affine_then_gelu(const System& system, Products& products, const affine_product& a) {
  affine_product plain = a;
  plain.gelu = activation::none, plain.before = nullptr, plain.slope_of = nullptr, plain.gate_sum = nullptr;
  if (a.before) plain.y = a.before, plain.ldy = a.n;
  products.affine(plain);
  each(system, static_cast<std::size_t>(a.rows) * static_cast<std::size_t>(a.n), late_gelu{a});
  if (a.gate_sum) column_sums(system, a.rows, a.n, a.y, a.ldy, a.scratch, a.gate_sum);
}

template <class System>
class plain_products {
 public:
  explicit plain_products(System system = {}, precision p = precision::full) : system_(system), rounded_(p == precision::bf16) {
    if (p == precision::tf32) fail("plain_products: found precision tf32, wanted full or bf16; tf32 is computed by cuBLASLt only");
  }

  bool rounds_to_bf16() const { return rounded_; }
  std::size_t scratch_bytes(int rows, int k, int n, bool = false) const {
    return std::max<std::size_t>(256, sum_rows_scratch<float>(static_cast<std::size_t>(std::max(rows, 0)),
                                                              static_cast<std::size_t>(std::max(k, n))));  // some, so that there is a place
  }
  void affine(const affine_product& a) const {
    check(a);
    check_stored(a.x.as_bf16 || a.y.as_bf16, rounded_);
    if (is_gelu(a.gelu)) return affine_then_gelu(system_, *this, a);
    const std::size_t items = static_cast<std::size_t>(a.rows) * static_cast<std::size_t>(a.n);
    if (rounded_) each(system_, items, affine_element<true>{a});
    else each(system_, items, affine_element<false>{a});
    if (a.bits) write_mask(system_, a);
    if (a.gate_sum) column_sums(system_, a.rows, a.n, a.y, a.ldy, a.scratch, a.gate_sum);
  }
  void outer(const outer_product& o) const {
    check(o);
    check_stored(o.a.as_bf16 || o.b.as_bf16, rounded_);
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
