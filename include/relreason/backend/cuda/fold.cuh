// relreason/backend/cuda/fold.cuh -- rows of many groups folded to one row per group, in an order that hangs on the sizes of the groups alone.
// Groups of at most 64 rows: in ascending order, a warp at a time. Longer ones in levels: n parts become
// m = ceil(n / 64), of which part c folds c, c + m, c + 2 m, ... in this order, until at most 64 are left; then these, in order. So neighboring
// threads read neighboring addresses at any width, and a group has the same bits wherever it stands, on every system, in any batch.
#pragma once

#include <cstddef>

#include "relreason/backend/cuda/launch.cuh"
#include "relreason/backend/cuda/rows.cuh"

#if defined(__CUDA_ARCH__)
#define RELREASON_FOLD_UNROLL _Pragma("unroll 4")
#else
#define RELREASON_FOLD_UNROLL
#endif

namespace relreason::device {

inline constexpr std::size_t fold_fan = 64;

// The longest group that takes as many levels as one of n rows.
constexpr std::size_t whole_levels(std::size_t n) {
  std::size_t most = fold_fan;
  while (most < n) most *= fold_fan;
  return most;
}

struct position_range {
  std::size_t begin, end;
};

// Which rows a group has: positions [start[g], start[g + 1]) of `order`, or of the rows themselves. A window takes the rows of
// [first, last) only, and numbers them from 0. Within a group, order ascends.
struct row_lists {
  std::size_t n = 0;           // groups
  const int* start = nullptr;  // n + 1, ascending from 0
  const int* order = nullptr;  // null: the identity
  std::size_t rows = 0;        // at least start[n]; with `longest`, all that a plan must know
  std::size_t longest = 0;     // at least the rows of any group; more of them are folded too, only slower
  int first = 0, last = 0x7fffffff;

  RELREASON_HD std::size_t begin_of(std::size_t g) const { return static_cast<std::size_t>(start[g]); }
  RELREASON_HD position_range range(std::size_t g) const { return {lower(g, first), lower(g, last)}; }
  RELREASON_HD std::size_t row(std::size_t position) const {
    return static_cast<std::size_t>((order ? order[position] : static_cast<int>(position)) - first);
  }

 private:
  RELREASON_HD std::size_t lower(std::size_t g, int row) const {  // the first position of the group with this row or a later one
    int low = start[g], high = start[g + 1];
    if (row <= 0 || low == high) return static_cast<std::size_t>(low);
    if (row == 0x7fffffff) return static_cast<std::size_t>(high);
    if (!order) return static_cast<std::size_t>(row < low ? low : row < high ? row : high);
    while (low < high) {
      const int middle = low + (high - low) / 2;
      if (order[middle] < row) low = middle + 1;
      else high = middle;
    }
    return static_cast<std::size_t>(low);
  }
};
// All rows as one group.
struct one_group {
  row_count count;
  std::size_t n = 1, rows = count.most, longest = count.most;

  RELREASON_HD std::size_t begin_of(std::size_t) const { return 0; }
  RELREASON_HD position_range range(std::size_t) const { return {0, count.now()}; }
  RELREASON_HD std::size_t row(std::size_t position) const { return position; }
};

// A fold provides: `part`; empty(); load(row, column); join(part& to, const part& next); finish(group, column, count, const part&).
namespace detail {

// Parts of level l of group g stand from here on: never before those of the group before end. Level 0 are the rows.
template <class Groups>
RELREASON_HD std::size_t level_begin(const Groups& groups, std::size_t g, int level) {
  std::size_t begin = groups.begin_of(g);
  for (int l = 0; l < level; ++l) begin = begin / fold_fan + g;
  return begin;
}
RELREASON_HD inline std::size_t level_count(std::size_t rows, int level) {
  for (int l = 0; l < level; ++l) rows = (rows + fold_fan - 1) / fold_fan;
  return rows;
}
// Places for the parts of a level of any groups with so many rows.
inline std::size_t level_places(std::size_t rows, std::size_t groups, int level) {
  for (int l = 0; l < level; ++l) rows = rows / fold_fan + groups;
  return rows;
}

template <class Groups, class Fold>
struct fold_short {
  using part = typename Fold::part;
  Groups groups;
  Fold fold;
  grid_width width;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    const position_range r = groups.range(p.row);
    part sum = fold.empty();
    RELREASON_FOLD_UNROLL
    for (std::size_t k = r.begin; k < r.end; ++k) fold.join(sum, fold.load(groups.row(k), p.column));
    fold.finish(p.row, p.column, r.end - r.begin, sum);
  }
};

// A warp loads 32 / span rows of up to span columns at once, then every lane folds the rows of its column, handed over by the others, in order.
template <class Groups, class Fold>
struct fold_warp {
  using part = typename Fold::part;
  Groups groups;
  Fold fold;
  unsigned width, span, tiles;  // span: a power of two, at most 32; tiles: spans in a row
  template <class Warp>
  RELREASON_HD void warp(std::size_t i, const Warp& w) const {
    const std::size_t g = i / tiles;
    const unsigned column = static_cast<unsigned>(i % tiles) * span + w.lane % span, rows_at_once = warp_lanes / span;
    const position_range r = groups.range(g);
    part sum = fold.empty();
    RELREASON_FOLD_UNROLL
    for (std::size_t k = r.begin; k < r.end; k += rows_at_once) {
      const std::size_t mine = k + w.lane / span;
      part x = fold.empty();
      if (mine < r.end && column < width) x = fold.load(groups.row(mine), column);
      if (rows_at_once == 1) {
        fold.join(sum, x);
        continue;
      }
      for (unsigned t = 0; t < rows_at_once; ++t) {
        const part next = value_of(w, x, w.lane % span + t * span);
        if (k + t < r.end) fold.join(sum, next);
      }
    }
    if (w.lane < span && column < width) fold.finish(g, column, r.end - r.begin, sum);
  }
};

// Level l from level l - 1, a thread per part and column. from: where the parts of level l - 1 lie; null for the rows themselves.
template <class Groups, class Fold>
struct fold_level {
  using part = typename Fold::part;
  Groups groups;
  Fold fold;
  grid_width width;
  std::size_t w;
  int level;
  const part* from;
  part* to;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    const std::size_t g = group_of(p.row), c = p.row - level_begin(groups, g, level);
    const position_range r = groups.range(g);
    const std::size_t before = level_count(r.end - r.begin, level - 1), parts = level_count(before, 1);
    if (p.row < level_begin(groups, g, level) || c >= parts) return;
    const std::size_t base = level == 1 ? r.begin : level_begin(groups, g, level - 1);
    part sum = fold.empty();
    RELREASON_FOLD_UNROLL
    for (std::size_t k = c; k < before; k += parts)
      fold.join(sum, from ? from[(base + k) * w + p.column] : fold.load(groups.row(base + k), p.column));
    to[i] = sum;
  }

 private:
  RELREASON_HD std::size_t group_of(std::size_t at) const {  // the last group whose parts begin at or before this place
    std::size_t low = 0, high = groups.n;
    while (high - low > 1) {
      const std::size_t middle = low + (high - low) / 2;
      if (level_begin(groups, middle, level) <= at) low = middle;
      else high = middle;
    }
    return low;
  }
};
template <class Groups, class Fold>
struct fold_last {
  using part = typename Fold::part;
  Groups groups;
  Fold fold;
  grid_width width;
  std::size_t w;
  int level;
  const part* from;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    const position_range r = groups.range(p.row);
    const std::size_t base = level_begin(groups, p.row, level), n = level_count(r.end - r.begin, level);
    part sum = fold.empty();
    RELREASON_FOLD_UNROLL
    for (std::size_t k = 0; k < n; ++k) fold.join(sum, from[(base + k) * w + p.column]);
    fold.finish(p.row, p.column, r.end - r.begin, sum);
  }
};

template <class System, class Groups, class Fold>
void run_short(const System& system, const Groups& groups, std::size_t width, const Fold& fold) {
  if constexpr (System::on_host) {
    each(system, groups.n * width, fold_short<Groups, Fold>{groups, fold, grid_width(width)});
  } else {
    unsigned span = 1;
    while (span < width && span < warp_lanes) span *= 2;
    const auto w = static_cast<unsigned>(width), tiles = (w + span - 1) / span;
    each_warp(system, groups.n * tiles, fold_warp<Groups, Fold>{groups, fold, w, span, tiles});
  }
}

}  // namespace detail

// Bytes of scratch that run_fold wants, aligned as a part is; 0 where no group is longer than 64 rows.
template <class Part>
std::size_t fold_scratch(std::size_t rows, std::size_t groups, std::size_t longest, std::size_t width) {
  std::size_t places = 0;
  for (int level = 1; longest > fold_fan; ++level, longest = (longest + fold_fan - 1) / fold_fan) places += detail::level_places(rows, groups, level);
  return places * width * sizeof(Part);
}

template <class System, class Groups, class Fold>
void run_fold(const System& system, const Groups& groups, std::size_t width, const Fold& fold, void* scratch) {
  using part = typename Fold::part;
  const grid_width columns(width);
  if (groups.n == 0 || width == 0) return;
  if (groups.longest <= fold_fan) return detail::run_short(system, groups, width, fold);
  part *from = nullptr, *to = static_cast<part*>(scratch);
  int level = 0;
  for (std::size_t longest = groups.longest; longest > fold_fan; longest = (longest + fold_fan - 1) / fold_fan) {
    const std::size_t places = detail::level_places(groups.rows, groups.n, ++level);
    each(system, places * width, detail::fold_level<Groups, Fold>{groups, fold, columns, width, level, from, to});
    from = to;
    to += places * width;
  }
  each(system, groups.n * width, detail::fold_last<Groups, Fold>{groups, fold, columns, width, level, from});
}

}  // namespace relreason::device
