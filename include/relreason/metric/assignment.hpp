// relreason/metric/assignment.hpp -- the linear assignment problem: each row its own column at the least total cost.
// Source: Jonker, Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment problems", Computing 1987, with a
// greedy start in place of their column reduction.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason::metric {

namespace detail {

// What the algorithm works on, for at most `Most` rows and columns; 0: any number, grown when needed.
template <class T, int Most>
struct assignment_memory {
  template <class V>
  using array = std::conditional_t<(Most > 0), std::array<V, static_cast<std::size_t>(Most > 0 ? Most : 1)>, std::vector<V>>;
  array<T> row_price, column_price, distance;
  array<int> column_of, row_of, previous;
  array<char> done;

  void reserve([[maybe_unused]] std::size_t n) {
    if constexpr (Most == 0)
      if (row_price.size() < n) {
        for (auto* v : {&row_price, &column_price, &distance}) v->resize(n);
        for (auto* v : {&column_of, &row_of, &previous}) v->resize(n);
        done.resize(n);
      }
  }
};

}  // namespace detail

// Solves one problem after another in its own memory. With Most > 0 nothing is ever allocated; else only for a larger problem than before.
// Of several best assignments the same one is found each time. T is float, double or int.
template <class T, int Most = 0>
class assignment_solver {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, int>,
                "relreason::metric::assignment_solver: costs must be float, double or int");

 public:
  // The least sum of cost(i, column_of(i)) over the rows, all columns different. cost: (rows, columns), rows <= columns, row i at cost + i * ld
  T solve(const T* cost, std::ptrdiff_t ld, int rows, int columns) {
    check(cost, ld, rows, columns);
    return solve_unchecked(cost, ld, rows, columns);
  }

  // The same for costs known to be finite and small: no sum of twice as many as there are columns may overflow.
  T solve_unchecked(const T* cost, std::ptrdiff_t ld, int rows, int columns) {
    m_.reserve(static_cast<std::size_t>(columns));
    begin(cost, ld, rows, columns);
    for (int i = 0; i < rows; ++i)
      if (column_of(i) < 0) augment(cost, ld, i, columns);
    T sum{};
    for (int i = 0; i < rows; ++i) sum += cost[i * ld + column_of(i)];
    return sum;
  }

  // Of the last problem. Column j belongs to row row_of(j), or to none: -1.
  int column_of(int i) const { return m_.column_of[at(i)]; }
  int row_of(int j) const { return m_.row_of[at(j)]; }
  // Its dual: row_price(i) + column_price(j) <= cost(i, j), equal where j is column_of(i); column_price <= 0, and 0 where no row has the
  // column. So no assignment costs less than the sum of all prices, which is the sum found: a proof that it is the least.
  T row_price(int i) const { return m_.row_price[at(i)]; }
  T column_price(int j) const { return m_.column_price[at(j)]; }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }

  static void check(const T* cost, std::ptrdiff_t ld, int rows, int columns) {
    constexpr const char* who = "assignment_solver";
    if (rows < 0 || rows > columns) fail(who, ": found ", rows, " rows and ", columns, " columns, wanted at most as many rows; transpose the costs");
    if (Most > 0 && columns > Most) fail(who, ": found ", columns, " columns, wanted at most ", Most, "; use assignment_solver<T>");
    const T most = std::numeric_limits<T>::max() / static_cast<T>(4) / static_cast<T>(columns + 1);
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) {
        const T c = cost[i * ld + j];
        if (c >= -most && c <= most) continue;
        fail(who, ": the cost of row ", i, " and column ", j, " is ", c, "; wanted a finite number of at most ", most,
             " in size; give what must never be chosen a cost above the sum of all others");
      }
  }

  // Prices of the rows are their least costs; each takes the first column that has it, if no row before did.
  void begin(const T* cost, std::ptrdiff_t ld, int rows, int columns) {
    for (int j = 0; j < columns; ++j) {
      m_.column_price[at(j)] = T{};
      m_.row_of[at(j)] = -1;
    }
    for (int i = 0; i < rows; ++i) {
      const T* c = cost + i * ld;
      T least = c[0];
      for (int j = 1; j < columns; ++j) least = std::min(least, c[j]);
      m_.row_price[at(i)] = least;
      m_.column_of[at(i)] = -1;
      for (int j = 0; j < columns; ++j)
        if (c[j] == least && row_of(j) < 0) {
          m_.column_of[at(i)] = j;
          m_.row_of[at(j)] = i;
          break;
        }
    }
  }

  // Dijkstra's shortest path over reduced costs from row `start`, which has no column, to a column without a row; then the rows along it move
  // on by one column each.
  void augment(const T* cost, std::ptrdiff_t ld, int start, int columns) {
    for (int j = 0; j < columns; ++j) {
      m_.distance[at(j)] = std::numeric_limits<T>::max();
      m_.done[at(j)] = 0;
      m_.previous[at(j)] = -1;
    }
    T walked{};
    int row = start, last = -1;  // column `last` leads to `row`
    while (true) {
      relax(cost + row * ld, row, last, walked, columns);
      last = nearest(columns);
      walked = m_.distance[at(last)];
      if (row_of(last) < 0) break;
      m_.done[at(last)] = 1;
      row = row_of(last);
    }
    m_.row_price[at(start)] += walked;
    for (int j = 0; j < columns; ++j)
      if (m_.done[at(j)]) {
        const T change = walked - m_.distance[at(j)];
        m_.column_price[at(j)] -= change;
        m_.row_price[at(row_of(j))] += change;
      }
    for (int j = last; j >= 0;) {
      const int before = m_.previous[at(j)], owner = before < 0 ? start : row_of(before);
      m_.row_of[at(j)] = owner;
      m_.column_of[at(owner)] = j;
      j = before;
    }
  }

  void relax(const T* c, int row, int through, T walked, int columns) {
    const T base = walked - m_.row_price[at(row)];
    for (int j = 0; j < columns; ++j) {
      if (m_.done[at(j)]) continue;
      const T d = std::max(walked, base + c[j] - m_.column_price[at(j)]);  // a reduced cost below 0 is rounding
      if (d >= m_.distance[at(j)]) continue;
      m_.distance[at(j)] = d;
      m_.previous[at(j)] = through;
    }
  }

  // The nearest column not done, of equals one without a row, then the first.
  int nearest(int columns) const {
    int best = -1;
    for (int j = 0; j < columns; ++j) {
      if (m_.done[at(j)]) continue;
      const bool nearer = best < 0 || m_.distance[at(j)] < m_.distance[at(best)];
      if (nearer || (m_.distance[at(j)] == m_.distance[at(best)] && row_of(best) >= 0 && row_of(j) < 0)) best = j;
    }
    return best;
  }

  detail::assignment_memory<T, Most> m_;
};

struct assignment {
  double cost = 0;
  std::vector<int> column_of;  // of each row; -1 where there are more rows than columns
};

// Any number of rows and columns: min(rows, columns) pairs of least total cost.    cost: (rows, columns), without gaps
template <class T>
assignment assign(std::span<const T> cost, int rows, int columns) {
  if (rows < 0 || columns < 0 || cost.size() != static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns))
    fail("assign: found ", cost.size(), " costs, wanted (", rows, ", ", columns, ")");
  assignment_solver<T> solver;
  assignment result;
  result.column_of.assign(static_cast<std::size_t>(rows), -1);
  if (rows <= columns) {
    result.cost = static_cast<double>(solver.solve(cost.data(), columns, rows, columns));
    for (int i = 0; i < rows; ++i) result.column_of[static_cast<std::size_t>(i)] = solver.column_of(i);
    return result;
  }
  std::vector<T> turned(cost.size());
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < columns; ++j)
      turned[static_cast<std::size_t>(j) * static_cast<std::size_t>(rows) + static_cast<std::size_t>(i)] =
          cost[static_cast<std::size_t>(i) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(j)];
  result.cost = static_cast<double>(solver.solve(turned.data(), rows, columns, rows));
  for (int j = 0; j < columns; ++j) result.column_of[static_cast<std::size_t>(solver.column_of(j))] = j;
  return result;
}
template <class T>
assignment assign(const std::vector<T>& cost, int rows, int columns) {
  return assign(std::span<const T>(cost), rows, columns);
}

}  // namespace relreason::metric
