// relreason/backend/cpu/kernels_bf16.hpp -- products of operands rounded to bf16, with sums in float; stored values stay float.
// Two ways: any float set over rounded operands (exact products, so all of these agree), and AVX-512's dot product of pairs (VDPBF16PS).
#pragma once

#include <bit>

#include "relreason/backend/cpu/kernels_avx512.hpp"
#include "relreason/backend/cpu/panels.hpp"

RELREASON_UNROLL_BEGIN
namespace relreason::cpu {

// The upper half of a float, rounded to nearest even; subnormal numbers become zero and NaN stays, as VCVTNEPS2BF16 does it.
inline std::uint32_t bf16_bits(float x) {
  const auto u = std::bit_cast<std::uint32_t>(x);
  const std::uint32_t magnitude = u & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return u >> 16 | 0x40u;
  if (magnitude < 0x00800000u) return (u & 0x80000000u) >> 16;
  return (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
}
inline float rounded_to_bf16(float x) { return std::bit_cast<float>(bf16_bits(x) << 16); }

// The kernel set of a float tile, over operands rounded to bf16.
template <class Tile>
struct rounded_kernels {
  using full = panel_kernels<Tile>;

  static void pack(const float* w, std::ptrdiff_t ldw, bool transposed, int k, int n, void* packed) {
    full::pack(w, ldw, transposed, k, n, packed);
    float* p = static_cast<float*>(packed);
    std::transform(p, p + full::packed_bytes(k, n) / sizeof(float), p, rounded_to_bf16);
  }
  static std::size_t workspace_bytes(int rows, int k, int n) {
    const std::size_t values = static_cast<std::size_t>(std::clamp(rows, 0, outer_block)) * static_cast<std::size_t>(k + n);
    return full::workspace_bytes(rows, k, n) + (sizeof(float) * values + 63) / 64 * 64;
  }
  static void affine(const affine_args<float>& a) {
    float* x = static_cast<float*>(a.workspace);
    for (int first = 0; first < a.rows; first += outer_block) {
      affine_args<float> part = a;
      part.rows = std::min(outer_block, a.rows - first);
      round_rows(a.x + first * a.ldx, a.ldx, part.rows, a.k, x);
      part.x = x, part.ldx = a.k;
      if (a.y) part.y += first * a.ldy;
      if (a.gate) part.gate += first * a.ldgate;
      if (a.bits) part.bits += first * a.ldbits;
      if (a.sum) part.segment += first;
      if (a.row_weight) part.row_weight += first;
      full::affine(part);
    }
  }
  static void outer(const outer_args<float>& o) {
    for (int first = 0; first < o.rows; first += outer_block) {
      outer_args<float> part = o;
      part.rows = std::min(outer_block, o.rows - first);
      float* a = static_cast<float*>(o.workspace) + full::workspace_bytes(part.rows, o.m, o.n) / sizeof(float);
      float* b = a + static_cast<std::ptrdiff_t>(part.rows) * o.m;
      round_rows(o.a + first * o.lda, o.lda, part.rows, o.m, a);
      round_rows(o.b + first * o.ldb, o.ldb, part.rows, o.n, b);
      part.a = a, part.lda = o.m, part.b = b, part.ldb = o.n;
      full::outer(part);
    }
  }

  static constexpr kernels<float> table{Tile::rounded_name, full::packed_bytes, pack, workspace_bytes, affine, outer, Tile::row_set};

 private:
  static void round_rows(const float* from, std::ptrdiff_t ld, int rows, int columns, float* to) {
    for (int i = 0; i < rows; ++i, from += ld) to = std::transform(from, from + columns, to, rounded_to_bf16);
  }
};

#if defined(__x86_64__)
#define RELREASON_AVX512_BF16 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,avx512bf16,fma")))

// Pairs along the summed index lie together in 32 bits, the first in the low half; an odd last one is paired with zero.
//   W: packed[j / 32][p / 2][j % 32]    X: workspace[i][p / 2]    outer: A[p / 2][i], B[j / 32][p / 2][j % 32]
struct avx512_bf16 {
  using pair = std::uint32_t;
  static constexpr int tile_rows = 12;

  static std::size_t packed_bytes(int k, int n) {
    return sizeof(pair) * static_cast<std::size_t>(panels_of(n)) * panel_width * static_cast<std::size_t>(pairs(k));
  }

  static void pack(const float* w, std::ptrdiff_t ldw, bool transposed, int k, int n, void* packed) {
    const std::ptrdiff_t row = transposed ? 1 : ldw, step = transposed ? ldw : 1;
    pair* to = static_cast<pair*>(packed);
    for (int j = 0; j < n; j += panel_width)
      for (int p = 0; p < k; p += 2)
        for (int c = j; c < j + panel_width; ++c, ++to) {
          const float* at = w + c * row + p * step;
          *to = c >= n ? 0 : bf16_bits(*at) | (p + 1 < k ? bf16_bits(at[step]) << 16 : 0);
        }
  }

  static std::size_t workspace_bytes(int rows, int k, int n) {
    const std::ptrdiff_t widest = std::max({k, n, 1});
    const std::ptrdiff_t x = std::min<std::ptrdiff_t>(row_stride(widest) * rows, std::max<std::ptrdiff_t>(l2_share, 24 * row_stride(widest) * 4) / 4);
    const std::ptrdiff_t columns = std::min<std::ptrdiff_t>((widest + panel_width - 1) / panel_width * panel_width, outer_columns);
    const std::ptrdiff_t ab = pairs(std::clamp(rows, 0, outer_block)) * (columns + row_stride(2 * columns));
    return sizeof(pair) * static_cast<std::size_t>((std::max<std::ptrdiff_t>({x, ab, 1}) + 15) / 16 * 16);
  }

  static void affine(const affine_args<float>& a) {
    pair* const x = static_cast<pair*>(a.workspace);
    const std::ptrdiff_t ldx = row_stride(a.k);
    const int block = block_rows(ldx * static_cast<std::ptrdiff_t>(sizeof(pair)));
    for (int first = 0; first < a.rows; first += block) {
      const int rows = std::min(block, a.rows - first);
      for (int i = 0; i < rows; ++i) round_row(a.x + (first + i) * a.ldx, a.k, x + i * ldx);
      const pair* panel = static_cast<const pair*>(a.w.packed);
      for (int j = 0; j < a.n; j += panel_width, panel += static_cast<std::ptrdiff_t>(pairs(a.k)) * panel_width)
        for_each_tile(rows, tile_rows, [&](int i, int height) { affine_tiles[height - 1](a, first + i, j, x + i * ldx, panel); });
    }
  }

  static void outer(const outer_args<float>& o) {
    for (int first = 0; first < o.rows; first += outer_block)
      for (int j0 = 0; j0 < o.n; j0 += outer_columns) {
        const int rows = std::min(outer_block, o.rows - first), j1 = std::min(o.n, j0 + outer_columns), count = pairs(rows);
        pair* const b = static_cast<pair*>(o.workspace);
        pair* const a = b + static_cast<std::ptrdiff_t>(panels_of(j1 - j0)) * panel_width * count;
        pair_rows(o.b + first * o.ldb + j0, o.ldb, rows, j1 - j0, b, panel_width, static_cast<std::ptrdiff_t>(panel_width) * count);
        for (int i0 = 0; i0 < o.m; i0 += outer_columns) {
          const int m = std::min(outer_columns, o.m - i0);
          const std::ptrdiff_t lda = row_stride(2 * m);
          pair_rows(o.a + first * o.lda + i0, o.lda, rows, m, a, lda, panel_width);
          for_each_tile(m, tile_rows, [&](int i, int height) {
            float* const c = o.c + (i0 + i) * o.ldc;
            for (int j = j0; j < j1; j += panel_width)
              outer_tiles[height - 1](a + i, lda, b + (j - j0) * count, count, c + j, o.ldc, live_columns(j1, j));
          });
        }
      }
  }

  static const kernels<float> table;

 private:
  static constexpr int pairs(int k) { return (k + 1) / 2; }
  // In pairs; an odd number of cache lines, so that neighboring rows do not compete for one set of L1.
  static constexpr std::ptrdiff_t row_stride(std::ptrdiff_t k) { return (k + 31) / 32 / 2 * 32 + 16; }

  RELREASON_AVX512_BF16 static void round_row(const float* x, int k, pair* to) {
    for (int p = 0; p < k; p += 16, x += 16, to += 8) {
      const __m512 values = _mm512_maskz_loadu_ps(static_cast<__mmask16>(live_columns(k, p)), x);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh(values));
    }
  }

  // to[c / 32 * panel + q * row + c % 32] = (x[2 q][c], x[2 q + 1][c]), zeros up to a multiple of 32 columns
  RELREASON_AVX512_BF16 static void pair_rows(const float* x, std::ptrdiff_t ldx, int rows, int columns, pair* to, std::ptrdiff_t row,
                                              std::ptrdiff_t panel) {
    const __m512i lane = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i interleave = _mm512_or_si512(lane, _mm512_slli_epi32(_mm512_add_epi32(lane, _mm512_set1_epi32(16)), 16));
    const int width = panels_of(columns) * panel_width;
    for (int p = 0; p < rows; p += 2, x += 2 * ldx, to += row)
      for (int c = 0; c < width; c += 16) {
        const auto live = static_cast<__mmask16>(c < columns ? live_columns(columns, c) : 0);
        const __m512 low = _mm512_maskz_loadu_ps(live, x + c), high = p + 1 < rows ? _mm512_maskz_loadu_ps(live, x + ldx + c) : _mm512_setzero_ps();
        _mm512_storeu_si512(to + c / panel_width * panel + c % panel_width,
                            _mm512_maskz_permutexvar_epi16(~0u, interleave, (__m512i)_mm512_cvtne2ps_pbh(high, low)));
      }
  }

  // s[r] += x[r * row + q * step] . w[q], over the pairs q in order
  template <int R>
  RELREASON_AVX512_BF16 __attribute__((always_inline)) static inline void multiply(const pair* x, std::ptrdiff_t row, std::ptrdiff_t step,
                                                                                   const pair* w, int count, __m512 (&s)[R][2]) {
    for (int q = 0; q < count; ++q, x += step, w += panel_width) {
      const auto w0 = (__m512bh)_mm512_load_si512(w), w1 = (__m512bh)_mm512_load_si512(w + 16);
      RELREASON_UNROLL for (int r = 0; r < R; ++r) {
        const auto e = (__m512bh)_mm512_set1_epi32(static_cast<int>(x[r * row]));
        s[r][0] = _mm512_dpbf16_ps(s[r][0], e, w0);
        s[r][1] = _mm512_dpbf16_ps(s[r][1], e, w1);
      }
    }
  }

  template <int R>
  RELREASON_AVX512_BF16 static void affine_tile(const affine_args<float>& a, int i, int j, const pair* x, const pair* panel) {
    const std::uint32_t live = live_columns(a.n, j);
    __m512 s[R][2];
    avx512::begin<R>(a, j, live, s);
    multiply<R>(x, row_stride(a.k), 1, panel, pairs(a.k), s);
    avx512::finish<R>(a, i, j, live, s);
  }
  template <int R>
  RELREASON_AVX512_BF16 static void outer_tile(const pair* a, std::ptrdiff_t lda, const pair* b, int count, float* c, std::ptrdiff_t ldc,
                                               std::uint32_t live) {
    __m512 s[R][2];
    avx512::load<R>(c, ldc, live, s);
    multiply<R>(a, 1, lda, b, count, s);
    avx512::store<R>(c, ldc, live, s);
  }

  using affine_function = void (*)(const affine_args<float>&, int, int, const pair*, const pair*);
  using outer_function = void (*)(const pair*, std::ptrdiff_t, const pair*, int, float*, std::ptrdiff_t, std::uint32_t);
  static constexpr affine_function affine_tiles[]{affine_tile<1>, affine_tile<2>, affine_tile<3>, affine_tile<4>,  affine_tile<5>,  affine_tile<6>,
                                                  affine_tile<7>, affine_tile<8>, affine_tile<9>, affine_tile<10>, affine_tile<11>, affine_tile<12>};
  static constexpr outer_function outer_tiles[]{outer_tile<1>, outer_tile<2>, outer_tile<3>, outer_tile<4>,  outer_tile<5>,  outer_tile<6>,
                                                outer_tile<7>, outer_tile<8>, outer_tile<9>, outer_tile<10>, outer_tile<11>, outer_tile<12>};
};
inline constexpr kernels<float> avx512_bf16::table{"avx512_bf16", packed_bytes, pack, workspace_bytes, affine, outer, avx512::row_set};
#endif

}  // namespace relreason::cpu
RELREASON_UNROLL_END
