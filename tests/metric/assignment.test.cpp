// tests/metric/assignment.test.cpp
#include "relreason/metric/assignment.hpp"

#include <cstdint>
#include <numeric>

#include "catch.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason::metric;

namespace {

// Whole numbers below `values`, so that sums are exact and ties are many where `values` is small.
template <class T>
std::vector<T> costs(int rows, int columns, std::uint32_t values, std::uint64_t stream) {
  relreason::random_stream random{11, stream};
  std::vector<T> c(static_cast<std::size_t>(rows * columns));
  for (T& v : c) v = static_cast<T>(random.below(values)) - static_cast<T>(values / 4);
  return c;
}

// Over all orders of the columns; the first `rows` of each count.
template <class T>
T least_by_brute_force(const std::vector<T>& c, int rows, int columns) {
  std::vector<int> order(static_cast<std::size_t>(columns));
  std::iota(order.begin(), order.end(), 0);
  T least = std::numeric_limits<T>::max();
  do {
    T sum{};
    for (int i = 0; i < rows; ++i) sum += c[static_cast<std::size_t>(i * columns + order[static_cast<std::size_t>(i)])];
    least = std::min(least, sum);
    std::reverse(order.begin() + rows, order.end());  // skips the orders of the columns that are left out
  } while (std::next_permutation(order.begin(), order.end()));
  return least;
}

// The largest fault of the dual certificate: an assignment that is none, a price above a cost, a gap where there must be none.
template <class T, int Most>
T certificate_gap(const assignment_solver<T, Most>& s, const std::vector<T>& c, int rows, int columns, T sum) {
  std::vector<char> taken(static_cast<std::size_t>(columns), 0);
  T worst{}, prices{};
  for (int i = 0; i < rows; ++i) {
    const int j = s.column_of(i);
    if (j < 0 || j >= columns || taken[static_cast<std::size_t>(j)] || s.row_of(j) != i) return std::numeric_limits<T>::max();
    taken[static_cast<std::size_t>(j)] = 1;
    prices += s.row_price(i);
    for (int k = 0; k < columns; ++k) {
      const T gap = c[static_cast<std::size_t>(i * columns + k)] - s.row_price(i) - s.column_price(k);
      worst = std::max(worst, k == j ? std::abs(gap) : -gap);
    }
  }
  for (int j = 0; j < columns; ++j) {
    prices += s.column_price(j);
    worst = std::max(worst, taken[static_cast<std::size_t>(j)] ? s.column_price(j) : std::abs(s.column_price(j)));
    if (!taken[static_cast<std::size_t>(j)] && s.row_of(j) != -1) return std::numeric_limits<T>::max();
  }
  return std::max(worst, std::abs(sum - prices));
}

}  // namespace

TEST_CASE("assignment: 3 x 3 by hand", "[metric]") {
  // 1 + 2 + 2 along (0, 1), (1, 0), (2, 2); the greedy choice of 1s is not possible
  const std::vector<double> c{4, 1, 3, 2, 0, 5, 3, 2, 2};
  const auto a = assign(c, 3, 3);
  CHECK(a.cost == 5);
  CHECK(a.column_of == std::vector<int>{1, 0, 2});
}

TEST_CASE("assignment: the least of all assignments up to 8 x 8", "[metric]") {
  std::uint64_t stream = 0;
  for (int columns = 1; columns <= 8; ++columns)
    for (int rows = 0; rows <= columns; ++rows)
      for (const std::uint32_t values : {3u, 1000u}) {
        const int repeats = columns < 7 ? 20 : 2;
        for (int r = 0; r < repeats; ++r, ++stream) {
          INFO(rows << " x " << columns << ", stream " << stream);
          const auto whole = costs<int>(rows, columns, values, stream);
          const auto real = costs<double>(rows, columns, values, stream);
          assignment_solver<int, 8> small;
          REQUIRE(small.solve(whole.data(), columns, rows, columns) == least_by_brute_force(whole, rows, columns));
          REQUIRE(assign(real, rows, columns).cost == least_by_brute_force(whole, rows, columns));
        }
      }
}

TEST_CASE("assignment: larger ones carry the certificate that nothing is less", "[metric]") {
  assignment_solver<int, 24> small;
  assignment_solver<int> any;
  for (int n = 9; n <= 24; ++n)
    for (const int rows : {n / 2, n})
      for (const std::uint32_t values : {4u, 50u, 100000u}) {
        const auto c = costs<int>(rows, n, values, values + static_cast<std::uint64_t>(n));
        INFO(rows << " x " << n << ", values below " << values);
        const int sum = small.solve(c.data(), n, rows, n);
        REQUIRE(certificate_gap(small, c, rows, n, sum) == 0);
        REQUIRE(any.solve(c.data(), n, rows, n) == sum);
      }
  for (const int n : {60, 150}) {
    const auto c = costs<int>(n, n, 1000, static_cast<std::uint64_t>(n));
    REQUIRE(certificate_gap(any, c, n, n, any.solve(c.data(), n, n, n)) == 0);
  }
}

TEST_CASE("assignment: real costs carry the certificate up to rounding", "[metric]") {
  constexpr float rounding_error = 24 * 0x1p-22f;  // a price is a sum along a path of at most 24 costs below 1
  relreason::random_stream random{13, 5};
  assignment_solver<float, 24> solver;
  for (int repeat = 0; repeat < 200; ++repeat) {
    const int columns = 1 + static_cast<int>(random.below(24)), rows = 1 + static_cast<int>(random.below(static_cast<std::uint32_t>(columns)));
    std::vector<float> c(static_cast<std::size_t>(rows * columns));
    for (float& v : c) v = random.uniform();
    INFO("repeat " << repeat << ": " << rows << " x " << columns);
    REQUIRE(certificate_gap(solver, c, rows, columns, solver.solve(c.data(), columns, rows, columns)) <= rounding_error);
  }
}

TEST_CASE("assignment: more rows than columns leaves rows out, and turning the problem keeps the cost", "[metric]") {
  const std::vector<float> c{5, 9, 1, 7, 4, 1};  // 3 x 2: rows 1 and 2 take columns 0 and 1
  const auto a = assign(c, 3, 2);
  CHECK(a.cost == 2);
  CHECK(a.column_of == std::vector<int>{-1, 0, 1});
  CHECK(assign(std::vector<float>{}, 0, 0).cost == 0);
  CHECK(assign(std::vector<float>{}, 2, 0).column_of == std::vector<int>{-1, -1});
}

TEST_CASE("assignment: costs that are not finite, and sizes that do not fit, are errors", "[metric]") {
  const std::vector<double> infinite{0, std::numeric_limits<double>::infinity(), 1, 0}, none{0, 1, std::nan(""), 0};
  CHECK_THROWS_WITH(assign(infinite, 2, 2), Catch::Matchers::StartsWith("assignment_solver: the cost of row 0 and column 1 is inf; wanted a finite"));
  CHECK_THROWS_WITH(assign(none, 2, 2), Catch::Matchers::StartsWith("assignment_solver: the cost of row 1 and column 0 is nan; wanted a finite"));
  CHECK_THROWS_WITH(assign(std::vector<double>{0, 1e308, 1, 0}, 2, 2), Catch::Matchers::EndsWith("a cost above the sum of all others"));
  CHECK_THROWS_WITH(assign(infinite, 2, 3), "assign: found 4 costs, wanted (2, 3)");
  const std::vector<int> c(50);
  assignment_solver<int, 4> four;
  CHECK_THROWS_WITH(four.solve(c.data(), 5, 2, 5), "assignment_solver: found 5 columns, wanted at most 4; use assignment_solver<T>");
  CHECK_THROWS_WITH(four.solve(c.data(), 2, 3, 2), "assignment_solver: found 3 rows and 2 columns, wanted at most as many rows; transpose the costs");
}
