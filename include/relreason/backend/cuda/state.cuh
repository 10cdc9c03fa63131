// relreason/backend/cuda/state.cuh -- the backend's primitives on a device: the same list as backend/cpu/state.hpp, over whole batches.
// Operations that call nothing else run on both. Every call is asynchronous, in the order of the system's stream.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>
#include <vector>

#include "relreason/backend/cpu/state.hpp"
#include "relreason/backend/cuda/convolution.cuh"
#include "relreason/backend/cuda/elements.cuh"
#include "relreason/backend/cuda/product_args.cuh"
#include "relreason/backend/cuda/rows.cuh"
#include "relreason/backend/cuda/segments.cuh"
#include "relreason/backend/cuda/storage.cuh"

namespace relreason::device {

namespace pass {

// What a CPU kernel does in its epilogue and a library does not: y = relu(y + row_bias_(of i)), or y = gate > 0 ? y : 0.
struct late_rows {
  stored<float> y;
  std::ptrdiff_t ldy;
  grid_width width;
  const float* row_bias;
  const int* of;
  bool relu;
  const float* gate;
  std::ptrdiff_t ldgate;
  std::size_t w;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    const auto at = static_cast<std::size_t>(static_cast<std::ptrdiff_t>(p.row) * ldy) + p.column;
    float v = y.get(at);
    if (row_bias && of[p.row] >= 0) v += row_bias[static_cast<std::size_t>(of[p.row]) * w + p.column];
    if (relu && v < 0) v = 0;
    if (gate && !(gate[static_cast<std::ptrdiff_t>(p.row) * ldgate + p.column] > 0)) v = 0;
    y.set(at, v);
  }
};

}  // namespace pass

// A number of the step that is in the system's memory when the step is captured, and has its value when it runs.
template <class T>
struct scalar {
  const T* at = nullptr;
  RELREASON_HD operator T() const { return *at; }
};

template <class System, class Products, class T>
struct state {
  static_assert(std::is_same_v<T, float>, "relreason::device: models run in float; gradient checks in double run on the CPU");
  using real = T;
  using scalar = device::scalar<T>;
  static constexpr bool on_device = true;
  static constexpr int chunk_rows = std::numeric_limits<int>::max();  // all rows at once
  static constexpr int mask_words(int width) { return static_cast<int>(device::mask_words(width)); }
  // The memory policy of pair layers: kept for the backward pass, or, some pairs at a time, computed again there.
  bool rebuild = false;
  int pairs_at_once = chunk_rows;
  int pair_chunk() const { return pairs_at_once; }
  bool pairs_bf16 = false;     // how their numbers are stored
  std::size_t pair_bytes = 0;  // what plan() took for them, masks included
  stored<T> take_pairs(std::size_t n) {
    pair_bytes += n * (pairs_bf16 ? sizeof(bf16) : sizeof(T));
    if (pairs_bf16) return memory->template take<bf16>(n);
    return memory->template take<T>(n);
  }
  std::uint32_t* take_pair_bits(std::size_t n) {
    pair_bytes += n * sizeof(std::uint32_t);
    return memory->template take<std::uint32_t>(n);
  }

  System system;
  Products* products = nullptr;
  scratch_memory<System>* scratch = nullptr;
  arena *memory = nullptr, *tables = nullptr, *host_tables = nullptr;
  bool training = false, gradients = false;
  std::uint64_t seed = 0, line = 0;
  const std::uint64_t* step = nullptr;  // in the system's memory
  double* loss = nullptr;               // what add_loss() adds to, there too
  double* right = nullptr;              // what add_right() adds to: whole numbers
  const int* live_rows = nullptr;       // by space, there too
  std::vector<int>* shape = nullptr;    // all that a captured step hangs on
  std::size_t* scratch_wanted = nullptr;

  void want(int n_rows, int k, int n, bool of_pairs = false) const {
    if (scratch_wanted)
      *scratch_wanted = std::max(
          *scratch_wanted, products->scratch_bytes(n_rows, k, n, of_pairs && pairs_bf16) + static_cast<std::size_t>(std::max(k, n)) * sizeof(T));
  }
  template <class V, class Count>
  staged<V> take_table(Count count) {
    const auto n = static_cast<std::size_t>(count);
    return {host_tables->template take<V>(n), tables->template take<V>(n)};
  }
  row_groups take_groups(int n_rows, int n_groups) {
    row_groups g{take_table<int>(n_rows), take_table<int>(n_groups + 1), take_table<int>(n_rows), n_rows, n_groups};
    if (!host_tables->measuring()) std::fill_n(g.of.host, n_rows, -1);
    return g;
  }
  void launches_by(int n) const { shape->push_back(n); }
  // Lists the rows of each group, in order. A sum over them hangs on the longest group's number of levels alone (fold.cuh).
  void close_groups(row_groups& g) const {
    int *start = g.start.host, *order = g.order.host;
    std::fill_n(start, g.groups + 1, 0);
    for (int i = 0; i < g.rows; ++i)
      if (g.of.host[i] >= 0) ++start[g.of.host[i] + 1];
    g.longest = static_cast<int>(whole_levels(size(g.groups ? *std::max_element(start, start + g.groups + 1) : 0)));
    for (int k = 0; k < g.groups; ++k) start[k + 1] += start[k];
    for (int i = 0; i < g.rows; ++i)
      if (g.of.host[i] >= 0) order[start[g.of.host[i]]++] = i;
    for (int k = g.groups; k > 0; --k) start[k] = start[k - 1];
    start[0] = 0;
    launches_by(g.longest);
  }
  void group_by_input(row_groups& g, const int* host_index) const {
    std::copy_n(host_index, g.rows, g.of.host);
    close_groups(g);
  }

  // ---- products
  void affine(const relreason::affine_args<T>& a) const {
    if (a.rows == 0) return;
    affine_product p;
    p.rows = a.rows, p.k = a.k, p.n = a.n;
    p.x = {a.x, a.x_bf16}, p.ldx = a.ldx;
    p.w = a.w.data, p.ldw = a.w.ld, p.transposed = a.w.transposed;
    p.y = {a.y, a.y_bf16}, p.ldy = a.ldy;
    p.bias = a.row_bias ? nullptr : a.bias;
    p.accumulate = a.accumulate, p.relu = a.relu && !a.row_bias;
    if (a.bits && !a.row_bias) p.bits = a.bits, p.ldbits = a.ldbits;
    p.gate_bits = a.gate_bits, p.ldgate = mask_words(a.n);
    p.gelu = a.gelu, p.before = a.before, p.slope_of = a.slope_of;
    p.scratch = with_sum(products->scratch_bytes(a.rows, a.k, a.n, a.x_bf16), a.n, a.gate_sum, p.gate_sum);
    products->affine(p);
    if (a.gate_sum) device::add(system, size(a.n), a.gate_sum, p.gate_sum);
    const T* gate = a.gate_bits ? nullptr : a.gate;
    if (!a.row_bias && !gate) return;
    const auto w = static_cast<std::size_t>(a.n);
    device::each(system, static_cast<std::size_t>(a.rows) * w,
                 pass::late_rows{p.y, a.ldy, grid_width(w), a.row_bias, a.row_bias_of, a.relu && a.row_bias, gate, a.ldgate, w});
    if (a.bits) p.y.typed([&](const auto* y) { device::make_bits(system, size(a.rows), w, y, a.bits, static_cast<std::size_t>(a.ldbits)); });
  }
  void outer(const relreason::outer_args<T>& a) const {
    if (a.rows == 0) return;
    outer_product p;
    p.rows = a.rows, p.m = a.m, p.n = a.n, p.a = {a.a, a.a_bf16}, p.lda = a.lda, p.b = {a.b, a.b_bf16}, p.ldb = a.ldb, p.c = a.c, p.ldc = a.ldc;
    p.scratch = with_sum(products->scratch_bytes(a.rows, a.m, a.n, a.a_bf16 && a.b_bf16), a.m, a.a_sum, p.a_sum);
    products->outer(p);
    if (a.a_sum) device::add(system, size(a.m), a.a_sum, p.a_sum);
  }
  std::size_t packed_bytes(int, int) const { return 0; }  // weights are read where they lie
  void pack(const T*, std::ptrdiff_t, bool, int, int, std::byte*) const {}

  // ---- elements
  void fill(std::size_t n, T* to, T value) const { device::fill(system, n, to, value); }
  void copy(std::size_t n, T* to, stored<const T> from) const {
    from.typed([&](const auto* x) { device::copy(system, n, to, x); });
  }
  void add(std::size_t n, T* to, const T* from) const { device::add(system, n, to, from); }
  void gate(std::size_t n, T* to, const T* by) const { device::gate(system, n, to, by); }
  void gelu(activation form, std::size_t n, T* to, const T* x) const { device::gelu(system, form, n, to, x); }
  void gelu_back(activation form, std::size_t n, T* to, const T* x, const T* dy, bool add) const {
    device::gelu_back(system, form, n, to, x, dy, add);
  }
  void dropout(std::size_t n, stored<T> x, int percent, int layer, std::uint64_t first) const {
    x.typed([&](auto* to) { device::dropout(system, n, to, percent, dropout_place{seed, line, layer, 0, step}, first); });
  }
  template <class F>
  void each(std::size_t n, const F& f) const {
    device::each(system, n, f);
  }
  template <class F>
  void add_loss(std::size_t n, const F& f) const {
    device::sum(system, n, f, loss, scratch->at_least(system, sum_scratch(n)));
  }
  template <class F>
  void add_right(std::size_t n, const F& f) const {
    device::sum(system, n, fold::truth<F>{f}, right, scratch->at_least(system, sum_scratch(n)));
  }

  // ---- rows
  void copy_rows(int n_rows, int width, stored<T> to, int ld_to, const T* from, int ld_from, const int* row = nullptr) const {
    to.typed([&](auto* y) { device::copy_rows(system, size(n_rows), size(width), y, size(ld_to), from, size(ld_from), row); });
  }
  void add_rows(int n_rows, int width, T* to, int ld_to, const T* from, int ld_from, const int* row = nullptr, const T* by = nullptr) const {
    device::add_rows(system, size(n_rows), size(width), to, size(ld_to), from, size(ld_from), row, by);
  }
  void scale_rows(int n_rows, int width, stored<T> x, const T* by) const {
    x.typed([&](auto* to) { device::scale_rows(system, size(n_rows), size(width), to, by); });
  }
  void sum_rows(int n_rows, int width, stored<const T> x, T* to) const {
    void* parts = scratch->at_least(system, sum_rows_scratch<T>(size(n_rows), size(width)));
    x.typed([&](const auto* from) { device::sum_rows(system, size(n_rows), size(width), from, to, parts); });
  }
  void sum_groups(const row_groups& g, int first, int n_rows, int width, stored<const T> x, int ldx, T* to, int ld_to, const T* by = nullptr) const {
    const row_lists lists = window(g, first, n_rows);
    void* parts = scratch->at_least(system, sum_groups_scratch<T>(lists, size(width)));
    x.typed([&](const auto* from) { device::sum_groups(system, lists, size(width), from, size(ldx), to, size(ld_to), by, parts); });
  }
  void max_groups(const row_groups& g, int first, int n_rows, int width, stored<const T> x, T* to, int* best) const {
    const row_lists lists = window(g, first, n_rows);
    void* parts = scratch->at_least(system, max_groups_scratch<T>(lists, size(width)));
    x.typed([&](const auto* from) { device::max_groups(system, lists, size(width), from, to, best, true, parts); });
  }
  void gather_pairs(int n_rows, int width, stored<T> to, const T* a, const int* ia, const T* b, const int* ib, bool relu) const {
    to.typed([&](auto* y) { device::gather_pairs(system, size(n_rows), size(width), y, a, ia, b, ib, relu); });
  }
  void select_rows(int n_rows, int width, stored<T> to, const std::uint32_t* bits, const T* from, const int* row, const T* by, const T* also) const {
    to.typed([&](auto* y) { device::select_rows(system, size(n_rows), size(width), y, bits, from, row, by, also, size(mask_words(width))); });
  }
  void make_bits(int n_rows, int width, stored<const T> x, std::uint32_t* bits) const {
    x.typed([&](const auto* from) { device::make_bits(system, size(n_rows), size(width), from, bits, size(mask_words(width))); });
  }
  void dot_rows(int n_rows, int width, stored<const T> x, const T* y, const int* row, T* to) const {
    x.typed([&](const auto* from) { device::dot_rows(system, size(n_rows), size(width), from, y, row, to); });
  }
  void lstm_forward(int n_rows, int width, T* gates, T* c, T* tc, T* h) const {
    device::lstm_forward(system, size(n_rows), size(width), gates, c, tc, h);
  }
  void lstm_backward(int n_rows, int width, T* gates, const T* c_before, const T* tc, const T* dh, T* dc) const {
    device::lstm_backward(system, size(n_rows), size(width), gates, c_before, tc, dh, dc);
  }

  // ---- maps and columns
  void unfold(const window_shape& w, int first, int n_rows, const T* x, T* to) const { device::unfold(system, w, first, size(n_rows), x, to); }
  void fold(const window_shape& w, int first, int n_rows, const T* from, T* x) const {
    device::fold_windows(system, w, first, size(n_rows), from, x);
  }
  std::size_t column_scratch(int, int) const { return 0; }
  void moments(const row_total& rows, int width, const T* x, T* mean, T* variance, T*) const {
    device::moments(system, rows, size(width), x, mean, variance, column_space(rows, width));
  }
  void normalize(int n_rows, int width, const T* x, const T* mean, const T* scale, const T* shift, bool relu, T* y) const {
    device::normalize(system, size(n_rows), size(width), x, mean, scale, shift, relu, y);
  }
  void normalize_sums(const row_total& rows, int width, const T* dy, const T* y, const T* x, const T* mean, T* sums, T*) const {
    device::normalize_sums(system, rows, size(width), dy, y, x, mean, sums, column_space(rows, width));
  }
  void normalize_back(const row_total& rows, int width, const T* dy, const T* y, const T* x, const T* mean, const T* of_g, const T* of_x,
                      const T* shift, T* dx) const {
    device::normalize_back(system, rows, size(width), dy, y, x, mean, of_g, of_x, shift, dx);
  }

 private:
  void* column_space(const row_total& rows, int width) const {
    return scratch->at_least(system, device::column_scratch<T>(size(rows.rows), size(width)));
  }
  static std::size_t size(int n) { return static_cast<std::size_t>(n); }
  // Scratch of a product, and, where a sum is wanted, a place for its n numbers behind it: a product stores its sums, it does not add them.
  void* with_sum(std::size_t bytes, int n, const T* wanted, T*& place) const {
    const std::size_t before = (bytes + 255) / 256 * 256;
    auto* at = static_cast<std::byte*>(scratch->at_least(system, before + (wanted ? size(n) * sizeof(T) : 0)));
    place = wanted ? reinterpret_cast<T*>(at + before) : nullptr;
    return at;
  }
  static row_lists window(const row_groups& g, int first, int n_rows) {
    row_lists lists{size(g.groups), g.start.at, g.order.at, size(g.rows), size(g.longest)};
    if (first != 0 || n_rows != g.rows) lists.first = first, lists.last = first + n_rows;
    return lists;
  }
};

// The backend as a template argument of engines.
template <class System, class Products>
struct backend {
  template <class T>
  using state = device::state<System, Products, T>;
};

}  // namespace relreason::device
