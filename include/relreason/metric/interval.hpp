// relreason/metric/interval.hpp -- how far a measured share, or a mean over folds, can be trusted.
// Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA 1927; Student, Biometrika 1908.
// The beta function by Lentz's continued fraction (Press et al., "Numerical Recipes", section 6.4).
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason::metric {

struct interval {
  double estimate = 0, low = 0, high = 1;
};

namespace detail {

inline void check_level(double level) {
  if (!(level > 0 && level < 1)) fail("interval: level ", level, "; wanted a number between 0 and 1, such as 0.95");
}

// The continued fraction of the incomplete beta function; good for x < (a + 1) / (a + b + 2).
inline double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300, close = 1e-16;
  const auto away_from_zero = [](double v) { return std::fabs(v) < tiny ? tiny : v; };
  double c = 1, d = 1 / away_from_zero(1 - (a + b) * x / (a + 1)), value = d;
  for (int m = 1; m < 10000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    value *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    value *= d * c;
    if (std::fabs(d * c - 1) < close * 10) break;
  }
  return value;
}

// I_x(a, b), the share of a beta distribution below x; y is 1 - x, given apart because it can be tiny.
inline double incomplete_beta(double a, double b, double x, double y) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  // std::lgamma writes the global signgam; all arguments here are positive, so no one reads it.
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log(y));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, y) / b;
}

// P(|T| > t) for t >= 0.
inline double student_tails(double t, double freedom) {
  const double sum = freedom + t * t;
  return incomplete_beta(freedom / 2, .5, freedom / sum, t * t / sum);
}

// The x >= 0 at which a falling function of x reaches `wanted`, by bisection to the last bit.
template <class Falling>
double where_falls_to(double wanted, Falling&& tails) {
  double low = 0, high = 1;
  while (tails(high) > wanted && high < 1e300) high *= 2;
  for (int i = 0; i < 200; ++i) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    (tails(middle) > wanted ? low : high) = middle;
  }
  return low + (high - low) / 2;
}

}  // namespace detail

// The z with P(|Z| <= z) = level for a standard normal Z: 1.95996 for 0.95.
inline double normal_quantile(double level) {
  detail::check_level(level);
  return detail::where_falls_to(1 - level, [](double z) { return std::erfc(z * 0.70710678118654752); });
}

// The t with P(|T| <= t) = level for Student's T with this many degrees of freedom: 2.77645 for 0.95 and 4.
inline double student_quantile(double level, double freedom) {
  detail::check_level(level);
  if (!(freedom > 0)) fail("student_quantile: ", freedom, " degrees of freedom; wanted more than 0");
  return detail::where_falls_to(1 - level, [&](double t) { return detail::student_tails(t, freedom); });
}

// Wilson's score interval of a share: right of total. With nothing counted it is [0, 1].
inline interval wilson(std::int64_t right, std::int64_t total, double level = .95) {
  if (right < 0 || total < right) fail("wilson: ", right, " of ", total, "; wanted 0 <= right <= total");
  const double z = normal_quantile(level);
  if (total == 0) return {};
  const double n = static_cast<double>(total), p = static_cast<double>(right) / n, z2 = z * z;
  const double middle = (p + z2 / (2 * n)) / (1 + z2 / n), half = z / (1 + z2 / n) * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n));
  return {p, right == 0 ? 0 : middle - half, right == total ? 1 : middle + half};
}

// mean -+ t s / sqrt(n), s^2 = sum (x - mean)^2 / (n - 1): the interval of a mean over folds or seeds.
inline interval student_interval(const std::vector<double>& values, double level = .95) {
  if (values.size() < 2) fail("student_interval: ", values.size(), " values; wanted at least 2, one per fold");
  const double n = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double x : values) mean += x / n;
  for (const double x : values) squares += (x - mean) * (x - mean);
  const double half = student_quantile(level, n - 1) * std::sqrt(squares / (n - 1) / n);
  if (!std::isfinite(half)) fail("student_interval: a value is not a finite number");
  return {mean, mean - half, mean + half};
}

}  // namespace relreason::metric
