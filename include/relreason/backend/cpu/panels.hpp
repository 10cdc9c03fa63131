// relreason/backend/cpu/panels.hpp -- what the kernel sets share: W packed in panels of 32 columns, and the loops around the register tiles.
// Source: Goto, van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), with the panel in L1 and the rows in L2.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "relreason/backend/kernels.hpp"

// Before a loop over the rows of a register tile: rolled up, it would keep the accumulators in memory.
#define RELREASON_UNROLL _Pragma("GCC unroll 16")
#if defined(__CUDACC__)  // nvcc warns about the pragma and hands it on to the host compiler all the same
#define RELREASON_UNROLL_BEGIN _Pragma("nv_diagnostic push") _Pragma("nv_diag_suppress 1675")
#define RELREASON_UNROLL_END _Pragma("nv_diagnostic pop")
#else
#define RELREASON_UNROLL_BEGIN
#define RELREASON_UNROLL_END
#endif

namespace relreason::cpu {

inline constexpr int panel_width = 32;
inline constexpr std::ptrdiff_t l2_share = 512 * 1024;        // bytes of operand rows that stay in L2 beside panels and results
inline constexpr int outer_block = 192, outer_columns = 256;  // rows and columns of B at once: 192 KB

constexpr int panels_of(int n) { return (n + panel_width - 1) / panel_width; }

// One bit for each of the 32 columns from j on that lie below n.
constexpr std::uint32_t live_columns(int n, int j) { return n - j >= panel_width ? ~0u : (1u << (n - j)) - 1; }

// How many rows of row_bytes each are worked on while the panels pass by; a multiple of 12.
constexpr int block_rows(std::ptrdiff_t row_bytes) {
  return static_cast<int>(std::clamp<std::ptrdiff_t>(l2_share / std::max<std::ptrdiff_t>(row_bytes, 1), 24, 4096) / 12 * 12);
}

// Cuts rows into as few tiles of at most `most` rows as possible, of nearly equal height: f(first row, height).
template <class F>
void for_each_tile(int rows, int most, F&& f) {
  for (int tiles = (rows + most - 1) / most, i = 0; tiles > 0; --tiles) {
    const int height = (rows - i + tiles - 1) / tiles;
    f(i, height);
    i += height;
  }
}

// W as panels: packed[j / 32][p][j % 32] = W[j][p], zero beyond n.
template <class T>
void pack_panels(const T* w, std::ptrdiff_t ldw, bool transposed, int k, int n, T* packed) {
  for (int j = 0; j < n; j += panel_width, packed += static_cast<std::ptrdiff_t>(k) * panel_width) {
    const int columns = std::min(panel_width, n - j);
    if (columns < panel_width) std::memset(packed, 0, sizeof(T) * static_cast<std::size_t>(k) * panel_width);
    if (transposed) {
      for (int p = 0; p < k; ++p) std::memcpy(packed + p * panel_width, w + p * ldw + j, sizeof(T) * static_cast<std::size_t>(columns));
      continue;
    }
    for (int first = 0; first < k; first += 16)  // 16 rows of the panel (2 KB in float) stay in L1 while the columns fill them
      for (int c = 0; c < columns; ++c)
        for (int p = first; p < std::min(first + 16, k); ++p) packed[p * panel_width + c] = w[(j + c) * ldw + p];
  }
}

// A kernel set made of two register tiles. Tile provides:
//   real, name, row_set (its element-wise passes), tile_rows (at most as many rows in a tile)
//   affine(r, a, i, j, panel): rows [i, i + r) and columns [j, min(j + 32, n)) of Y, with the epilogue
//   copy(from, ld, rows, columns, to): up to 32 columns of each row beside each other, filled up with zeros to 32
//   outer(r, a, lda, b, rows, c, ldc, columns): C += A^T B for r x columns entries of C; a[p * lda + 0..r - 1], b[p * 32 + 0..31] aligned
template <class Tile>
struct panel_kernels {
  using real = typename Tile::real;

  static std::size_t packed_bytes(int k, int n) {
    return sizeof(real) * static_cast<std::size_t>(panels_of(n)) * panel_width * static_cast<std::size_t>(k);
  }
  static void pack(const real* w, std::ptrdiff_t ldw, bool transposed, int k, int n, void* packed) {
    pack_panels(w, ldw, transposed, k, n, static_cast<real*>(packed));
  }
  static std::size_t workspace_bytes(int rows, int k, int n) {
    const int columns = std::min(panels_of(std::max(k, n)) * panel_width, outer_columns);
    return sizeof(real) * static_cast<std::size_t>(std::max(std::min(rows, outer_block), 1) * columns);
  }

  static void affine(const affine_args<real>& a) {
    const int block = block_rows(static_cast<std::ptrdiff_t>(sizeof(real)) * a.k);
    for (int first = 0; first < a.rows; first += block) {
      const real* panel = static_cast<const real*>(a.w.packed);
      for (int j = 0; j < a.n; j += panel_width, panel += static_cast<std::ptrdiff_t>(a.k) * panel_width)
        for_each_tile(std::min(block, a.rows - first), Tile::tile_rows, [&](int i, int height) { Tile::affine(height, a, first + i, j, panel); });
    }
  }

  // Rows of B lie a power of two apart and would share a few sets of L1; the copies of its panels do not. A is used in place: copying its tile
  // costs more than the misses, which the multiply-adds hide. C is passed over row by row.
  static void outer(const outer_args<real>& o) {
    real* const b = static_cast<real*>(o.workspace);
    for (int first = 0; first < o.rows; first += outer_block)
      for (int j0 = 0; j0 < o.n; j0 += outer_columns) {
        const int rows = std::min(outer_block, o.rows - first), j1 = std::min(o.n, j0 + outer_columns);
        for (int j = j0; j < j1; j += panel_width) Tile::copy(o.b + first * o.ldb + j, o.ldb, rows, j1 - j, b + (j - j0) * rows);
        for_each_tile(o.m, Tile::tile_rows, [&](int i, int height) {
          const real* const a = o.a + first * o.lda + i;
          for (int j = j0; j < j1; j += panel_width)
            Tile::outer(height, a, o.lda, b + (j - j0) * rows, rows, o.c + i * o.ldc + j, o.ldc, std::min(panel_width, j1 - j));
        });
      }
  }

  static constexpr kernels<real> table{Tile::name, packed_bytes, pack, workspace_bytes, affine, outer, Tile::row_set};
};

}  // namespace relreason::cpu
