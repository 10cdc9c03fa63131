// relreason/backend/cuda/segments.cuh -- sums, means, maxima and counts over rows, over groups of rows and over anything that a function gives.
// Source: backend/cpu/state.hpp, the same definitions in the order of fold.cuh: no atomics, the same bits on every system, run after run.
// Scratch comes from the caller; each function's ..._scratch says how many bytes, 0 where nothing is needed.
#pragma once

#include <cstddef>

#include "relreason/backend/cuda/fold.cuh"

namespace relreason::device {

namespace fold {

// to_gj += sum_k by_k x_kj; with mean, to_gj = the mean, 0 for an empty group
template <class T, class X = T>
struct sum {
  using part = T;
  const X* x;
  std::size_t ld_x;
  const T* by;
  T* to;
  std::size_t ld_to;
  bool mean;
  RELREASON_HD part empty() const { return 0; }
  RELREASON_HD part load(std::size_t row, std::uint32_t column) const {
    const T value = static_cast<T>(x[row * ld_x + column]);
    return by ? product(by[row], value) : value;
  }
  RELREASON_HD static void join(part& to, const part& next) { to += next; }
  RELREASON_HD void finish(std::size_t group, std::uint32_t column, std::size_t count, const part& all) const {
    T& y = to[group * ld_to + column];
    if (mean) y = count ? all * (T(1) / static_cast<T>(count)) : T(0);
    else y += all;
  }
};

// The greatest value of the lowest row that has it; NaN is greater than all, and the last NaN counts, as on the CPU.
template <class T, class X = T>
struct max {
  struct part {
    T value;
    int row;  // -1: none
  };
  const X* x;
  std::size_t ld_x;
  T* to;
  int* best;
  std::size_t width;
  int first;  // number of the row that `x` begins with
  bool accumulate;
  RELREASON_HD part empty() const { return {T(0), -1}; }
  RELREASON_HD part load(std::size_t row, std::uint32_t column) const { return {static_cast<T>(x[row * ld_x + column]), static_cast<int>(row)}; }
  RELREASON_HD static void join(part& to, const part& next) {
    if (next.row < 0) return;
    const bool next_nan = next.value != next.value, nan = to.value != to.value;
    const bool later = next_nan ? !nan || next.row > to.row : !nan && (next.value > to.value || (next.value == to.value && next.row < to.row));
    if (to.row < 0 || later) to = next;
  }
  RELREASON_HD void finish(std::size_t group, std::uint32_t column, std::size_t, const part& all) const {
    const std::size_t at = group * width + column;
    if (accumulate && (all.row < 0 || !(all.value > to[at] || all.value != all.value))) return;
    to[at] = all.value;
    if (best) best[at] = all.row < 0 ? -1 : first + all.row;
  }
};

// *to += sum_i f(i)
template <class F, class Sum>
struct values {
  using part = Sum;
  F f;
  Sum* to;
  RELREASON_HD part empty() const { return 0; }
  RELREASON_HD part load(std::size_t i, std::uint32_t) const { return static_cast<Sum>(f(i)); }
  RELREASON_HD static void join(part& to, const part& next) { to = unfused_sum(to, next); }
  RELREASON_HD void finish(std::size_t, std::uint32_t, std::size_t, const part& all) const { *to += all; }
};
template <class F>
struct truth {
  F f;
  RELREASON_HD int operator()(std::size_t i) const { return f(i) ? 1 : 0; }
};

}  // namespace fold

// to += sum_i x_i
template <class T>
std::size_t sum_rows_scratch(std::size_t rows, std::size_t width) {
  return fold_scratch<T>(rows, 1, rows, width);
}
template <class System, class X, class T>
void sum_rows(const System& system, row_count rows, std::size_t width, const X* x, T* to, void* scratch) {
  run_fold(system, one_group{rows}, width, fold::sum<T, X>{x, width, nullptr, to, 0, false}, scratch);
}

// to_g += sum over the rows i of group g of x_i, or by_i x_i
template <class T>
std::size_t sum_groups_scratch(const row_lists& groups, std::size_t width) {
  return fold_scratch<T>(groups.rows, groups.n, groups.longest, width);
}
template <class System, class X, class T>
void sum_groups(const System& system, const row_lists& groups, std::size_t width, const X* x, std::size_t ld_x, T* to, std::size_t ld_to, const T* by,
                void* scratch) {
  run_fold(system, groups, width, fold::sum<T, X>{x, ld_x, by, to, ld_to, false}, scratch);
}
// to_g = the sum times 1 / count, 0 for an empty group; scratch as for sum_groups
template <class System, class T>
void mean_groups(const System& system, const row_lists& groups, std::size_t width, const T* x, std::size_t ld_x, T* to, std::size_t ld_to,
                 void* scratch) {
  run_fold(system, groups, width, fold::sum<T>{x, ld_x, nullptr, to, ld_to, true}, scratch);
}

// to_gj = max_i x_ij and best_gj = the lowest i that has it; an empty group gets 0 and -1. With accumulate, only values greater than to_gj count.
// best may be null. NaN is greater than everything.
template <class T>
std::size_t max_groups_scratch(const row_lists& groups, std::size_t width) {
  return fold_scratch<typename fold::max<T>::part>(groups.rows, groups.n, groups.longest, width);
}
template <class System, class X, class T>
void max_groups(const System& system, const row_lists& groups, std::size_t width, const X* x, T* to, int* best, bool accumulate, void* scratch) {
  run_fold(system, groups, width, fold::max<T, X>{x, width, to, best, width, groups.first, accumulate}, scratch);
}

// *to += sum of f(i), a double each, over [0, n)
inline std::size_t sum_scratch(std::size_t n) { return fold_scratch<double>(n, 1, n, 1); }
template <class System, class F>
void sum(const System& system, row_count n, const F& f, double* to, void* scratch) {
  run_fold(system, one_group{n}, 1, fold::values<F, double>{f, to}, scratch);
}
// *to += how many i of [0, n) have f(i)
inline std::size_t count_scratch(std::size_t n) { return fold_scratch<int>(n, 1, n, 1); }
template <class System, class F>
void count(const System& system, row_count n, const F& f, int* to, void* scratch) {
  run_fold(system, one_group{n}, 1, fold::values<fold::truth<F>, int>{{f}, to}, scratch);
}

}  // namespace relreason::device
