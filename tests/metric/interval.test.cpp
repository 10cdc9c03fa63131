// tests/metric/interval.test.cpp
#include "relreason/metric/interval.hpp"

#include "catch.hpp"

using namespace relreason::metric;

constexpr double quantile_accuracy = 1e-11;  // relative; tails come from exp of log-gammas near 1e3 at most

TEST_CASE("normal_quantile: 1.959963984540054 for 95 %, 1 for 68.27 %", "[metric]") {
  CHECK(normal_quantile(.95) == Approx(1.959963984540054).epsilon(quantile_accuracy));
  CHECK(normal_quantile(.99) == Approx(2.5758293035489004).epsilon(quantile_accuracy));
  CHECK(normal_quantile(.6826894921370859) == Approx(1).epsilon(quantile_accuracy));
}

TEST_CASE("student_quantile: closed forms for 1, 2 and 4 degrees of freedom", "[metric]") {
  // P(|T| <= t): 1: (2 / pi) atan t.   2: t / sqrt(2 + t^2).
  CHECK(student_quantile(.95, 1) == Approx(std::tan(.95 * 3.141592653589793 / 2)).epsilon(quantile_accuracy));
  CHECK(student_quantile(.5, 1) == Approx(1).epsilon(quantile_accuracy));
  CHECK(student_quantile(.95, 2) == Approx(std::sqrt(2 * .95 * .95 / (1 - .95 * .95))).epsilon(quantile_accuracy));
  // 4: P = s (3 - s^2) / 2 with s = t / sqrt(4 + t^2), put back in.
  const double t = student_quantile(.95, 4), s = t / std::sqrt(4 + t * t);
  CHECK(s * (3 - s * s) / 2 == Approx(.95).epsilon(quantile_accuracy));
  CHECK(t == Approx(2.7764451051977987).epsilon(quantile_accuracy));
}

TEST_CASE("student_quantile: tends to the normal quantile", "[metric]") {
  CHECK(student_quantile(.95, 1e6) == Approx(normal_quantile(.95)).epsilon(1e-5));  // off by (z^3 + z) / 4e6
  CHECK(student_quantile(.95, 30) > student_quantile(.95, 31));
}

TEST_CASE("wilson: textbook values, and never outside [0, 1]", "[metric]") {
  // p = .5, n = 4: center .5, half = z / (1 + z^2 / 4) sqrt(1 / 16 + z^2 / 64)
  const double z = 1.959963984540054, half = z / (1 + z * z / 4) * std::sqrt(1. / 16 + z * z / 64);
  const auto even = wilson(2, 4);
  CHECK(even.estimate == .5);
  CHECK(even.low == Approx(.5 - half).epsilon(1e-12));
  CHECK(even.high == Approx(.5 + half).epsilon(1e-12));
  const auto none = wilson(0, 10);  // high = z^2 / (n + z^2)
  CHECK(none.low == 0);
  CHECK(none.high == Approx(z * z / (10 + z * z)).epsilon(1e-12));
  const auto all = wilson(10, 10);
  CHECK(all.high == 1);
  CHECK(all.low == Approx(1 - none.high).epsilon(1e-12));
  CHECK(wilson(0, 0).low == 0);
  CHECK(wilson(0, 0).high == 1);
}

TEST_CASE("wilson: a wider level gives a wider interval, more data a narrower one", "[metric]") {
  CHECK(wilson(60, 100, .99).low < wilson(60, 100, .95).low);
  CHECK(wilson(600, 1000).low > wilson(60, 100).low);
}

TEST_CASE("student_interval: five folds by hand", "[metric]") {
  // mean 3, s^2 = 10 / 4, half = 2.7764451 sqrt(2.5 / 5)
  const auto i = student_interval({1, 2, 3, 4, 5});
  CHECK(i.estimate == Approx(3).epsilon(1e-14));
  CHECK(i.high - 3 == Approx(2.7764451051977987 * std::sqrt(.5)).epsilon(1e-11));
  CHECK(3 - i.low == Approx(i.high - 3).epsilon(1e-12));
  const auto same = student_interval({.25, .25});
  CHECK(same.low == .25);
  CHECK(same.high == .25);
}

TEST_CASE("intervals: bad input is an error that says what was wanted", "[metric]") {
  CHECK_THROWS_WITH(wilson(3, 2), "wilson: 3 of 2; wanted 0 <= right <= total");
  CHECK_THROWS_WITH(wilson(-1, 2), "wilson: -1 of 2; wanted 0 <= right <= total");
  CHECK_THROWS_WITH(wilson(1, 2, 95), "interval: level 95; wanted a number between 0 and 1, such as 0.95");
  CHECK_THROWS_WITH(student_quantile(.95, 0), "student_quantile: 0 degrees of freedom; wanted more than 0");
  CHECK_THROWS_WITH(student_interval({1}), "student_interval: 1 values; wanted at least 2, one per fold");
  CHECK_THROWS_WITH(student_interval({1, std::nan("")}), "student_interval: a value is not a finite number");
}
