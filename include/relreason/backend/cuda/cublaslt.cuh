// relreason/backend/cuda/cublaslt.cuh -- products by cuBLASLt: epilogues fused where it can, algorithms cached by shape, a fixed workspace.
// cuBLASLt is column-major: a row-major (rows, n) array is its (n, rows) one, so Y = X W^T is computed as Y^T = W X^T without moving anything.
#pragma once

#include <cublasLt.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "relreason/backend/cuda/error.cuh"
#include "relreason/backend/cuda/products.cuh"

namespace relreason::device {

inline constexpr std::size_t cublaslt_workspace_bytes = std::size_t{32} << 20;  // what cuBLAS itself takes on Hopper

// One bf16 row-major copy of a float array; rows start at 16 bytes.
struct round_to_bf16 {
  stored<const float> from;
  std::ptrdiff_t ldfrom;
  std::uint16_t* to;
  std::ptrdiff_t ldto;
  int columns;
  RELREASON_HD void operator()(std::size_t item) const {
    const auto i = static_cast<std::ptrdiff_t>(item) / columns, j = static_cast<std::ptrdiff_t>(item) % columns;
    to[i * ldto + j] = to_bf16(from.get(static_cast<std::size_t>(i * ldfrom + j)));
  }
};
inline constexpr std::ptrdiff_t bf16_row(int columns) { return (columns + 7) / 8 * 8; }

namespace detail {

// A row-major array as cuBLASLt sees it: `columns` of length `rows`, ld elements apart.
struct cublaslt_matrix {
  const void* data;
  int rows, columns;
  std::ptrdiff_t ld;
  bool transpose;
};

// D = op(A) op(B) (+ D), with an epilogue.
struct cublaslt_product {
  cublaslt_matrix a, b, d;
  bool accumulate = false, d_bf16 = false;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void* bias = nullptr;  // bias, or where the gradient of a bias goes
  const void* mask = nullptr;  // a ReLU's bits, or what a GELU reads
  std::ptrdiff_t mask_ld = 0;  // of bits, or of numbers
};

// Sizes that share an algorithm: within an eighth of each other. Rows of a batch differ from step to step; asking for each would never end.
inline int size_class(int n) {
  int step = 1;
  while (n / step > 15) step *= 2;
  return (n + step - 1) / step * step;
}

// What an algorithm is chosen by: sizes by class; alignments are in bytes, at most 16, which all kernels are content with.
struct cublaslt_key {
  int m, n, k;
  std::ptrdiff_t lda, ldb, ldd, mask_ld;
  bool transpose_a, transpose_b, accumulate, d_bf16;
  cublasLtEpilogue_t epilogue;
  unsigned align_a, align_b, align_d, align_bias, align_mask;
  friend bool operator==(const cublaslt_key&, const cublaslt_key&) = default;
};
struct cublaslt_plan {
  cublaslt_key key{};
  bool found = false;  // false: cuBLASLt has no algorithm for this epilogue
  cublasLtMatmulDescOpaque_t operation{};
  cublasLtMatrixLayoutOpaque_t a{}, b{}, d{};
  cublasLtMatmulAlgo_t algorithm{};
};

inline unsigned alignment_of(const void* p) {
  const auto address = reinterpret_cast<std::uintptr_t>(p);
  return address ? static_cast<unsigned>(std::min<std::uintptr_t>(16, address & (~address + 1))) : 16;
}

}  // namespace detail

// On one stream, for one thread. Nothing is allocated on the device by a product; the first of each class of shapes asks cuBLASLt for an algorithm.
class cublaslt_products {
 public:
  // workspace: cublaslt_workspace_bytes bytes of device memory, 256-byte aligned, used by nothing else on another stream
  cublaslt_products(cuda_system system, precision p, void* workspace) : system_(system), precision_(p), workspace_(workspace) {
    if (!workspace) fail("cublaslt_products: found no workspace, wanted ", cublaslt_workspace_bytes, " bytes of device memory");
    check(cublasLtCreate(&handle_), "starting cuBLASLt");
  }
  cublaslt_products(const cublaslt_products&) = delete;
  cublaslt_products& operator=(const cublaslt_products&) = delete;
  ~cublaslt_products() { (void)cublasLtDestroy(handle_); }

  bool rounds_to_bf16() const { return precision_ == precision::bf16; }
  std::size_t scratch_bytes(int rows, int k, int n, bool rows_in_bf16 = false) const {
    const auto up = [](std::size_t bytes) { return (bytes + 255) / 256 * 256; };
    const auto r = static_cast<std::size_t>(std::max(rows, 0)), wide = static_cast<std::size_t>(std::max(k, n));
    const std::size_t sums = up(sum_rows_scratch<float>(r, wide));
    if (precision_ != precision::bf16) return std::max<std::size_t>(256, sums);
    const auto row = [](int columns) { return static_cast<std::size_t>(bf16_row(columns)); };
    const auto copied = [&](int columns) { return rows_in_bf16 && read_in_place(columns) ? 0 : up(2 * r * row(columns)); };
    const std::size_t weights = std::max(row(k) * static_cast<std::size_t>(n), row(n) * static_cast<std::size_t>(k));
    return sums + copied(k) + std::max(up(2 * weights), copied(n)) + up(2 * wide);
  }

  // While a step is captured cuBLASLt is not asked for algorithms: it may use the device for that. A product without one is left out and noted.
  void capturing(bool now) {
    capturing_ = now;
    if (now) missed_ = false;
  }
  bool missed() const { return missed_; }

  void affine(const affine_product& a) {
    check(a);
    check_stored(a.x.as_bf16 || a.y.as_bf16, rounds_to_bf16());
    if (a.rows == 0) {
      if (a.gate_sum) check(cudaMemsetAsync(a.gate_sum, 0, sizeof(float) * static_cast<std::size_t>(a.n), system_.stream), "clearing a sum");
      return;
    }
    if (is_gelu(a.gelu) && !fuses_gelu(a)) return affine_then_gelu(system_, *this, a);
    scratch s{scratch_of(a.scratch)};
    auto* parts = s.take<std::byte>(sum_rows_scratch<float>(static_cast<std::size_t>(a.rows), static_cast<std::size_t>(std::max(a.k, a.n))));
    detail::cublaslt_product p{};
    const auto [x, ldx] = read(s, a.x, a.ldx, a.rows, a.k);
    const auto [w, ldw] = a.transposed ? read(s, a.w, a.ldw, a.k, a.n) : read(s, a.w, a.ldw, a.n, a.k);
    p.a = a.transposed ? detail::cublaslt_matrix{w, a.n, a.k, ldw, false} : detail::cublaslt_matrix{w, a.k, a.n, ldw, true};
    p.b = {x, a.k, a.rows, ldx, false};
    p.d = {a.y.at, a.n, a.rows, a.ldy, false};
    p.accumulate = a.accumulate, p.d_bf16 = a.y.as_bf16;
    p.epilogue = epilogue_of(a);
    if (a.bias) p.bias = a.y.as_bf16 ? read(s, a.bias, a.n, 1, a.n).first : a.bias;  // cuBLASLt takes it in the type of D
    if (p.epilogue == CUBLASLT_EPILOGUE_DRELU_BGRAD || p.epilogue == CUBLASLT_EPILOGUE_DGELU_BGRAD) p.bias = a.gate_sum;
    p.mask = a.bits ? static_cast<const void*>(a.bits) : a.gate_bits;
    p.mask_ld = 32 * (a.bits ? a.ldbits : a.ldgate);
    if (is_gelu(a.gelu)) {
      p.mask = a.slope_of ? a.slope_of : a.before, p.mask_ld = a.n;
      if (!multiply_fused(p)) affine_then_gelu(system_, *this, a);
      return;
    }
    if (p.epilogue == CUBLASLT_EPILOGUE_DEFAULT) return multiply(p);
    const bool fused = multiply_fused(p);
    if (!fused) {
      multiply(p);
      each(system_, static_cast<std::size_t>(a.rows) * static_cast<std::size_t>(a.n), late_epilogue{a});
      if (a.bits) write_mask(system_, a);
    }
    if (a.gate_sum && !(fused && p.epilogue == CUBLASLT_EPILOGUE_DRELU_BGRAD)) column_sums(system_, a.rows, a.n, a.y, a.ldy, parts, a.gate_sum);
  }

  void outer(const outer_product& o) {
    check(o);
    check_stored(o.a.as_bf16 || o.b.as_bf16, rounds_to_bf16());
    const auto clear = [&](float* sum, int n) {
      if (sum) check(cudaMemsetAsync(sum, 0, sizeof(float) * static_cast<std::size_t>(n), system_.stream), "clearing a sum");
    };
    if (o.rows == 0) {
      clear(o.a_sum, o.m), clear(o.b_sum, o.n);
      if (!o.accumulate) {
        for (int i = 0; i < o.m; ++i) clear(o.c + i * o.ldc, o.n);
      }
      return;
    }
    scratch s{scratch_of(o.scratch)};
    auto* parts = s.take<std::byte>(sum_rows_scratch<float>(static_cast<std::size_t>(o.rows), static_cast<std::size_t>(std::max(o.m, o.n))));
    const auto [a, lda] = read(s, o.a, o.lda, o.rows, o.m);
    const auto [b, ldb] = read(s, o.b, o.ldb, o.rows, o.n);
    detail::cublaslt_product p{};
    p.a = {b, o.n, o.rows, ldb, false};
    p.b = {a, o.m, o.rows, lda, true};
    p.d = {o.c, o.n, o.m, o.ldc, false};
    p.accumulate = o.accumulate;
    // The sums of a gradient stay in fp32 whatever the products' precision, so BGRADA and BGRADB serve only fp32 and TF32.
    p.epilogue = precision_ == precision::bf16 ? CUBLASLT_EPILOGUE_DEFAULT
                 : o.a_sum                     ? CUBLASLT_EPILOGUE_BGRADB
                 : o.b_sum                     ? CUBLASLT_EPILOGUE_BGRADA
                                               : CUBLASLT_EPILOGUE_DEFAULT;
    p.bias = o.a_sum ? o.a_sum : o.b_sum;
    if (p.epilogue != CUBLASLT_EPILOGUE_DEFAULT && multiply_fused(p)) return;
    multiply(p);
    if (o.a_sum) column_sums(system_, o.rows, o.m, o.a, o.lda, parts, o.a_sum);
    if (o.b_sum) column_sums(system_, o.rows, o.n, o.b, o.ldb, parts, o.b_sum);
  }

  // Shapes met so far, and those of them whose epilogue cuBLASLt does not fuse on this device: these take passes of their own.
  std::size_t shapes() const { return plans_.size(); }
  std::size_t unfused_shapes() const {
    return static_cast<std::size_t>(std::count_if(plans_.begin(), plans_.end(), [](const detail::cublaslt_plan& p) { return !p.found; }));
  }
  std::string description() const {
    return "cuBLASLt " + std::to_string(cublasLtGetVersion()) + ", " + text_of(precision_) + ", " + std::to_string(shapes()) + " shapes, " +
           std::to_string(unfused_shapes()) + " with passes of their own";
  }

 private:
  struct scratch {
    std::byte* next;
    template <class T>
    T* take(std::size_t n) {
      return reinterpret_cast<T*>(std::exchange(next, next + (sizeof(T) * n + 255) / 256 * 256));
    }
  };

  std::byte* scratch_of(void* given) const {
    if (!given && precision_ == precision::bf16)
      fail("cublaslt_products: found no scratch, wanted scratch_bytes(rows, k, n) bytes for operands in bf16");
    return static_cast<std::byte*>(given);
  }

  // Whether rows of an array in bf16 start where tensor cores read them: at 16 bytes.
  static constexpr bool read_in_place(int columns) { return columns % 8 == 0; }

  // The operand in the products' precision, and its leading dimension.
  std::pair<const void*, std::ptrdiff_t> read(scratch& s, stored<const float> from, std::ptrdiff_t ld, int rows, int columns) {
    if (precision_ != precision::bf16 || (from.as_bf16 && read_in_place(columns))) return {from.at, ld};
    const std::ptrdiff_t row = bf16_row(columns);
    auto* to = s.take<std::uint16_t>(static_cast<std::size_t>(row) * static_cast<std::size_t>(rows));
    each(system_, static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns), round_to_bf16{from, ld, to, row, columns});
    return {to, row};
  }

  // cuBLASLt's GELU is the one with tanh. What it reads has rows of a multiple of 8 numbers.
  static bool fuses_gelu(const affine_product& a) {
    const float* aux = a.slope_of ? a.slope_of : a.before;
    return a.gelu == activation::gelu_tanh && a.n % 8 == 0 && (!aux || detail::alignment_of(aux) == 16);
  }

  static cublasLtEpilogue_t epilogue_of(const affine_product& a) {
    if (a.slope_of) return a.gate_sum ? CUBLASLT_EPILOGUE_DGELU_BGRAD : CUBLASLT_EPILOGUE_DGELU;
    if (a.before) return a.bias ? CUBLASLT_EPILOGUE_GELU_AUX_BIAS : CUBLASLT_EPILOGUE_GELU_AUX;
    if (is_gelu(a.gelu)) return a.bias ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_GELU;
    if (a.gate_sum && !a.y.as_bf16) return CUBLASLT_EPILOGUE_DRELU_BGRAD;  // beside a D in bf16 it would round the sums to bf16
    if (a.gate_bits) return CUBLASLT_EPILOGUE_DRELU;
    if (a.bits) return a.bias ? CUBLASLT_EPILOGUE_RELU_AUX_BIAS : CUBLASLT_EPILOGUE_RELU_AUX;
    if (a.relu) return a.bias ? CUBLASLT_EPILOGUE_RELU_BIAS : CUBLASLT_EPILOGUE_RELU;
    return a.bias ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT;
  }

  void multiply(detail::cublaslt_product p) {
    p.epilogue = CUBLASLT_EPILOGUE_DEFAULT, p.bias = p.mask = nullptr, p.mask_ld = 0;
    if (!multiply_fused(p))
      fail("cuBLASLt has no algorithm for a product of ", p.d.columns, " rows to ", p.d.rows, " columns in ", text_of(precision_));
  }

  // False where cuBLASLt does not fuse the epilogue; some it refuses only when asked to run.
  bool multiply_fused(const detail::cublaslt_product& p) {
    detail::cublaslt_plan* found = plan_for(p);
    if (!found) return true;  // while a step is captured that will not be launched
    detail::cublaslt_plan& plan = *found;
    if (!plan.found) return false;
    describe(plan, p);
    const float one = 1, beta = p.accumulate ? 1 : 0;
    void* d = const_cast<void*>(p.d.data);
    const cublasStatus_t status = cublasLtMatmul(handle_, &plan.operation, &one, p.a.data, &plan.a, p.b.data, &plan.b, &beta, d, &plan.d, d, &plan.d,
                                                 &plan.algorithm, workspace_, cublaslt_workspace_bytes, system_.stream);
    if (status == CUBLAS_STATUS_NOT_SUPPORTED) return plan.found = false;
    check(status, "a product by cuBLASLt");
    return true;
  }

  template <class V>
  static void set(cublasLtMatmulDescOpaque_t& operation, cublasLtMatmulDescAttributes_t what, const V& value) {
    check(cublasLtMatmulDescSetAttribute(&operation, what, &value, sizeof value), "describing a product to cuBLASLt");
  }
  static void set_pointers(cublasLtMatmulDescOpaque_t& operation, const detail::cublaslt_product& p) {
    if (p.bias) set(operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, p.bias);
    if (p.mask) set(operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER, p.mask);
  }

  detail::cublaslt_plan* plan_for(const detail::cublaslt_product& p) {
    const detail::cublaslt_key key{.m = detail::size_class(p.d.rows),
                                   .n = detail::size_class(p.d.columns),
                                   .k = detail::size_class(p.a.transpose ? p.a.rows : p.a.columns),
                                   .lda = p.a.ld,
                                   .ldb = p.b.ld,
                                   .ldd = p.d.ld,
                                   .mask_ld = p.mask_ld,
                                   .transpose_a = p.a.transpose,
                                   .transpose_b = p.b.transpose,
                                   .accumulate = p.accumulate,
                                   .d_bf16 = p.d_bf16,
                                   .epilogue = p.epilogue,
                                   .align_a = detail::alignment_of(p.a.data),
                                   .align_b = detail::alignment_of(p.b.data),
                                   .align_d = detail::alignment_of(p.d.data),
                                   .align_bias = detail::alignment_of(p.bias),
                                   .align_mask = detail::alignment_of(p.mask)};
    for (detail::cublaslt_plan& plan : plans_)
      if (plan.key == key) return &plan;
    if (capturing_) return missed_ = true, nullptr;
    detail::cublaslt_plan& plan = plans_.emplace_back();
    describe(plan, p);
    choose(plan, key);
    plan.key = key;  // last: what failed before is asked again
    return &plan;
  }

  void describe(detail::cublaslt_plan& plan, const detail::cublaslt_product& p) const {
    const cudaDataType_t operand = precision_ == precision::bf16 ? CUDA_R_16BF : CUDA_R_32F;
    const cublasComputeType_t compute = precision_ == precision::tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    constexpr const char* doing = "describing a product to cuBLASLt";
    const auto layout = [&](cublasLtMatrixLayoutOpaque_t& to, cudaDataType_t type, const detail::cublaslt_matrix& m) {
      check(cublasLtMatrixLayoutInit(&to, type, static_cast<std::uint64_t>(m.rows), static_cast<std::uint64_t>(m.columns), m.ld), doing);
    };
    check(cublasLtMatmulDescInit(&plan.operation, compute, CUDA_R_32F), doing);
    set(plan.operation, CUBLASLT_MATMUL_DESC_TRANSA, p.a.transpose ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(plan.operation, CUBLASLT_MATMUL_DESC_TRANSB, p.b.transpose ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(plan.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, p.epilogue);
    if (p.mask) set(plan.operation, CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD, static_cast<std::int64_t>(p.mask_ld));
    set_pointers(plan.operation, p);
    layout(plan.a, operand, p.a), layout(plan.b, operand, p.b), layout(plan.d, p.d_bf16 ? CUDA_R_16BF : CUDA_R_32F, p.d);
  }

  // The library's first choice within the workspace. Sums across blocks must be ordered: no reduction in place.
  void choose(detail::cublaslt_plan& plan, const detail::cublaslt_key& key) const {
    constexpr const char* doing = "asking cuBLASLt for an algorithm";
    cublasLtMatmulPreferenceOpaque_t preference;
    check(cublasLtMatmulPreferenceInit(&preference), doing);
    const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t what, const auto& value) {
      check(cublasLtMatmulPreferenceSetAttribute(&preference, what, &value, sizeof value), doing);
    };
    prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, cublaslt_workspace_bytes);
    prefer(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, static_cast<std::uint32_t>(CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, static_cast<std::uint32_t>(key.align_a));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, static_cast<std::uint32_t>(key.align_b));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, static_cast<std::uint32_t>(key.align_d));
    prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, static_cast<std::uint32_t>(key.align_d));
    cublasLtMatmulHeuristicResult_t result{};
    int found = 0;
    const cublasStatus_t status =
        cublasLtMatmulAlgoGetHeuristic(handle_, &plan.operation, &plan.a, &plan.b, &plan.d, &plan.d, &preference, 1, &result, &found);
    if (status != CUBLAS_STATUS_NOT_SUPPORTED && status != CUBLAS_STATUS_INVALID_VALUE) check(status, doing);
    plan.found = status == CUBLAS_STATUS_SUCCESS && found == 1 && result.state == CUBLAS_STATUS_SUCCESS;
    plan.algorithm = result.algo;
  }

  cuda_system system_;
  precision precision_;
  void* workspace_;
  cublasLtHandle_t handle_ = nullptr;
  bool capturing_ = false, missed_ = false;
  std::deque<detail::cublaslt_plan> plans_;  // never moved: cuBLASLt's descriptors stay where they were made
};
static_assert(products<cublaslt_products>);

}  // namespace relreason::device
