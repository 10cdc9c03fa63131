// relreason/backend/cpu/kernels_avx512.hpp -- the AVX-512 kernel set in float: register tiles of up to 12 rows by 32 columns.
// 24 accumulators; for each k two loads of W, one broadcast per row, 24 multiply-adds. Needs no compiler flag: see docs/policies/backend.md.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include "relreason/backend/cpu/panels.hpp"
#include "relreason/backend/cpu/rows_avx512.hpp"

#define RELREASON_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma")))
#define RELREASON_AVX512_INLINE RELREASON_AVX512 __attribute__((always_inline)) static inline

RELREASON_UNROLL_BEGIN
namespace relreason::cpu {

struct avx512 {
  using real = float;
  static constexpr const char *name = "avx512", *rounded_name = "avx512_rounded_bf16";
  static constexpr const row_kernels<float>* row_set = &rows_avx512::table;
  static constexpr int tile_rows = 12;

  static void affine(int height, const affine_args<float>& a, int i, int j, const float* panel) {
    using tile = void (*)(const affine_args<float>&, int, int, const float*);
    static constexpr tile tiles[]{affine_tile<1>, affine_tile<2>, affine_tile<3>, affine_tile<4>,  affine_tile<5>,  affine_tile<6>,
                                  affine_tile<7>, affine_tile<8>, affine_tile<9>, affine_tile<10>, affine_tile<11>, affine_tile<12>};
    tiles[height - 1](a, i, j, panel);
  }
  static void outer(int height, const float* a, std::ptrdiff_t lda, const float* b, int rows, float* c, std::ptrdiff_t ldc, int columns) {
    using tile = void (*)(const float*, std::ptrdiff_t, const float*, int, float*, std::ptrdiff_t, std::uint32_t);
    static constexpr tile tiles[]{outer_tile<1>, outer_tile<2>, outer_tile<3>, outer_tile<4>,  outer_tile<5>,  outer_tile<6>,
                                  outer_tile<7>, outer_tile<8>, outer_tile<9>, outer_tile<10>, outer_tile<11>, outer_tile<12>};
    tiles[height - 1](a, lda, b, rows, c, ldc, live_columns(columns, 0));
  }

  RELREASON_AVX512 static void copy(const float* from, std::ptrdiff_t ld, int rows, int columns, float* to) {
    for (int p = 0; p < rows; ++p, from += ld)
      for (int c = 0; c < panel_width; c += 16, to += 16)
        _mm512_storeu_ps(to, _mm512_maskz_loadu_ps(static_cast<__mmask16>(c < columns ? live_columns(columns, c) : 0), from + c));
  }

  // Bias starts the accumulators.    s: R rows of 32 columns
  template <int R>
  RELREASON_AVX512_INLINE void begin(const affine_args<float>& a, int j, std::uint32_t live, __m512 (&s)[R][2]) {
    const __m512 b0 = a.bias ? _mm512_maskz_loadu_ps(static_cast<__mmask16>(live), a.bias + j) : _mm512_setzero_ps();
    const __m512 b1 = a.bias ? _mm512_maskz_loadu_ps(static_cast<__mmask16>(live >> 16), a.bias + j + 16) : _mm512_setzero_ps();
    RELREASON_UNROLL for (int r = 0; r < R; ++r) {
      s[r][0] = b0;
      s[r][1] = b1;
    }
  }

  // y + s for accumulate; else relu, gate, bits, store and sum, in this order.
  template <int R>
  RELREASON_AVX512_INLINE void finish(const affine_args<float>& a, int i, int j, std::uint32_t live, __m512 (&s)[R][2]) {
    const __m512 zero = _mm512_setzero_ps();
    const auto m0 = static_cast<__mmask16>(live), m1 = static_cast<__mmask16>(live >> 16);
    if (a.relu)  // max returns its second operand when either is NaN; GCC 12 warns about the form without a mask
      RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        s[r][0] = _mm512_maskz_max_ps(0xffff, zero, s[r][0]);
        s[r][1] = _mm512_maskz_max_ps(0xffff, zero, s[r][1]);
      }
    if (a.accumulate) RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        const float* y = a.y + (i + r) * a.ldy + j;
        s[r][0] = _mm512_add_ps(_mm512_maskz_loadu_ps(m0, y), s[r][0]);
        s[r][1] = _mm512_add_ps(_mm512_maskz_loadu_ps(m1, y + 16), s[r][1]);
      }
    if (a.gate) RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        const float* g = a.gate + (i + r) * a.ldgate + j;
        s[r][0] = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(m0, g), zero, _CMP_GT_OQ), s[r][0]);
        s[r][1] = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(_mm512_maskz_loadu_ps(m1, g + 16), zero, _CMP_GT_OQ), s[r][1]);
      }
    if (a.bits) RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        const std::uint32_t low = _mm512_cmp_ps_mask(s[r][0], zero, _CMP_GT_OQ), high = _mm512_cmp_ps_mask(s[r][1], zero, _CMP_GT_OQ);
        a.bits[(i + r) * a.ldbits + j / 32] = (low | high << 16) & live;
      }
    if (a.y) store<R>(a.y + i * a.ldy + j, a.ldy, live, s);
    if (a.sum) add_to_sum<R>(a, i, j, live, s);
  }

  template <int R>
  RELREASON_AVX512_INLINE void load(const float* c, std::ptrdiff_t ldc, std::uint32_t live, __m512 (&s)[R][2]) {
    RELREASON_UNROLL for (int r = 0; r < R; ++r) {
      s[r][0] = _mm512_maskz_loadu_ps(static_cast<__mmask16>(live), c + r * ldc);
      s[r][1] = _mm512_maskz_loadu_ps(static_cast<__mmask16>(live >> 16), c + r * ldc + 16);
    }
  }
  template <int R>
  RELREASON_AVX512_INLINE void store(float* y, std::ptrdiff_t ldy, std::uint32_t live, __m512 (&s)[R][2]) {
    if (live == ~0u) RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        _mm512_storeu_ps(y + r * ldy, s[r][0]);
        _mm512_storeu_ps(y + r * ldy + 16, s[r][1]);
      }
    else RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        _mm512_mask_storeu_ps(y + r * ldy, static_cast<__mmask16>(live), s[r][0]);
        _mm512_mask_storeu_ps(y + r * ldy + 16, static_cast<__mmask16>(live >> 16), s[r][1]);
      }
  }

  // Rows one after another; the running sum of a segment stays in two registers.
  template <int R>
  RELREASON_AVX512_INLINE void add_to_sum(const affine_args<float>& a, int i, int j, std::uint32_t live, __m512 (&s)[R][2]) {
    const auto m0 = static_cast<__mmask16>(live), m1 = static_cast<__mmask16>(live >> 16);
    float* to = a.sum + a.segment[i] * a.ldsum + j;
    __m512 t0 = _mm512_maskz_loadu_ps(m0, to), t1 = _mm512_maskz_loadu_ps(m1, to + 16);
    RELREASON_UNROLL for (int r = 0; r < R; ++r) {
      if (r > 0 && a.segment[i + r] != a.segment[i + r - 1]) {
        _mm512_mask_storeu_ps(to, m0, t0);
        _mm512_mask_storeu_ps(to + 16, m1, t1);
        to = a.sum + a.segment[i + r] * a.ldsum + j;
        t0 = _mm512_maskz_loadu_ps(m0, to);
        t1 = _mm512_maskz_loadu_ps(m1, to + 16);
      }
      const __m512 w = _mm512_set1_ps(a.row_weight ? a.row_weight[i + r] : 1.f);
      t0 = _mm512_fmadd_ps(w, s[r][0], t0);
      t1 = _mm512_fmadd_ps(w, s[r][1], t1);
    }
    _mm512_mask_storeu_ps(to, m0, t0);
    _mm512_mask_storeu_ps(to + 16, m1, t1);
  }

 private:
  // s[r] += sum over p of x[r * row + p * step] * w[p * 32 + 0..31]
  template <int R>
  RELREASON_AVX512_INLINE void multiply(const float* x, std::ptrdiff_t row, std::ptrdiff_t step, const float* w, int k, __m512 (&s)[R][2]) {
    for (int p = 0; p < k; ++p, x += step, w += panel_width) {
      const __m512 w0 = _mm512_load_ps(w), w1 = _mm512_load_ps(w + 16);
      RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        const __m512 e = _mm512_set1_ps(x[r * row]);
        s[r][0] = _mm512_fmadd_ps(e, w0, s[r][0]);
        s[r][1] = _mm512_fmadd_ps(e, w1, s[r][1]);
      }
    }
  }
  template <int R>
  RELREASON_AVX512 static void affine_tile(const affine_args<float>& a, int i, int j, const float* panel) {
    const std::uint32_t live = live_columns(a.n, j);
    __m512 s[R][2];
    begin<R>(a, j, live, s);
    multiply<R>(a.x + i * a.ldx, a.ldx, 1, panel, a.k, s);
    finish<R>(a, i, j, live, s);
  }
  template <int R>
  RELREASON_AVX512 static void outer_tile(const float* a, std::ptrdiff_t lda, const float* b, int rows, float* c, std::ptrdiff_t ldc,
                                          std::uint32_t live) {
    __m512 s[R][2];
    load<R>(c, ldc, live, s);
    multiply<R>(a, 1, lda, b, rows, s);
    store<R>(c, ldc, live, s);
  }
};

}  // namespace relreason::cpu
RELREASON_UNROLL_END
#endif
