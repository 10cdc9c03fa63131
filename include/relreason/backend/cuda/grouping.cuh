// relreason/backend/cuda/grouping.cuh -- rows listed by group, kept by a flag, sorted by score: Thrust's stable sort, scan and binary search.
// All scratch comes from a `temporary`; on CUDA nothing waits for the device, so everything here may be captured. Results never depend on the system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <thrust/binary_search.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/scan.h>
#include <thrust/sort.h>

#include "relreason/backend/cuda/rows.cuh"
#include "relreason/backend/cuda/temporary.cuh"

namespace relreason::device {

namespace pass {

struct list_rows {
  row_count rows;
  int n_groups;
  const int* group;
  int *key, *order;
  RELREASON_HD void operator()(std::size_t i) const {
    key[i] = i < rows.now() && group[i] >= 0 && group[i] < n_groups ? group[i] : n_groups;
    order[i] = static_cast<int>(i);
  }
};

template <class F>
struct keeps {
  using result_type = int;
  row_count rows;
  F f;
  RELREASON_HD int operator()(std::size_t i) const { return i < rows.now() && f(i) ? 1 : 0; }
};
template <class F>
struct compact {
  keeps<F> keep;
  const int* place;
  int *to, *count;
  RELREASON_HD void operator()(std::size_t i) const {
    const int kept = keep(i);
    if (kept) to[place[i]] = static_cast<int>(i);
    if (i + 1 == keep.rows.most) *count = place[i] + kept;
  }
};

}  // namespace pass

// The last of n + 1 ascending starts that is at most i, and not start[n]: the group of row i, if it has any.
RELREASON_HD inline int group_of(const int* start, int n, int i) {
  int low = 0, high = n;
  while (high - low > 1) {
    const int middle = low + (high - low) / 2;
    if (start[middle] <= i) low = middle;
    else high = middle;
  }
  return low;
}

// Ascending for scores that descend; both zeros are equal, NaN comes last.
RELREASON_HD inline std::uint32_t descending_key(float score) {
  if (score != score) return 0xffffffffu;
  const float plain = score == 0 ? 0.f : score;
  std::uint32_t bits = 0;
  memcpy(&bits, &plain, sizeof bits);
  return bits & 0x80000000u ? bits : ~(bits | 0x80000000u);
}

namespace pass {

// Rows before start[0] or from start[n] on are in no group and sort behind all others.
struct score_keys {
  const int* start;
  int n;
  const float* score;
  std::uint64_t* key;
  int* order;
  RELREASON_HD void operator()(std::size_t i) const {
    const int row = static_cast<int>(i);
    const bool inside = n > 0 && row >= start[0] && row < start[n];
    key[i] = inside ? static_cast<std::uint64_t>(group_of(start, n, row)) << 32 | descending_key(score[i]) : ~std::uint64_t{0};
    order[i] = row;
  }
};
struct top_rows {
  grid_width k;
  const int *start, *order;
  const float* score;
  int* rows;
  float* scores;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = k.split(i);
    const int at = start[p.row] - start[0] + static_cast<int>(p.column);
    const bool there = at < start[p.row + 1] - start[0];
    rows[i] = there ? order[at] : -1;
    if (scores) scores[i] = there ? score[order[at]] : 0.f;
  }
};

}  // namespace pass

// order: the rows 0 .. rows, stable by group; start[g] .. start[g + 1] are the places of group g in it. A row whose group is not in [0, n_groups)
// is in none, and stands behind. start: n_groups + 1, order: rows.most.
template <class System>
void group_by(const System& system, row_count rows, const int* group, int n_groups, int* start, int* order, temporary& scratch) {
  const temporary_array<int> key(scratch, rows.most);
  each(system, rows.most, pass::list_rows{rows, n_groups, group, key.data(), order});
  const auto policy = policy_with(system, scratch);
  thrust::stable_sort_by_key(policy, key.data(), key.data() + rows.most, order);
  const thrust::counting_iterator<int> groups(0);
  thrust::lower_bound(policy, key.data(), key.data() + rows.most, groups, groups + n_groups + 1, start);
}

// to: the rows i with f(i), ascending; *count: how many. to has room for rows.most. (thrust::copy_if would wait for the count.)
template <class System, class F>
void compact(const System& system, row_count rows, const F& f, int* to, int* count, temporary& scratch) {
  if (rows.most == 0) return each(system, 1, pass::fill<int>{count, 0});
  const temporary_array<int> place(scratch, rows.most);
  const pass::keeps<F> keep{rows, f};
  const auto kept = thrust::make_transform_iterator(thrust::counting_iterator<std::size_t>(0), keep);
  thrust::exclusive_scan(policy_with(system, scratch), kept, kept + static_cast<std::ptrdiff_t>(rows.most), place.data(), 0);
  each(system, rows.most, pass::compact<F>{keep, place.data(), to, count});
}

// order: the rows of every group of consecutive rows [start[g], start[g + 1]), groups in their order, greatest score first, equal scores by row,
// NaN last; rows of no group behind. start: n_groups + 1; `rows` is what order has room for, at least start[n_groups].
template <class System>
void sort_groups(const System& system, std::size_t rows, int n_groups, const int* start, const float* score, int* order, temporary& scratch) {
  const temporary_array<std::uint64_t> key(scratch, rows);
  each(system, rows, pass::score_keys{start, n_groups, score, key.data(), order});
  thrust::stable_sort_by_key(policy_with(system, scratch), key.data(), key.data() + rows, order);
}

// best[g k + i]: the row with the i-th greatest score of group g, as sort_groups orders them, or -1 where the group has fewer.
// scores, if not null: their scores, 0 where there is none. Both (n_groups, k).
template <class System>
void top_k(const System& system, std::size_t rows, int n_groups, const int* start, const float* score, std::size_t k, int* best, float* scores,
           temporary& scratch) {
  const temporary_array<int> order(scratch, rows);
  sort_groups(system, rows, n_groups, start, score, order.data(), scratch);
  each(system, static_cast<std::size_t>(n_groups) * k, pass::top_rows{grid_width(k), start, order.data(), score, best, scores});
}

}  // namespace relreason::device
