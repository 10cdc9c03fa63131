// relreason/backend/cuda/product_args.cuh -- what a product of the CUDA backend is asked for; docs/policies/backend.md tells the same of the CPU.
// All arrays are row-major, in memory of the system that computes; float, or, where they are `stored`, float or bf16; sizes are run-time arguments.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "relreason/backend/kernels.hpp"
#include "relreason/backend/stored.hpp"
#include "relreason/core/error.hpp"

namespace relreason::device {

// Y = X W^T + bias, then what the flags ask for.    X: (rows, k)  W: (n, k), or transposed (k, n)  Y: (rows, n)
// Either of the forward pass (bias, relu, bits; bias, gelu, before), or of the backward pass (gate_bits or slope_of, gate_sum), or accumulating (bias).
struct affine_product {
  int rows = 0, k = 0, n = 0;
  stored<const float> x{};
  std::ptrdiff_t ldx = 0;  // elements from one row of X to the next
  const float* w = nullptr;
  std::ptrdiff_t ldw = 0;
  bool transposed = false;
  const float* bias = nullptr;  // (n) or null for zero; rounded to bf16 where Y is stored so
  stored<float> y{};            // in bf16 it is rounded once, after bias, ReLU and gate, and cannot accumulate
  std::ptrdiff_t ldy = 0;
  bool accumulate = false;  // y += ...
  bool relu = false;        // y = max(y, 0)
  // A mask: bit j % 32 of word [i * ldbits + j / 32] says y_ij > 0. Rows start at 128 bits, as cuBLASLt wants it: ldbits is a multiple of 4.
  // The order of bits is that of NVIDIA's own test of cuBLASLt (nvmath-python, matmul/test_epilog.py); its manual names none.
  std::uint32_t* bits = nullptr;             // written, with relu; what lies beyond bit n of a row is unspecified
  std::ptrdiff_t ldbits = 0;                 // words from one row to the next
  const std::uint32_t* gate_bits = nullptr;  // y = bit ? y : 0
  std::ptrdiff_t ldgate = 0;
  activation gelu = activation::none;  // y = gelu(y) in the form named, or y = gelu'(slope_of) y; Y is float, and rows of these arrays have no gaps
  float* before = nullptr;             // (rows, n) written: y before the GELU; or null
  const float* slope_of = nullptr;     // (rows, n)
  float* gate_sum = nullptr;           // (n) = column sums of the gated y, as it is stored: the gradient of a bias
  void* scratch = nullptr;             // products::scratch_bytes(rows, k, n, X is bf16) bytes, 256-byte aligned
};

// C += A^T B, or C = A^T B    A: (rows, m)  B: (rows, n)  C: (m, n)
struct outer_product {
  int rows = 0, m = 0, n = 0;
  stored<const float> a{};
  std::ptrdiff_t lda = 0;
  stored<const float> b{};
  std::ptrdiff_t ldb = 0;
  float* c = nullptr;
  std::ptrdiff_t ldc = 0;
  bool accumulate = true;
  float* a_sum = nullptr;   // (m) = column sums of A, or
  float* b_sum = nullptr;   // (n) = column sums of B, whichever holds the gradient of a layer's output
  void* scratch = nullptr;  // products::scratch_bytes(rows, m, n, A and B are bf16) bytes, 256-byte aligned
};

// Words from one row of a mask to the next.
inline constexpr std::ptrdiff_t mask_words(int n) { return (n + 127) / 128 * 4; }

// What computes products. One row of Y depends on that row of X alone; the same call on the same device gives the same bits.
template <class P>
concept products = requires(P& p, const affine_product& a, const outer_product& o) {
  p.affine(a);
  p.outer(o);
  { p.scratch_bytes(1, 1, 1, false) } -> std::same_as<std::size_t>;  // of (rows, k, n, whether the rows are bf16): enough for affine and outer
  { p.rounds_to_bf16() } -> std::same_as<bool>;                      // whether arrays may be stored so
};

// Arrays are stored in bf16 for products that round to it: others would read more than is there.
inline void check_stored(bool any_bf16, bool rounds) {
  if (any_bf16 && !rounds) fail("products: found arrays in bf16 beside products of another precision, wanted precision bf16");
}

// Refuses what would read or write out of bounds, and flags that exclude each other: a caller's mistake, found before a device is asked.
inline void check(const affine_product& a) {
  const auto wrong = [&](const char* found, const char* wanted) {
    fail("affine of (", a.rows, ", ", a.k, ") to ", a.n, " columns: found ", found, ", wanted ", wanted);
  };
  if (a.rows < 0 || a.k < 1 || a.n < 1) wrong("a size below its least", "rows >= 0, k >= 1, n >= 1");
  if (!a.x || !a.w || !a.y) wrong("a null array", "x, w and y");
  if (a.ldx < a.k || a.ldy < a.n || a.ldw < (a.transposed ? a.n : a.k))
    wrong("rows closer than they are long", "ldx >= k, ldy >= n, ldw >= k (transposed: n)");
  if (a.accumulate && (a.relu || a.gate_bits)) wrong("accumulate beside relu or gate_bits", "one of them");
  if (a.accumulate && a.y.as_bf16) wrong("accumulate into bf16", "sums in float");
  if (a.bits && !a.relu) wrong("bits without relu", "both");
  if (a.gate_bits && (a.bias || a.relu)) wrong("gate_bits beside bias or relu", "either the forward or the backward pass");
  if (a.gate_sum && !a.gate_bits && !a.slope_of) wrong("gate_sum without gate_bits or slope_of", "one of them");
  if ((a.before || a.slope_of) && !is_gelu(a.gelu)) wrong("before or slope_of without gelu", "a form of GELU");
  if (is_gelu(a.gelu) && (a.relu || a.gate_bits || a.accumulate || a.y.as_bf16))
    wrong("gelu beside relu, gate_bits, accumulate or bf16", "gelu alone");
  if (a.slope_of && (a.bias || a.before)) wrong("slope_of beside bias or before", "either the forward or the backward pass");
  if (a.gate_sum && a.rows && !a.scratch) wrong("gate_sum without scratch", "scratch_bytes(rows, k, n) bytes of it");
  if (a.bits && (a.ldbits < mask_words(a.n) || a.ldbits % 4))
    wrong("ldbits too small or no multiple of 4", "mask_words(n) or a larger multiple of 4");
  if (a.gate_bits && (a.ldgate < mask_words(a.n) || a.ldgate % 4))
    wrong("ldgate too small or no multiple of 4", "mask_words(n) or a larger multiple of 4");
}

inline void check(const outer_product& o) {
  const auto wrong = [&](const char* found, const char* wanted) {
    fail("outer of (", o.rows, ", ", o.m, ") and (", o.rows, ", ", o.n, "): found ", found, ", wanted ", wanted);
  };
  if (o.rows < 0 || o.m < 1 || o.n < 1) wrong("a size below its least", "rows >= 0, m >= 1, n >= 1");
  if (!o.a || !o.b || !o.c) wrong("a null array", "a, b and c");
  if (o.lda < o.m || o.ldb < o.n || o.ldc < o.n) wrong("rows closer than they are long", "lda >= m, ldb >= n, ldc >= n");
  if (o.a_sum && o.b_sum) wrong("both column sums", "one of them");
  if ((o.a_sum || o.b_sum) && o.rows && !o.scratch) wrong("a column sum without scratch", "scratch_bytes(rows, m, n) bytes of it");
}

}  // namespace relreason::device
