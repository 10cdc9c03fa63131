// relreason/backend/cpu/kernels_avx2.hpp -- the AVX2 + FMA kernel set in float: register tiles of up to 6 rows by 16 columns, half a panel.
// 12 accumulators; for each k two loads of W, one broadcast per row, 12 multiply-adds. Same order of sums as AVX-512, hence the same bits.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>

#include "relreason/backend/cpu/panels.hpp"
#include "relreason/backend/cpu/rows_avx2.hpp"

#define RELREASON_AVX2 __attribute__((target("avx2,fma")))
#define RELREASON_AVX2_INLINE RELREASON_AVX2 __attribute__((always_inline)) static inline

RELREASON_UNROLL_BEGIN
namespace relreason::cpu {

struct avx2 {
  using real = float;
  static constexpr const char *name = "avx2", *rounded_name = "avx2_bf16";
  static constexpr const row_kernels<float>* row_set = &rows_avx2::table;
  static constexpr int tile_rows = 6, half = panel_width / 2;

  static void affine(int height, const affine_args<float>& a, int i, int j, const float* panel) {
    using tile = void (*)(const affine_args<float>&, int, int, const float*);
    static constexpr tile tiles[]{affine_tile<1>, affine_tile<2>, affine_tile<3>, affine_tile<4>, affine_tile<5>, affine_tile<6>};
    tiles[height - 1](a, i, j, panel);
    if (j + half < a.n) tiles[height - 1](a, i, j + half, panel + half);
  }
  static void outer(int height, const float* a, std::ptrdiff_t lda, const float* b, int rows, float* c, std::ptrdiff_t ldc, int columns) {
    using tile = void (*)(const float*, std::ptrdiff_t, const float*, int, float*, std::ptrdiff_t, int);
    static constexpr tile tiles[]{outer_tile<1>, outer_tile<2>, outer_tile<3>, outer_tile<4>, outer_tile<5>, outer_tile<6>};
    tiles[height - 1](a, lda, b, rows, c, ldc, columns);
    if (half < columns) tiles[height - 1](a, lda, b + half, rows, c + half, ldc, columns - half);
  }

  RELREASON_AVX2 static void copy(const float* from, std::ptrdiff_t ld, int rows, int columns, float* to) {
    for (int p = 0; p < rows; ++p, from += ld)
      for (int c = 0; c < panel_width; c += 8, to += 8)
        _mm256_storeu_ps(to, c + 8 <= columns ? _mm256_loadu_ps(from + c) : _mm256_maskload_ps(from + c, mask(columns, c)));
  }

 private:
  // All ones in lanes c + lane < columns.
  RELREASON_AVX2_INLINE __m256i mask(int columns, int c) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(columns - c), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }

  // s[r] += sum over p of x[r * row + p * step] * w[p * 32 + 0..15]
  template <int R>
  RELREASON_AVX2_INLINE void multiply(const float* x, std::ptrdiff_t row, std::ptrdiff_t step, const float* w, int k, __m256 (&s)[R][2]) {
    for (int p = 0; p < k; ++p, x += step, w += panel_width) {
      const __m256 w0 = _mm256_load_ps(w), w1 = _mm256_load_ps(w + 8);
      RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        const __m256 e = _mm256_broadcast_ss(x + r * row);
        s[r][0] = _mm256_fmadd_ps(e, w0, s[r][0]);
        s[r][1] = _mm256_fmadd_ps(e, w1, s[r][1]);
      }
    }
  }
  template <int R>
  RELREASON_AVX2_INLINE void load(const float* c, std::ptrdiff_t ldc, int columns, __m256 (&s)[R][2]) {
    const __m256i m0 = mask(columns, 0), m1 = mask(columns, 8);
    RELREASON_UNROLL for (int r = 0; r < R; ++r) {
      s[r][0] = _mm256_maskload_ps(c + r * ldc, m0);
      s[r][1] = _mm256_maskload_ps(c + r * ldc + 8, m1);
    }
  }
  template <int R>
  RELREASON_AVX2_INLINE void store(float* y, std::ptrdiff_t ldy, int columns, __m256 (&s)[R][2]) {
    const __m256i m0 = mask(columns, 0), m1 = mask(columns, 8);
    if (columns >= half) RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        _mm256_storeu_ps(y + r * ldy, s[r][0]);
        _mm256_storeu_ps(y + r * ldy + 8, s[r][1]);
      }
    else RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        _mm256_maskstore_ps(y + r * ldy, m0, s[r][0]);
        _mm256_maskstore_ps(y + r * ldy + 8, m1, s[r][1]);
      }
  }

  template <int R>
  RELREASON_AVX2 static void affine_tile(const affine_args<float>& a, int i, int j, const float* panel) {
    const int columns = a.n - j;
    const __m256i m0 = mask(columns, 0), m1 = mask(columns, 8);
    const __m256 b0 = a.bias ? _mm256_maskload_ps(a.bias + j, m0) : _mm256_setzero_ps();
    const __m256 b1 = a.bias ? _mm256_maskload_ps(a.bias + j + 8, m1) : _mm256_setzero_ps();
    __m256 s[R][2];
    RELREASON_UNROLL for (int r = 0; r < R; ++r) {
      s[r][0] = b0;
      s[r][1] = b1;
    }
    multiply<R>(a.x + i * a.ldx, a.ldx, 1, panel, a.k, s);
    finish<R>(a, i, j, columns, s);
  }

  template <int R>
  RELREASON_AVX2 static void outer_tile(const float* a, std::ptrdiff_t lda, const float* b, int rows, float* c, std::ptrdiff_t ldc, int columns) {
    __m256 s[R][2];
    load<R>(c, ldc, columns, s);
    multiply<R>(a, 1, lda, b, rows, s);
    store<R>(c, ldc, columns, s);
  }

  // y + s for accumulate; else relu, gate, bits, store and sum, in this order.
  template <int R>
  RELREASON_AVX2_INLINE void finish(const affine_args<float>& a, int i, int j, int columns, __m256 (&s)[R][2]) {
    const __m256 zero = _mm256_setzero_ps();
    if (a.relu) RELREASON_UNROLL for (int r = 0; r < R; ++r) {  // max returns its second operand when either is NaN
        s[r][0] = _mm256_max_ps(zero, s[r][0]);
        s[r][1] = _mm256_max_ps(zero, s[r][1]);
      }
    if (a.accumulate) {
      __m256 y[R][2];
      load<R>(a.y + i * a.ldy + j, a.ldy, columns, y);
      RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        s[r][0] = _mm256_add_ps(y[r][0], s[r][0]);
        s[r][1] = _mm256_add_ps(y[r][1], s[r][1]);
      }
    }
    if (a.gate) {
      __m256 g[R][2];
      load<R>(a.gate + i * a.ldgate + j, a.ldgate, columns, g);
      RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        s[r][0] = _mm256_and_ps(_mm256_cmp_ps(g[r][0], zero, _CMP_GT_OQ), s[r][0]);
        s[r][1] = _mm256_and_ps(_mm256_cmp_ps(g[r][1], zero, _CMP_GT_OQ), s[r][1]);
      }
    }
    if (a.bits) write_bits<R>(a.bits + i * a.ldbits + j / panel_width, a.ldbits, j % panel_width, columns, s);
    if (a.y) store<R>(a.y + i * a.ldy + j, a.ldy, columns, s);
    if (a.sum) add_to_sum<R>(a, i, j, columns, s);
  }

  // The first half of a word is assigned and the second one added: both halves are written by one thread, in this order.
  template <int R>
  RELREASON_AVX2_INLINE void write_bits(std::uint32_t* bits, std::ptrdiff_t ldbits, int shift, int columns, __m256 (&s)[R][2]) {
    const __m256 zero = _mm256_setzero_ps();
    const std::uint32_t live = live_columns(columns, 0) & 0xffffu;
    RELREASON_UNROLL for (int r = 0; r < R; ++r) {
      const int low = _mm256_movemask_ps(_mm256_cmp_ps(s[r][0], zero, _CMP_GT_OQ));
      const int high = _mm256_movemask_ps(_mm256_cmp_ps(s[r][1], zero, _CMP_GT_OQ));
      const std::uint32_t word = (static_cast<std::uint32_t>(low | high << 8) & live) << shift;
      bits[r * ldbits] = shift ? bits[r * ldbits] | word : word;
    }
  }

  // Rows one after another; the running sum of a segment stays in two registers.
  template <int R>
  RELREASON_AVX2_INLINE void add_to_sum(const affine_args<float>& a, int i, int j, int columns, __m256 (&s)[R][2]) {
    float* to = a.sum + a.segment[i] * a.ldsum + j;
    __m256 t[1][2];
    load<1>(to, 0, columns, t);
    RELREASON_UNROLL for (int r = 0; r < R; ++r) {
      if (r > 0 && a.segment[i + r] != a.segment[i + r - 1]) {
        store<1>(to, 0, columns, t);
        to = a.sum + a.segment[i + r] * a.ldsum + j;
        load<1>(to, 0, columns, t);
      }
      const __m256 w = _mm256_set1_ps(a.row_weight ? a.row_weight[i + r] : 1.f);
      t[0][0] = _mm256_fmadd_ps(w, s[r][0], t[0][0]);
      t[0][1] = _mm256_fmadd_ps(w, s[r][1], t[0][1]);
    }
    store<1>(to, 0, columns, t);
  }
};

}  // namespace relreason::cpu
RELREASON_UNROLL_END
#endif
