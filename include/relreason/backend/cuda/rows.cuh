// relreason/backend/cuda/rows.cuh -- passes over rows: copies, sums and selections by index, as function objects and thin functions over a system.
// Source: backend/cpu/state.hpp, the same definitions; no sum of more than two numbers but dot_rows, whose order is fixed by the width.
// Index arrays and counts lie in the system's memory. Thread i takes element i, columns fastest: loads and stores of a warp are contiguous.
#pragma once

#include <cstddef>
#include <cstdint>

#include "relreason/backend/cuda/elements.cuh"
#include "relreason/backend/cuda/launch.cuh"
#include "relreason/backend/row_total.hpp"

namespace relreason::device {

// How many rows to go through: `most`, fixed when a step is captured, or fewer where `live` says so when it runs.
struct row_count {
  std::size_t most = 0;
  const int* live = nullptr;
  int per = 1;

  RELREASON_HD constexpr row_count(std::size_t n = 0, const int* at = nullptr) : most(n), live(at) {}
  RELREASON_HD constexpr row_count(const row_total& n) : most(static_cast<std::size_t>(n.rows)), live(n.live), per(n.per) {}
  RELREASON_HD std::size_t now() const {
    if (!live) return most;
    const auto n = static_cast<std::size_t>(*live < 0 ? 0 : *live) * static_cast<std::size_t>(per);
    return n < most ? n : most;
  }
};

// Row i, or index[i]. An index of -1 names no row: it reads as zeros.
inline constexpr std::size_t no_row = static_cast<std::size_t>(-1);
RELREASON_HD inline std::size_t row_at(const int* index, std::size_t i) {
  return !index ? i : index[i] < 0 ? no_row : static_cast<std::size_t>(index[i]);
}

namespace pass {

template <class To, class From>
struct copy_rows {
  row_count rows;
  grid_width width;
  To* to;
  std::size_t ld_to;
  const From* from;
  std::size_t ld_from;
  const int* index;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    if (p.row >= rows.now()) return;
    const std::size_t r = row_at(index, p.row);
    to[p.row * ld_to + p.column] = r == no_row ? To(0) : static_cast<To>(from[r * ld_from + p.column]);
  }
};
template <class T>
struct add_rows {
  row_count rows;
  grid_width width;
  T* to;
  std::size_t ld_to;
  const T* from;
  std::size_t ld_from;
  const int* index;
  const T* by;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    if (p.row >= rows.now()) return;
    const std::size_t r = row_at(index, p.row);
    if (r == no_row) return;
    const T x = from[r * ld_from + p.column];
    to[p.row * ld_to + p.column] += by ? product(by[r], x) : x;
  }
};
template <class X, class T>
struct scale_rows {
  row_count rows;
  grid_width width;
  X* x;
  const T* by;
  RELREASON_HD void operator()(std::size_t i) const {
    const std::size_t row = width.split(i).row;
    if (row < rows.now()) x[i] = static_cast<X>(x[i] * by[row]);
  }
};
template <class To, class T>
struct gather_pairs {
  row_count rows;
  grid_width width;
  std::size_t w;
  To* to;
  const T* a;
  const int* ia;
  const T* b;
  const int* ib;
  bool relu;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    if (p.row >= rows.now()) return;
    const std::size_t first = row_at(ia, p.row), second = row_at(ib, p.row);
    const T sum = (first == no_row ? T(0) : a[first * w + p.column]) + (second == no_row ? T(0) : b[second * w + p.column]);
    to[i] = static_cast<To>(relu ? positive(sum) : sum);
  }
};
// One thread per word of bits.
template <class T>
struct make_bits {
  row_count rows;
  grid_width words;
  std::uint32_t width;
  const T* x;
  std::uint32_t* bits;
  std::size_t ld_bits;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = words.split(i);
    if (p.row >= rows.now()) return;
    const std::uint32_t first = 32 * p.column, n = width - first < 32 ? width - first : 32;
    const T* const from = x + p.row * width + first;
    std::uint32_t word = 0;
    for (std::uint32_t j = 0; j < n; ++j) word |= (from[j] > 0 ? 1u : 0u) << j;
    bits[p.row * ld_bits + p.column] = word;
  }
};
template <class To, class T>
struct select_rows {
  row_count rows;
  grid_width width;
  std::size_t w;
  To* to;
  const std::uint32_t* bits;
  std::size_t ld_bits;
  const T* from;
  const int* index;
  const T *by, *also;
  RELREASON_HD void operator()(std::size_t i) const {
    const place p = width.split(i);
    if (p.row >= rows.now()) return;
    const std::size_t r = row_at(index, p.row);
    if (r == no_row) {
      to[i] = To(0);
      return;
    }
    const bool open = !bits || (bits[p.row * ld_bits + p.column / 32] >> (p.column % 32) & 1u);
    const T factor = (by ? by[p.row] : T(1)) * (also ? also[r] : T(1));
    to[i] = static_cast<To>(open ? factor * from[r * w + p.column] : T(0));
  }
};

// Strand t of 32 sums the products of columns t, t + 32, ...; then strand t takes strand t + 16, t + 8, ..., t + 1.
template <class X, class T>
struct dot_rows {
  static constexpr unsigned strands = warp_lanes;
  row_count rows;
  std::size_t width;
  const X* x;
  const T* y;
  const int* index;
  T* to;
  RELREASON_HD T strand(std::size_t row, unsigned t) const {
    const std::size_t r = row_at(index, row);
    T s = 0;
    if (r == no_row) return s;
    const X* const a = x + row * width;
    const T* const b = y + r * width;
    for (std::size_t j = t; j < width; j += strands) s += product(static_cast<T>(a[j]), b[j]);
    return s;
  }
  RELREASON_HD void operator()(std::size_t row) const {
    if (row >= rows.now()) return;
    T s[strands];
    for (unsigned t = 0; t < strands; ++t) s[t] = strand(row, t);
    for (unsigned step = strands / 2; step; step /= 2)
      for (unsigned t = 0; t < step; ++t) s[t] += s[t + step];
    to[row] = s[0];
  }
  template <class Warp>
  RELREASON_HD void warp(std::size_t row, const Warp& w) const {
    if (row >= rows.now()) return;
    T s = strand(row, w.lane);
    for (unsigned step = strands / 2; step; step /= 2) {
      const T other = value_of(w, s, (w.lane + step) % strands);
      if (w.lane < step) s += other;
    }
    if (w.lane == 0) to[row] = s;
  }
};

}  // namespace pass

// to_i = from_r, r = index[i] or i. ld: elements from one row to the next; a ld_from of 0 repeats one row.
template <class System, class To, class From>
void copy_rows(const System& system, row_count rows, std::size_t width, To* to, std::size_t ld_to, const From* from, std::size_t ld_from,
               const int* index = nullptr) {
  each(system, rows.most * width, pass::copy_rows<To, From>{rows, grid_width(width), to, ld_to, from, ld_from, index});
}
// to_i += from_r, or by_r from_r; r and ld as above
template <class System, class T>
void add_rows(const System& system, row_count rows, std::size_t width, T* to, std::size_t ld_to, const T* from, std::size_t ld_from,
              const int* index = nullptr, const T* by = nullptr) {
  each(system, rows.most * width, pass::add_rows<T>{rows, grid_width(width), to, ld_to, from, ld_from, index, by});
}
// x_i *= by_i
template <class System, class X, class T>
void scale_rows(const System& system, row_count rows, std::size_t width, X* x, const T* by) {
  each(system, rows.most * width, pass::scale_rows<X, T>{rows, grid_width(width), x, by});
}
// to_i = a_(ia[i]) + b_(ib[i]), or its positive part; a null index means row i. `to` may be of another type.
template <class System, class To, class T>
void gather_pairs(const System& system, row_count rows, std::size_t width, To* to, const T* a, const int* ia, const T* b, const int* ib, bool relu) {
  each(system, rows.most * width, pass::gather_pairs<To, T>{rows, grid_width(width), width, to, a, ia, b, ib, relu});
}
// Bit j of row i: x_ij > 0. ld_bits: words from one row to the next, or 0 for as many as a row needs.
template <class System, class T>
void make_bits(const System& system, row_count rows, std::size_t width, const T* x, std::uint32_t* bits, std::size_t ld_bits = 0) {
  const std::size_t words = (width + 31) / 32;
  const auto columns = static_cast<std::uint32_t>(width);
  each(system, rows.most * words, pass::make_bits<T>{rows, grid_width(words), columns, x, bits, ld_bits ? ld_bits : words});
}
// to_ij = bit j of row i ? by_i also_r from_rj : 0, r = index[i] or i. Null bits, by, also: all ones.
template <class System, class To, class T>
void select_rows(const System& system, row_count rows, std::size_t width, To* to, const std::uint32_t* bits, const T* from, const int* index,
                 const T* by, const T* also = nullptr, std::size_t ld_bits = 0) {
  const std::size_t words = ld_bits ? ld_bits : (width + 31) / 32;
  each(system, rows.most * width, pass::select_rows<To, T>{rows, grid_width(width), width, to, bits, words, from, index, by, also});
}
// to_i = x_i . y_r, r = index[i] or i
template <class System, class X, class T>
void dot_rows(const System& system, row_count rows, std::size_t width, const X* x, const T* y, const int* index, T* to) {
  each_warp(system, rows.most, pass::dot_rows<X, T>{rows, width, x, y, index, to});
}

}  // namespace relreason::device
