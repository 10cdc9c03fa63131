// relreason/backend/cpu/state.hpp -- the backend's primitives on the CPU: what an operation may call besides its own loops.
// docs/policies/backend.md lists them. Rows are packed; a table's pointers are plain host memory here.
#pragma once

#include <algorithm>
#include <cstring>

#include "relreason/backend/cpu/columns.hpp"
#include "relreason/backend/cpu/windows.hpp"
#include "relreason/backend/kernels.hpp"
#include "relreason/backend/row_total.hpp"
#include "relreason/backend/rows.hpp"
#include "relreason/backend/stored.hpp"
#include "relreason/core/arena.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/graph/groups.hpp"

namespace relreason {

constexpr std::size_t extent_product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

// Everything a call may use besides its arguments. Copied per worker; extents are those of the tile at hand.
template <class T>
struct cpu_state {
  using real = T;
  using scalar = T;  // a loss's factor
  static constexpr bool on_device = false;
  static constexpr const int* live_rows = nullptr;  // all count
  static constexpr int chunk_rows = 192;            // pair rows at a time: two buffers and a weight matrix stay in L2

  static constexpr bool rebuild = false;  // tiles stay in cache: what forward computed is kept
  // For plan(): memory of pair layers, which a device counts and may keep in bf16.
  stored<T> take_pairs(std::size_t n) { return memory->template take<T>(n); }
  std::uint32_t* take_pair_bits(std::size_t n) { return memory->template take<std::uint32_t>(n); }
  int pair_chunk() const { return chunk_rows; }
  static constexpr int mask_words(int width) { return (width + 31) / 32; }  // from one row of bits to the next

  const kernels<T>* kernel = nullptr;
  executor* inner = nullptr;       // parallel inside an operation: serial in a lane, the pool for a single graph
  std::byte* workspace = nullptr;  // kernel scratch, one slice per inner chunk
  std::size_t workspace_slice = 0;
  int inner_chunks = 1;
  arena* memory = nullptr;
  bool training = false, gradients = false;
  std::uint64_t seed = 0, step = 0, line = 0;
  std::size_t* workspace_wanted = nullptr;
  double loss = 0;          // what add_loss() adds to
  std::uint64_t right = 0;  // what add_right() adds to

  // For plan(): this line will call products up to this size, of pairs or of other rows.
  void want(int n_rows, int k, int n, bool = false) {
    if (workspace_wanted) *workspace_wanted = std::max(*workspace_wanted, kernel->workspace_bytes(n_rows, k, n));
  }
  // For plan(): an index array that lay_out() fills.
  template <class V, class Count>
  staged<V> take_table(Count n) {
    V* p = memory->template take<V>(static_cast<std::size_t>(n));
    return {p, p};
  }
  row_groups take_groups(int n_rows, int n_groups) { return {take_table<int>(n_rows), {}, {}, n_rows, n_groups}; }
  // For lay_out(): a number, made there, on which the number or the sizes of this line's calls hang (beside those of extents).
  void launches_by(int) const {}
  // For lay_out(): after of.host is filled; or where the groups are an input of the model.
  void close_groups(row_groups&) const {}
  void group_by_input(row_groups& g, const int* host_index) const {
    if (g.rows) std::memcpy(g.of.host, host_index, static_cast<std::size_t>(g.rows) * sizeof(int));
  }

  // ---- products
  // Y = X W^T + b ...; split over panels of 32 columns where threads are free: no value depends on the split.
  void affine(const affine_args<T>& a) const {
    if (a.row_bias) return affine_by_row_bias(a);
    const int panels = (a.n + 31) / 32;
    const int chunks = extent_product(a.rows, a.k) * static_cast<std::size_t>(a.n) < 65536 ? 1 : std::min(inner_chunks, panels);
    inner->parallel_for(chunks, [&](int c) {
      const int first = panels * c / chunks * 32, last = std::min(panels * (c + 1) / chunks * 32, a.n);
      affine_args<T> part = a;
      part.n = last - first;
      part.w.packed = static_cast<const std::byte*>(a.w.packed) + static_cast<std::size_t>(first / 32) * kernel->packed_bytes(a.k, 32);
      if (a.bias) part.bias = a.bias + first;
      if (a.y) part.y = a.y + first;
      if (a.gate) part.gate = a.gate + first;
      if (a.bits) part.bits = a.bits + first / 32;
      if (a.sum) part.sum = a.sum + first;
      part.workspace = workspace + static_cast<std::size_t>(c) * workspace_slice;
      if (a.before) part.y = a.before + first, part.ldy = a.n;
      kernel->affine(part);
      if (is_gelu(a.gelu)) late_gelu(a, first, last - first);
    });
  }
  // C += A^T B
  void outer(outer_args<T> a) const {
    if (a.rows == 0) return;
    if (a.a_sum) sum_rows(a.rows, a.m, a.a, a.a_sum);
    a.workspace = workspace;
    kernel->outer(a);
  }
  // What prepare() makes of W (n, k), or (k, n) if transposed, for affine().
  std::size_t packed_bytes(int k, int n) const { return kernel->packed_bytes(k, n); }
  void pack(const T* w, std::ptrdiff_t ldw, bool transposed, int k, int n, std::byte* to) const { kernel->pack(w, ldw, transposed, k, n, to); }

  // ---- elements
  void fill(std::size_t n, T* to, T value) const { std::fill_n(to, n, value); }
  void copy(std::size_t n, T* to, const T* from) const {
    if (n) std::memcpy(to, from, n * sizeof(T));
  }
  void add(std::size_t n, T* to, const T* from) const { kernel->row->add(n, to, from); }
  void gate(std::size_t n, T* to, const T* by) const { kernel->row->gate(n, to, by); }  // to = by > 0 ? to : 0
  // to = gelu(x); to = gelu'(x) dy, or, with add, to += that; arrays may be the same
  void gelu(activation form, std::size_t n, T* to, const T* x) const { gelu_pass(form)(n, to, x); }
  void gelu_back(activation form, std::size_t n, T* to, const T* x, const T* dy, bool add) const { gelu_back_pass(form)(n, to, x, dy, add); }
  // Entry i of the array is entry first + i of a stream that hangs on seed, step, line and layer.
  void dropout(std::size_t n, T* x, int percent, int layer, std::uint64_t first) const {
    rows_of::dropout(n, x, percent, seed, rows_of::dropout_stream(line, layer, step), first);
  }
  // f(i) for i in [0, n), in any order.
  template <class F>
  void each(std::size_t n, const F& f) const {
    for (std::size_t i = 0; i < n; ++i) f(i);
  }
  // Adds sum_i f(i), a double each, to the line's loss.
  template <class F>
  void add_loss(std::size_t n, const F& f) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) sum += f(i);
    loss += sum;
  }
  // Adds how many f(i) hold to the rows that the line finds right.
  template <class F>
  void add_right(std::size_t n, const F& f) {
    for (std::size_t i = 0; i < n; ++i) right += f(i) ? 1 : 0;
  }

  // ---- rows
  // to_i = from_r, r = row[i] or i; ld: elements from one row to the next, 0 for the same row again
  void copy_rows(int n_rows, int width, T* to, int ld_to, const T* from, int ld_from, const int* row = nullptr) const {
    for (int i = 0; i < n_rows; ++i)
      std::memcpy(to + extent_product(i, ld_to), from + extent_product(row ? row[i] : i, ld_from), static_cast<std::size_t>(width) * sizeof(T));
  }
  // to_i += by_r from_r, r = row[i] or i
  void add_rows(int n_rows, int width, T* to, int ld_to, const T* from, int ld_from, const int* row = nullptr, const T* by = nullptr) const {
    const auto w = static_cast<std::size_t>(width);
    for (int i = 0; i < n_rows; ++i) {
      const int r = row ? row[i] : i;
      if (by) kernel->row->add_scaled(w, to + extent_product(i, ld_to), by[r], from + extent_product(r, ld_from));
      else kernel->row->add(w, to + extent_product(i, ld_to), from + extent_product(r, ld_from));
    }
  }
  void scale_rows(int n_rows, int width, T* x, const T* by) const {
    for (int i = 0; i < n_rows; ++i) kernel->row->scale(static_cast<std::size_t>(width), x + extent_product(i, width), by[i]);
  }
  void sum_rows(int n_rows, int width, const T* x, T* to) const { kernel->row->sum_rows(n_rows, static_cast<std::size_t>(width), x, to); }
  // to_g += by_i x_i for the rows first .. first + n_rows of the groups, in order; x and by begin at row `first`
  void sum_groups(const row_groups& g, int first, int n_rows, int width, const T* x, int ldx, T* to, int ld_to, const T* by = nullptr) const {
    const auto w = static_cast<std::size_t>(width);
    if (!by && ldx == width && ld_to == width) return kernel->row->scatter(n_rows, w, x, g.of.at + first, to);
    for (int i = 0; i < n_rows; ++i) {
      T* sum = to + extent_product(g.of.at[first + i], ld_to);
      if (by) kernel->row->add_scaled(w, sum, by[i], x + extent_product(i, ldx));
      else kernel->row->add(w, sum, x + extent_product(i, ldx));
    }
  }
  // to_gj = max(to_gj, x_ij) and best_gj = i where it won; rows as above
  void max_groups(const row_groups& g, int first, int n_rows, int width, const T* x, T* to, int* best) const {
    for (int i = 0; i < n_rows; ++i) {
      const T* row = x + extent_product(i, width);
      const std::size_t at = extent_product(g.of.at[first + i], width);
      for (int j = 0; j < width; ++j)
        if (const std::size_t k = at + static_cast<std::size_t>(j); row[j] > to[k] || row[j] != row[j]) to[k] = row[j], best[k] = first + i;
    }
  }
  // to_i = a_(ia[i]) + b_(ib[i]), or its positive part
  void gather_pairs(int n_rows, int width, T* to, const T* a, const int* ia, const T* b, const int* ib, bool relu) const {
    kernel->row->gather_pairs(n_rows, static_cast<std::size_t>(width), to, a, ia, b, ib, relu);
  }
  // to_ij = bit j of row i ? by_i also_r from_rj : 0, r = row[i]; bits, by, also: or null for all ones
  void select_rows(int n_rows, int width, T* to, const std::uint32_t* bits, const T* from, const int* row, const T* by, const T* also) const {
    const int words = (width + 31) / 32;
    for (int i = 0; i < n_rows; ++i) {
      const T w = (by ? by[i] : T(1)) * (also ? also[row[i]] : T(1));
      const T* x = from + extent_product(row[i], width);
      T* y = to + extent_product(i, width);
      if (bits) kernel->row->select_bits(static_cast<std::size_t>(width), y, bits + extent_product(i, words), x, w);
      else
        for (int j = 0; j < width; ++j) y[j] = w * x[j];
    }
  }
  void make_bits(int n_rows, int width, const T* x, std::uint32_t* bits) const {  // bit j of row i: x_ij > 0
    for (int i = 0; i < n_rows; ++i)
      rows_of::make_bits(static_cast<std::size_t>(width), x + extent_product(i, width), bits + extent_product(i, (width + 31) / 32));
  }
  void dot_rows(int n_rows, int width, const T* x, const T* y, const int* row, T* to) const {  // to_i = x_i . y_(row[i])
    for (int i = 0; i < n_rows; ++i)
      to[i] = rows_of::dot(static_cast<std::size_t>(width), x + extent_product(i, width), y + extent_product(row ? row[i] : i, width));
  }
  void lstm_forward(int n_rows, int width, T* gates, T* c, T* tc, T* h) const {
    kernel->row->lstm_forward(n_rows, static_cast<std::size_t>(width), gates, c, tc, h);
  }
  void lstm_backward(int n_rows, int width, T* gates, const T* c_before, const T* tc, const T* dh, T* dc) const {
    kernel->row->lstm_backward(n_rows, static_cast<std::size_t>(width), gates, c_before, tc, dh, dc);
  }

  // ---- maps
  // Windows first .. first + n_rows of all samples as rows, and back: x += what the rows hold for each of its numbers.
  void unfold(const window_shape& w, int first, int n_rows, const T* x, T* to) const { cpu::unfold(w, first, n_rows, x, to); }
  void fold(const window_shape& w, int first, int n_rows, const T* from, T* x) const { cpu::fold(*kernel->row, w, first, n_rows, from, x); }

  // ---- columns: batch norm
  // For plan(): numbers of scratch for moments() and normalize_sums().
  std::size_t column_scratch(int n_rows, int width) const { return 2 * extent_product(cpu::column_pieces(n_rows), width); }
  void moments(const row_total& n, int width, const T* x, T* mean, T* variance, T* own) const {  // variance: divided by the number of rows
    cpu::moments(*inner, *kernel->row, n.rows, width, x, mean, variance, own);
  }
  // y = (x - mean) scale + shift, or its positive part
  void normalize(int n_rows, int width, const T* x, const T* mean, const T* scale, const T* shift, bool relu, T* y) const {
    cpu::each_piece(*inner, n_rows, [&](int, int first, int n) {
      const std::size_t at = extent_product(first, width);
      kernel->row->normalize(n, static_cast<std::size_t>(width), x + at, mean, scale, shift, relu, y + at);
    });
  }
  // sums = sum g_i, then, width later, sum g_i (x_i - mean)    g: dy where y > 0, or dy where y is null
  void normalize_sums(const row_total& n, int width, const T* dy, const T* y, const T* x, const T* mean, T* sums, T* own) const {
    cpu::normalize_sums(*inner, *kernel->row, n.rows, width, dy, y, x, mean, sums, own);
  }
  // dx += of_g g + of_x (x - mean) + shift
  void normalize_back(const row_total& all, int width, const T* dy, const T* y, const T* x, const T* mean, const T* of_g, const T* of_x,
                      const T* shift, T* dx) const {
    cpu::each_piece(*inner, all.rows, [&](int, int first, int n) {
      const std::size_t at = extent_product(first, width);
      kernel->row->normalize_back(n, static_cast<std::size_t>(width), dy + at, y ? y + at : nullptr, x + at, mean, of_g, of_x, shift, dx + at);
    });
  }

 private:
  auto gelu_pass(activation form) const { return form == activation::gelu ? kernel->row->gelu : kernel->row->gelu_tanh; }
  auto gelu_back_pass(activation form) const { return form == activation::gelu ? kernel->row->gelu_back : kernel->row->gelu_tanh_back; }
  // The columns first .. first + n of a product, through the GELU.
  void late_gelu(const affine_args<T>& a, int first, int n) const {
    for (int i = 0; i < a.rows; ++i) {
      const std::size_t at = extent_product(i, a.n) + static_cast<std::size_t>(first), w = static_cast<std::size_t>(n);
      T* y = a.y + a.ldy * i + first;
      if (a.slope_of) gelu_back_pass(a.gelu)(w, y, a.slope_of + at, y, false);
      else gelu_pass(a.gelu)(w, y, a.before ? a.before + at : y);
    }
  }
  // Rows of one bias follow each other: one product for each run of them.
  void affine_by_row_bias(const affine_args<T>& a) const {
    for (int i = 0; i < a.rows;) {
      int end = i + 1;
      while (end < a.rows && a.row_bias_of[end] == a.row_bias_of[i]) ++end;
      affine_args<T> part = a;
      part.rows = end - i;
      part.x += a.ldx * i;
      if (a.y) part.y += a.ldy * i;
      if (a.bits) part.bits += a.ldbits * i;
      if (a.segment) part.segment += i;
      if (a.row_weight) part.row_weight += i;
      part.bias = a.row_bias + extent_product(a.row_bias_of[i], a.n);
      part.row_bias = nullptr;
      affine(part);
      i = end;
    }
  }
};

// The backend as a template argument of engines: the CPU.
struct cpu_backend {
  template <class T>
  using state = cpu_state<T>;
};

}  // namespace relreason
