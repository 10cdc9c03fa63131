// relreason/backend/kernels.hpp -- the primitive products of the CPU backend: what a kernel set must provide.
// One set per element type and instruction set; sizes are run-time arguments, so a model's layers share one instantiation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace relreason {

// Y = X W^T + b with an epilogue on registers before the only store.    X: (rows, k)  W: (n, k)  Y: (rows, n), all row-major
template <class T>
struct affine_args {
  int rows = 0, k = 0, n = 0;
  const T* x = nullptr;
  std::ptrdiff_t ldx = 0;        // elements from one row of X to the next
  const void* packed = nullptr;  // W as made by kernels::pack (or W^T by pack with transposed = true)
  const T* bias = nullptr;       // (n) or null for zero
  T* y = nullptr;                // null: the values are not stored (only the row sums below)
  std::ptrdiff_t ldy = 0;
  bool relu = false;        // y = max(y, 0)
  bool accumulate = false;  // y += ...; never together with relu, gate, bits or sum
  const T* gate = nullptr;  // y = gate > 0 ? y : 0    gate: (rows, n)
  std::ptrdiff_t ldgate = 0;
  std::uint32_t* bits = nullptr;  // bit j % 32 of bits[i * ldbits + j / 32] = y_ij > 0 (after relu); unused high bits of the last word are 0
  std::ptrdiff_t ldbits = 0;      // words from one row to the next
  // sum[segment[i]] += row_weight[i] * y_i, rows strictly in order (so the result never depends on how rows fall into register tiles)
  T* sum = nullptr;  // (segments, n)
  std::ptrdiff_t ldsum = 0;
  const int* segment = nullptr;   // (rows), non-decreasing
  const T* row_weight = nullptr;  // (rows) or null for 1
  void* workspace = nullptr;      // kernels::workspace_bytes(rows, k, n) bytes, 64-byte aligned; one per thread
};

// C += A^T B    A: (rows, m)  B: (rows, n)  C: (m, n), all row-major
template <class T>
struct outer_args {
  int rows = 0, m = 0, n = 0;
  const T* a = nullptr;
  std::ptrdiff_t lda = 0;
  const T* b = nullptr;
  std::ptrdiff_t ldb = 0;
  T* c = nullptr;
  std::ptrdiff_t ldc = 0;
  void* workspace = nullptr;
};

// A kernel set. Every function is pure: no state, no allocation, safe from any thread. One row of Y depends on that row of X alone and has the
// same bits whatever the other rows and their number; k is summed in ascending order.
template <class T>
struct kernels {
  const char* name;                           // "avx512", "avx2_bf16", ...: docs/policies/kernels.md lists them
  std::size_t (*packed_bytes)(int k, int n);  // a multiple of 64
  void (*pack)(const T* w, std::ptrdiff_t ldw, bool transposed, int k, int n, void* packed);  // transposed: w is (k, n), else (n, k)
  std::size_t (*workspace_bytes)(int rows, int k, int n);  // enough for affine(rows, k, n) and outer(rows, k, n); a multiple of 64
  void (*affine)(const affine_args<T>&);
  void (*outer)(const outer_args<T>&);
};

enum class isa { automatic, portable, avx2, avx512 };
enum class precision { full, bf16 };  // bf16: operands rounded to bf16 (nearest even), sums in fp32; stored values stay fp32

}  // namespace relreason
