// relreason/backend/kernels.hpp -- the primitives of the CPU backend: what a kernel set must provide. docs/policies/backend.md explains them.
// One set per element type and instruction set; sizes are run-time arguments, so a model's layers share one instantiation.
#pragma once

#include <cstddef>
#include <cstdint>

namespace relreason {

// What follows the linear map of a layer.    gelu: x Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2
// gelu_tanh: x (1 + tanh(s)) / 2, s = sqrt(2 / pi) (x + 0.044715 x^3), which cuBLASLt fuses    Source: Hendrycks, Gimpel, arXiv:1606.08415, Sec. 2
enum class activation { none, relu, gelu, gelu_tanh };
constexpr bool is_gelu(activation a) { return a == activation::gelu || a == activation::gelu_tanh; }

// W (n, k), or (k, n) if transposed; a CPU kernel reads packed, a device the rest.
template <class T>
struct weight_view {
  const T* data = nullptr;
  std::ptrdiff_t ld = 0;
  bool transposed = false;
  const void* packed = nullptr;  // as made by kernels::pack
};

// Y = X W^T + b with an epilogue on registers before the only store.    X: (rows, k)  W: (n, k)  Y: (rows, n), all row-major
template <class T>
struct affine_args {
  int rows = 0, k = 0, n = 0;
  const T* x = nullptr;
  std::ptrdiff_t ldx = 0;  // elements from one row of X to the next
  weight_view<T> w;
  const T* bias = nullptr;      // (n) or null for zero
  const T* row_bias = nullptr;  // in its place: row row_bias_of[i] of (any, n) for row i; equal ones follow each other
  const int* row_bias_of = nullptr;
  T* y = nullptr;  // null: the values are not stored (only the row sums below)
  std::ptrdiff_t ldy = 0;
  bool relu = false;        // y = max(y, 0)
  bool accumulate = false;  // y += ...; never together with relu, gate, bits or sum
  const T* gate = nullptr;  // y = gate > 0 ? y : 0    gate: (rows, n)
  std::ptrdiff_t ldgate = 0;
  // For a device alone: x, y are the addresses of arrays of bf16 (backend/stored.hpp).
  bool x_bf16 = false, y_bf16 = false;
  // For a device alone, from state::mask_words(n) words per row: the same gate, which is then read in place of `gate`; and the gated y's sums.
  const std::uint32_t* gate_bits = nullptr;
  T* gate_sum = nullptr;          // (n) += sum_i y_i: the gradient of a bias
  std::uint32_t* bits = nullptr;  // bit j % 32 of bits[i * ldbits + j / 32] = y_ij > 0 (after relu); unused high bits of the last word are 0
  std::ptrdiff_t ldbits = 0;      // words from one row to the next
  // For state::affine, not for kernels, and beside nothing but bias and gate_sum: y = gelu(y), in the form named; rows of these arrays have no gaps.
  activation gelu = activation::none;
  T* before = nullptr;          // (rows, n) y before the GELU, for the backward pass, or null
  const T* slope_of = nullptr;  // instead: y = gelu'(slope_of) y    (rows, n)
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
  bool a_bf16 = false, b_bf16 = false;  // for a device alone: as x_bf16
  T* a_sum = nullptr;                   // (m) += sum_i a_i, rows without gaps: the gradient of a bias; added by state::outer, not by kernels
  void* workspace = nullptr;
};

// What one step of Adam or AdamW needs per element, rounded once from double.
template <class T>
struct adam_factors {
  T scale;           // of the gradient
  T decay_gradient;  // L2: added to the gradient times w
  T keep_parameter;  // decoupled: w is multiplied by it first
  T new1, keep2, new2;
  T rate;  // rate / (1 - beta1^t)
  T root;  // sqrt(1 - beta2^t)
  T epsilon;
};

// What one step of SGD needs: d = scale g + decay w    b = momentum b + d    w -= rate b, with Nesterov w -= rate (d + momentum b)
template <class T>
struct sgd_factors {
  T scale, decay, momentum, rate;
  bool nesterov;
};

// Element-wise passes. Rows are n elements long and follow each other without gaps. Every element has the same bits in every set, wherever it
// stands: no fused multiply-add, the same polynomials, one element per lane.
template <class T>
struct row_kernels {
  const char* name;
  void (*add)(std::size_t n, T* to, const T* from);                                           // to += from
  void (*scale)(std::size_t n, T* to, T by);                                                  // to *= by
  void (*add_scaled)(std::size_t n, T* to, T by, const T* from);                              // to += by * from
  void (*gate)(std::size_t n, T* to, const T* by);                                            // to = by > 0 ? to : 0
  void (*select_bits)(std::size_t n, T* to, const std::uint32_t* bits, const T* from, T by);  // to_j = bit j ? by * from_j : 0
  void (*add_relu)(std::size_t n, T* to, const T* a, const T* b);                             // to = max(a + b, 0); NaN stays
  void (*sum_rows)(int rows, std::size_t n, const T* x, T* to);                               // to += x_0, then x_1, ...
  void (*gather_pairs)(int rows, std::size_t n, T* to, const T* a, const int* ia, const T* b, const int* ib, bool relu);  // to_i = a_ia + b_ib
  void (*scatter)(int rows, std::size_t n, const T* x, const int* index, T* to);  // to_index[i] += x_i, rows in order
  void (*exp)(std::size_t n, T* x);
  void (*tanh)(std::size_t n, T* x);
  void (*sigmoid)(std::size_t n, T* x);  // 1 / (1 + exp(-x))
  // to = gelu(x)    to = gelu'(x) dy, or, with add, to += that; arrays may be the same. At -infinity both are 0, their limit.
  void (*gelu)(std::size_t n, T* to, const T* x);
  void (*gelu_tanh)(std::size_t n, T* to, const T* x);
  void (*gelu_back)(std::size_t n, T* to, const T* x, const T* dy, bool add);
  void (*gelu_tanh_back)(std::size_t n, T* to, const T* x, const T* dy, bool add);
  // One step of an LSTM; gates in PyTorch's order i, f, g, o, 4 width per row. c = f c' + i g    tc = tanh(c)    h = o tc
  // forward: gates hold the pre-activations, then i, f, g, o; c the state before, then after.
  // backward: gates hold i, f, g, o, then their gradients before activation; dc that of the state after, then before.
  void (*lstm_forward)(int rows, std::size_t width, T* gates, T* c, T* tc, T* h);
  void (*lstm_backward)(int rows, std::size_t width, T* gates, const T* c_before, const T* tc, const T* dh, T* dc);
  // Batch norm by column. Sums start from 0 and run in four strands: rows 0, 4, 8, ..., rows 1, 5, 9, ..., joined at the end.
  void (*moments)(int rows, std::size_t n, const T* x, T* mean, T* gaps);  // mean = 1 / rows sum x_i    gaps = sum (x_i - mean)^2
  void (*normalize)(int rows, std::size_t n, const T* x, const T* mean, const T* scale, const T* shift, bool relu, T* y);  // (x - mean) scale + shift
  // With g = dy where y > 0, else 0; or dy, where y is null: sums = sum g_i, then, n later, sum g_i (x_i - mean)
  void (*normalize_sums)(int rows, std::size_t n, const T* dy, const T* y, const T* x, const T* mean, T* sums);
  // dx += of_g g + of_x (x - mean) + shift
  void (*normalize_back)(int rows, std::size_t n, const T* dy, const T* y, const T* x, const T* mean, const T* of_g, const T* of_x, const T* shift,
                         T* dx);
  // d = scale g + decay w    m += (d - m) (1 - beta1)    v = beta2 v + (1 - beta2) d^2    w -= rate m / (sqrt(v) / root + epsilon)
  void (*adam)(std::size_t n, T* w, const T* g, T* m, T* v, const adam_factors<T>& k);
};

// A kernel set. Every function is pure: no state, no allocation, safe from any thread. One row of Y depends on that row of X alone and has the
// same bits whatever the other rows and their number; k is summed in ascending order.
template <class T>
struct kernels {
  const char* name;                           // "avx512", "avx2_bf16", ...: docs/policies/backend.md lists them
  std::size_t (*packed_bytes)(int k, int n);  // a multiple of 64
  void (*pack)(const T* w, std::ptrdiff_t ldw, bool transposed, int k, int n, void* packed);  // transposed: w is (k, n), else (n, k)
  std::size_t (*workspace_bytes)(int rows, int k, int n);  // enough for affine(rows, k, n) and outer(rows, k, n); a multiple of 64
  void (*affine)(const affine_args<T>&);
  void (*outer)(const outer_args<T>&);
  const row_kernels<T>* row;
};

enum class isa { automatic, portable, avx2, avx512 };
// Of the operands of products; sums, and what is stored but for pair layers on a device, stay fp32. bf16: rounded to nearest even.
// tf32: 10 bits of fraction, on CUDA devices only.
enum class precision { full, bf16, tf32 };

inline const char* text_of(precision p) { return p == precision::bf16 ? "bf16" : p == precision::tf32 ? "tf32" : "fp32"; }

}  // namespace relreason
