// tests/cuda/all_primitives.hpp -- every device primitive, called once on arrays of one block: the same numbers on every system.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

#include "cuda/systems.hpp"
#include "relreason/backend/cuda/pairs.cuh"
#include "relreason/backend/cuda/sampling.cuh"
#include "relreason/backend/cuda/segments.cuh"
#include "relreason/core/arena.hpp"

namespace systems_test {

struct is_positive {
  const float* x;
  RELREASON_HD bool operator()(std::size_t i) const { return x[i] > 0; }
};
struct square {
  const float* x;
  RELREASON_HD double operator()(std::size_t i) const { return static_cast<double>(x[i]) * static_cast<double>(x[i]); }
};

// Some rows in groups of 0, 100, 64, 1 and all others. Arrays are taken in the order of their calls, so that blocks of two systems are laid out
// alike; prepare() fills a block that the host can read, run() works in one of the system.
class all_primitives {
 public:
  static constexpr std::size_t rows = 5000, scratch_bytes = std::size_t{1} << 22;
  static constexpr int n_groups = 5;
  static constexpr std::size_t widths[]{3, 40};

  static std::size_t bytes() {
    relreason::arena measure;
    all_primitives(measure, false).take_all();
    return measure.peak();
  }
  static void prepare(std::byte* block) {
    relreason::arena a(block, bytes());
    all_primitives(a, true).take_all();
  }
  // The scratch is another block, of scratch_bytes.
  template <class System>
  static void run(const System& on, std::byte* block, std::byte* scratch) {
    relreason::arena a(block, bytes());
    all_primitives p(a, false);
    relreason::device::temporary sorting(scratch, scratch_bytes);
    p.elements(on);
    for (const std::size_t width : widths) p.row_passes(on, width), p.segments(on, width, scratch);
    p.graphs(on, sorting, scratch);
  }

 private:
  relreason::arena& memory_;
  bool fill_;
  std::uint64_t stream_ = 0;
  all_primitives(relreason::arena& memory, bool fill) : memory_(memory), fill_(fill) {}

  float* floats(std::size_t n) {
    float* const p = memory_.take<float>(n);
    const auto x = numbers<float>(fill_ ? n : 0, ++stream_);
    std::copy(x.begin(), x.end(), p);
    return p;
  }
  float* positive_floats(std::size_t n) {
    float* const p = floats(n);
    for (std::size_t i = 0; fill_ && i < n; ++i) p[i] = std::abs(p[i]);
    return p;
  }
  float* whole_floats(std::size_t n) {  // ties
    float* const p = floats(n);
    for (std::size_t i = 0; fill_ && i < n; ++i) p[i] = std::round(p[i]);
    return p;
  }
  int* ints(std::size_t n, int below) {
    int* const p = memory_.take<int>(n);
    const auto x = indices(fill_ ? n : 0, below, ++stream_);
    std::copy(x.begin(), x.end(), p);
    return p;
  }
  template <class V>
  V* values(std::initializer_list<V> list) {
    V* const p = memory_.take<V>(list.size());
    if (fill_) std::copy(list.begin(), list.end(), p);
    return p;
  }
  template <class V>
  V* zeros(std::size_t n) {
    V* const p = memory_.take<V>(n);
    if (fill_) std::fill_n(p, n, V(0));
    return p;
  }
  int* group_starts() { return values<int>({0, 0, 100, 164, 165, static_cast<int>(rows)}); }

  // Takes what run() takes: every call below does nothing here.
  struct no_system {};
  void take_all() {
    const no_system on;
    elements(on);
    for (const std::size_t width : widths) row_passes(on, width), segments(on, width, nullptr);
    relreason::device::temporary none;
    graphs(on, none, nullptr);
  }
  template <class System, class Call>
  static void call(const System& on, const Call& work) {
    if constexpr (!std::is_same_v<System, no_system>) work(on);
  }

  template <class System>
  void elements(const System& system) {
    using namespace relreason;
    constexpr std::size_t n = 3 * rows + 1, width = 5, cells = rows * width;
    float *const x = floats(n), *const y = floats(n);
    float* to[14];
    for (auto& t : to) t = floats(n);
    float *const gates = floats(4 * cells), *const c = floats(cells), *const before = floats(cells), *const tc = floats(cells),
                 *const h = floats(cells);
    float *const dh = floats(cells), *const dc = floats(cells), *const w = floats(n), *const m = floats(n), *const v = positive_floats(n);
    float *const w2 = floats(n), *const b = floats(n);
    double* const converted = zeros<double>(n);
    auto* const adam = values<adam_factors<float>>({{.5f, 1e-4f, .99f, .1f, .999f, .001f, .01f, .9f, 1e-8f}});
    auto* const sgd = values<sgd_factors<float>>({{.5f, 1e-2f, .9f, .1f, true}});
    auto* const step = values<std::uint64_t>({7});
    call(system, [&](const auto& on) {
      device::fill(on, n, to[0], 2.5f);
      device::copy(on, n, to[1], x);
      device::copy(on, n, converted, x);
      device::add(on, n, to[2], x);
      device::scale(on, n, to[3], .3f);
      device::add_scaled(on, n, to[4], .3f, x);
      device::gate(on, n, to[5], x);
      device::add_relu(on, n, to[6], x, y);
      device::exp(on, n, to[7]);
      device::tanh(on, n, to[8]);
      device::sigmoid(on, n, to[9]);
      device::gelu(on, activation::gelu, n, to[10], x);
      device::gelu(on, activation::gelu_tanh, n, to[11], x);
      device::gelu_back(on, activation::gelu, n, to[12], x, y, false);
      device::gelu_back(on, activation::gelu_tanh, n, to[13], x, y, true);
      device::dropout(on, n, to[0], 40, device::dropout_place{1, 2, 3, 0, step}, 5);
      device::lstm_forward(on, rows, width, gates, c, tc, h);
      device::lstm_backward(on, rows, width, gates, before, tc, dh, dc);
      device::adam(on, n, w, x, m, v, adam);
      device::sgd(on, n, w2, x, b, sgd);
    });
  }
  template <class System>
  void row_passes(const System& system, std::size_t width) {
    using namespace relreason;
    const std::size_t n = rows * width;
    float *const x = floats(n), *const y = floats(n), *const by = floats(rows);
    const int *const ia = ints(rows, static_cast<int>(rows)), *const ib = ints(rows, static_cast<int>(rows));
    float* to[6];
    for (auto& t : to) t = floats(n);
    auto* const bits = zeros<std::uint32_t>(rows * ((width + 31) / 32));
    const device::row_count live{rows, values<int>({4321})};
    call(system, [&](const auto& on) {
      device::copy_rows(on, live, width, to[0], width, x, width, ia);
      device::add_rows(on, live, width, to[1], width, x, width, ia, by);
      device::scale_rows(on, live, width, to[2], by);
      device::gather_pairs(on, live, width, to[3], x, ia, y, ib, true);
      device::make_bits(on, rows, width, x, bits);
      device::select_rows(on, live, width, to[4], bits, y, ia, by, by);
      device::dot_rows(on, live, width, x, y, ia, to[5]);
    });
  }
  template <class System>
  void segments(const System& system, std::size_t width, void* scratch) {
    using namespace relreason;
    const std::size_t groups = static_cast<std::size_t>(n_groups);
    const float *const x = floats(rows * width), *const whole = whole_floats(rows * width), *const by = floats(rows);
    float *const sum = floats(width), *const means = floats(groups * width), *const greatest = floats(groups * width);
    float *const sums = floats(groups * width), *const small_sums = floats(groups * width), *const window = floats(groups * width);
    float* const small_greatest = floats(groups * width);
    int *const best = ints(groups * width, 9), *const small_best = ints(groups * width, 9), *const start = group_starts(), *const number = ints(1, 9);
    double* const total = zeros<double>(1);
    const device::row_count live{rows, values<int>({4321})};
    const device::row_lists lists{groups, start, nullptr, rows, rows}, small{groups - 1, start, nullptr, rows, 100};
    device::row_lists few = small, part = lists;
    few.n = 4, few.start = values<int>({0, 0, 64, 65, 100}), few.longest = 64;
    part.first = 50, part.last = 3000;
    call(system, [&](const auto& on) {
      device::sum_rows(on, live, width, x, sum, scratch);
      device::sum_groups(on, lists, width, x, width, sums, width, by, scratch);
      device::sum_groups(on, few, width, x, width, small_sums, width, by, scratch);
      device::sum_groups(on, part, width, x, width, window, width, by, scratch);
      device::mean_groups(on, small, width, x, width, means, width, scratch);
      device::max_groups(on, lists, width, whole, greatest, best, false, scratch);
      device::max_groups(on, few, width, whole, small_greatest, small_best, true, scratch);
      device::sum(on, live, square{x}, total, scratch);
      device::count(on, live, is_positive{x}, number, scratch);
    });
  }
  template <class System>
  void graphs(const System& system, relreason::device::temporary& sorting, void* scratch) {
    using namespace relreason;
    constexpr std::size_t k = 8, most = 14000, width = 3;
    const int *const group = ints(rows, n_groups + 1), *const start = group_starts(), *const nodes = values<int>({3, 3, 103, 167, 168});
    int *const lists = ints(n_groups + 1, 9), *const order = ints(rows, 9), *const kept = ints(rows, 9), *const number = ints(1, 9);
    int *const sorted = ints(rows, 9), *const best = ints(n_groups * k, 9), *const pair_start = ints(5, 9);
    int *const receiver = ints(most, 9), *const sender = ints(most, 9), *const graph = ints(most, 9), *const sampled = ints(n_groups * k, 9);
    int *const shuffled = ints(rows, 9), *const chosen = ints(rows, 9);
    const float *const score = whole_floats(rows), *const x = floats(rows * width);
    float *const scores = floats(n_groups * k), *const sums = floats(n_groups * width);
    auto* const weight = values<std::uint32_t>({5, 0, 0xffffffff, 7});
    auto* const cumulated = zeros<std::uint64_t>(4);
    const device::random_place random{1, 2};
    const device::row_lists listed{static_cast<std::size_t>(n_groups), lists, order, rows, rows};
    call(system, [&](const auto& on) {
      device::group_by(on, rows, group, n_groups, lists, order, sorting);
      device::sum_groups(on, listed, width, x, width, sums, width, static_cast<const float*>(nullptr), scratch);
      device::compact(on, rows, is_positive{score}, kept, number, sorting);
      device::sort_groups(on, rows, n_groups, start, score, sorted, sorting);
      device::top_k(on, rows, n_groups, start, score, k, best, scores, sorting);
      device::complete_pairs(on, 4, nodes, nodes, most, pair_start, receiver, sender, graph, sorting);
      device::sample_groups(on, static_cast<std::size_t>(n_groups), start, k, random, sampled);
      device::permutation(on, rows, random, shuffled, sorting);
      device::cumulate(on, 4, weight, cumulated, sorting);
      device::weighted_choice(on, rows, 4, cumulated, random, 3, group, chosen);
    });
  }
};

}  // namespace systems_test
