// tests/backend/rows.test.cpp
#include "relreason/backend/rows.hpp"

#include <limits>
#include <vector>

#include "catch.hpp"

using namespace relreason;

namespace {

// Largest gap to the double result over [low, high], in units of |wanted| (relative) or of 1 (absolute).
template <class F, class G>
double worst(double low, double high, bool relative, F&& function, G&& wanted) {
  constexpr std::size_t n = 20001;
  std::vector<float> x(n), y;
  for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<float>(low + (high - low) * static_cast<double>(i) / (n - 1));
  y = x;
  function(n, y.data());
  double gap = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double w = wanted(static_cast<double>(x[i])), g = std::abs(static_cast<double>(y[i]) - w);
    gap = std::max(gap, relative && w != 0 ? g / std::abs(w) : g);
  }
  return gap;
}
void exp_rows(std::size_t n, float* x) {
  rows_of::apply(n, x, [](rows_of::wide<float>::real& a, const rows_of::wide<float>::real*) { rows_of::exp_of(a); });
}
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// The same element at every place of arrays of every length up to 40 has one value.
template <class T, class F>
bool same_everywhere(F&& function) {
  for (std::size_t n = 1; n < 40; ++n)
    for (std::size_t i = 0; i < n; ++i) {
      std::vector<T> x(n, T(0.25)), one{T(-0.7)};
      x[i] = one[0];
      function(n, x.data());
      function(1, one.data());
      if (std::memcmp(&x[i], one.data(), sizeof(T)) != 0) return false;
    }
  return true;
}

}  // namespace

TEST_CASE("rows: exp, tanh and sigmoid in float are good to a few units in the last place", "[backend][rows]") {
  constexpr double ulps = 0x1p-24;  // half a unit in the last place, relative
  CHECK(worst(-80, 80, true, exp_rows, [](double x) { return std::exp(x); }) < 4 * ulps);
  CHECK(worst(
            -1e-3, 1e-3, true, [](std::size_t n, float* x) { rows_of::tanh(n, x); }, [](double x) { return std::tanh(x); }) < 4 * ulps);
  CHECK(worst(
            -12, 12, true, [](std::size_t n, float* x) { rows_of::tanh(n, x); }, [](double x) { return std::tanh(x); }) < 8 * ulps);
  CHECK(worst(
            -12, 12, true, [](std::size_t n, float* x) { rows_of::sigmoid(n, x); }, logistic) < 8 * ulps);
  CHECK(worst(
            -3, 3, false, [](std::size_t n, float* x) { rows_of::sigmoid(n, x); }, logistic) < 4 * ulps);
}

TEST_CASE("rows: functions saturate at large arguments and keep NaN", "[backend][rows]") {
  std::vector<float> t{200, -200, 1e30f, -1e30f}, s = t, bad(9, std::numeric_limits<float>::quiet_NaN()), bad_sigmoid = bad;
  rows_of::tanh(4, t.data());
  rows_of::sigmoid(4, s.data());
  rows_of::tanh(9, bad.data());
  rows_of::sigmoid(9, bad_sigmoid.data());
  CHECK(t == std::vector<float>{1, -1, 1, -1});
  CHECK(s[0] == 1);
  CHECK(s[1] < 1e-30f);
  for (std::size_t i = 0; i < 9; ++i) CHECK((std::isnan(bad[i]) && std::isnan(bad_sigmoid[i])));
}

TEST_CASE("rows: a tail has the bits that a body has", "[backend][rows]") {
  CHECK(same_everywhere<float>([](std::size_t n, float* x) { rows_of::tanh(n, x); }));
  CHECK(same_everywhere<float>([](std::size_t n, float* x) { rows_of::sigmoid(n, x); }));
  CHECK(same_everywhere<float>(exp_rows));
  CHECK(same_everywhere<double>([](std::size_t n, double* x) { rows_of::tanh(n, x); }));
  CHECK(same_everywhere<float>([](std::size_t n, float* x) { rows_of::scale(n, x, 0.3f); }));
  CHECK(same_everywhere<float>([](std::size_t n, float* x) { rows_of::add_scaled(n, x, 0.3f, std::vector<float>(n, 0.7f).data()); }));
}

TEST_CASE("rows: sums, gates and bits, by hand", "[backend][rows]") {
  std::vector<float> a{1, 2, 3}, b{10, -20, 30}, y(3);
  rows_of::add(3, a.data(), b.data());
  CHECK(a == std::vector<float>{11, -18, 33});
  rows_of::add_relu(3, y.data(), a.data(), b.data());
  CHECK(y == std::vector<float>{21, 0, 63});
  rows_of::gate(3, a.data(), y.data());
  CHECK(a == std::vector<float>{11, 0, 33});
  CHECK(rows_of::dot(3, a.data(), b.data()) == 1100);
  y[0] = std::numeric_limits<float>::quiet_NaN();
  rows_of::add_relu(3, y.data(), y.data(), b.data());
  CHECK(std::isnan(y[0]));  // a NaN is seen, not turned into 0
}

TEST_CASE("rows: bits select what was positive, for every length up to 70", "[backend][rows]") {
  for (std::size_t n = 1; n <= 70; ++n) {
    std::vector<double> x(n), g(n), y(n);
    std::vector<std::uint32_t> bits((n + 31) / 32, ~0u);
    for (std::size_t i = 0; i < n; ++i) x[i] = (i * 7) % 3 == 1 ? 1.0 : -1.0, g[i] = static_cast<double>(i + 1);
    rows_of::make_bits(n, x.data(), bits.data());
    rows_of::select_bits(n, y.data(), bits.data(), g.data(), 2.0);
    bool right = n % 32 == 0 || bits.back() >> (n % 32) == 0;
    for (std::size_t i = 0; i < n; ++i) right = right && y[i] == (x[i] > 0 ? 2.0 * static_cast<double>(i + 1) : 0.0);
    CHECK(right);
  }
}

TEST_CASE("rows: dropout depends on seed, stream and position, drops its share and keeps the mean", "[backend][rows]") {
  constexpr std::size_t n = 40000;
  std::vector<float> whole(n, 1.f), parts(n, 1.f);
  rows_of::dropout(n, whole.data(), 30, 5, 6, 0);
  rows_of::dropout(1001, parts.data(), 30, 5, 6, 0);
  rows_of::dropout(n - 1001, parts.data() + 1001, 30, 5, 6, 1001);
  CHECK(whole == parts);
  double kept = 0, sum = 0;
  for (const float x : whole) kept += x != 0, sum += static_cast<double>(x);
  CHECK(std::abs(kept / n - 0.7) < 4 * std::sqrt(0.7 * 0.3 / n));  // four standard errors
  CHECK(sum == Approx(kept / 0.7).epsilon(1e-6));
  std::vector<float> other(n, 1.f), none(n, 1.f);
  rows_of::dropout(n, other.data(), 30, 5, 7, 0);
  rows_of::dropout(n, none.data(), 0, 5, 7, 0);
  CHECK(other != whole);
  CHECK(none == std::vector<float>(n, 1.f));
}
