// relreason/backend/cpu/kernels_portable.hpp -- the kernel set for any processor, in float and double.
// Vector extensions of 16 bytes, one rounding for the product and one for the sum under all compiler flags.
#pragma once

#include "relreason/backend/cpu/panels.hpp"
#include "relreason/backend/cpu/rows_portable.hpp"

RELREASON_UNROLL_BEGIN
namespace relreason::cpu {

template <class T>
struct portable {
  using real = T;
  using vector __attribute__((vector_size(16))) = T;
  static constexpr const char *name = "portable", *rounded_name = "portable_bf16";
  static constexpr const row_kernels<T>* row_set = portable_rows<T>;
#if defined(__x86_64__)
  static constexpr int tile_rows = 2;  // 2 x 4 accumulators of 16 registers
#else
  static constexpr int tile_rows = 4;
#endif
  static constexpr int lanes = 16 / sizeof(T), strip = 4 * lanes;

  static void affine(int height, const affine_args<T>& a, int i, int j, const T* panel) {
    T s[tile_rows][panel_width] = {};
    const int columns = std::min(panel_width, a.n - j);
    for (int r = 0; r < height; ++r)
      if (a.bias) std::copy_n(a.bias + j, columns, s[r]);
    multiply(height, a.x + i * a.ldx, a.ldx, 1, panel, a.k, s);
    for (int r = 0; r < height; ++r) finish(a, i + r, j, columns, s[r]);
  }

  static void outer(int height, const T* a, std::ptrdiff_t lda, const T* b, int rows, T* c, std::ptrdiff_t ldc, int columns) {
    T s[tile_rows][panel_width] = {};
    for (int r = 0; r < height; ++r) std::copy_n(c + r * ldc, columns, s[r]);
    multiply(height, a, 1, lda, b, rows, s);
    for (int r = 0; r < height; ++r) std::copy_n(s[r], columns, c + r * ldc);
  }

  static void copy(const T* from, std::ptrdiff_t ld, int rows, int columns, T* to) {
    const int copied = std::min(columns, panel_width);
    for (int p = 0; p < rows; ++p, from += ld, to += panel_width) {
      std::copy_n(from, copied, to);
      std::fill(to + copied, to + panel_width, T(0));
    }
  }

 private:
  static void multiply(int height, const T* x, std::ptrdiff_t row, std::ptrdiff_t step, const T* w, int k, T (&s)[tile_rows][panel_width]) {
    if (height == 1) return multiply_rows<1>(x, row, step, w, k, s);
    if (height == 2) return multiply_rows<2>(x, row, step, w, k, s);
    if constexpr (tile_rows == 4) height == 3 ? multiply_rows<3>(x, row, step, w, k, s) : multiply_rows<4>(x, row, step, w, k, s);
  }

  // s[r][c] += sum over p of x[r * row + p * step] * w[p * 32 + c]
  template <int R>
  RELREASON_UNFUSED static void multiply_rows(const T* x, std::ptrdiff_t row, std::ptrdiff_t step, const T* w, int k,
                                              T (&s)[tile_rows][panel_width]) {
    RELREASON_UNFUSED_BODY
    for (int c = 0; c < panel_width; c += strip) {
      vector sum[R][4];  // memcpy of one vector at a time: of more, GCC would keep the sums in memory
      RELREASON_UNROLL for (int r = 0; r < R; ++r) RELREASON_UNROLL for (int q = 0; q < 4; ++q)
          std::memcpy(&sum[r][q], &s[r][c + q * lanes], sizeof(vector));
      for (int p = 0; p < k; ++p) {
        const T* at = w + p * panel_width + c;
        T e[R];
        RELREASON_UNROLL for (int r = 0; r < R; ++r) e[r] = x[r * row + p * step];
        RELREASON_UNROLL for (int q = 0; q < 4; ++q) {
          vector v;
          std::memcpy(&v, at + q * lanes, sizeof(vector));
          RELREASON_UNROLL for (int r = 0; r < R; ++r) sum[r][q] += v * e[r];
        }
      }
      RELREASON_UNROLL for (int r = 0; r < R; ++r) RELREASON_UNROLL for (int q = 0; q < 4; ++q)
          std::memcpy(&s[r][c + q * lanes], &sum[r][q], sizeof(vector));
    }
  }

  // One row of a panel: y + s for accumulate; else relu, gate, bits, store and sum, in this order.
  RELREASON_UNFUSED static void finish(const affine_args<T>& a, int i, int j, int columns, T* s) {
    RELREASON_UNFUSED_BODY
    T* y = a.y ? a.y + i * a.ldy + j : nullptr;
    if (a.relu)
      for (int c = 0; c < columns; ++c) s[c] = s[c] < 0 ? T(0) : s[c];
    if (a.accumulate)
      for (int c = 0; c < columns; ++c) s[c] += y[c];
    if (a.gate)
      for (int c = 0; c < columns; ++c) s[c] = a.gate[i * a.ldgate + j + c] > 0 ? s[c] : T(0);
    if (a.bits) {
      std::uint32_t word = 0;
      for (int c = 0; c < columns; ++c) word |= static_cast<std::uint32_t>(s[c] > 0) << c;
      a.bits[i * a.ldbits + j / panel_width] = word;
    }
    if (y) std::copy_n(s, columns, y);
    if (!a.sum) return;
    const T weight = a.row_weight ? a.row_weight[i] : T(1);
    T* to = a.sum + a.segment[i] * a.ldsum + j;
    for (int c = 0; c < columns; ++c) to[c] += weight * s[c];
  }
};

}  // namespace relreason::cpu
RELREASON_UNROLL_END
