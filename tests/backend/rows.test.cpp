// tests/backend/rows.test.cpp -- element-wise passes of every instruction set: against double, at every length, the same bits in all of them.
#include "relreason/backend/rows.hpp"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/backend/cpu/row_sets.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr std::size_t longest = 70;

// The sets this processor can run; the portable one first.
template <class T>
std::vector<const row_kernels<T>*> available() {
  std::vector<const row_kernels<T>*> sets{cpu::portable_rows<T>};
#if defined(__x86_64__)
  if constexpr (std::is_same_v<T, float>) {
    if (supported(isa::avx2)) sets.push_back(&cpu::rows_avx2::table);
    if (supported(isa::avx512)) sets.push_back(&cpu::rows_avx512::table);
  }
#endif
  return sets;
}

// n random numbers in (-3, 3), not aligned to more than their size, with guards around them.
template <class T>
struct numbers {
  static constexpr std::size_t guard = 67;
  std::size_t n;
  std::vector<T> all;
  numbers(std::size_t count, std::uint64_t stream, double low = -3, double high = 3) : n(count), all(count + 2 * guard, T(77)) {
    random_stream random{11, stream};
    for (std::size_t i = 0; i < n; ++i) data()[i] = static_cast<T>(low + (high - low) * static_cast<double>(random.uniform()));
  }
  T* data() { return all.data() + guard; }
  T& operator[](std::size_t i) { return data()[i]; }
  bool untouched() const {
    return std::all_of(all.begin(), all.begin() + guard, [](T x) { return x == T(77); }) &&
           std::all_of(all.end() - guard, all.end(), [](T x) { return x == T(77); });
  }
};

// Every pass once, for rows of n elements; all results behind each other.
template <class T>
std::vector<T> run_all(const row_kernels<T>& set, std::size_t n) {
  constexpr int rows = 5, index[rows]{1, 0, 1, 1, 2}, other[rows]{2, 2, 0, 1, 1};
  std::vector<T> results;
  bool respected = true;
  const auto keep = [&](numbers<T>& x) {
    results.insert(results.end(), x.data(), x.data() + x.n);
    respected = respected && x.untouched();
  };
  numbers<T> x(n, 1), y(n, 2), z(n, 3), g(n, 4), many(rows * n, 5), three(3 * n, 6), into(rows * n, 7), w_of(n, 24);
  set.add(n, x.data(), y.data());
  set.scale(n, x.data(), T(.3));
  set.add_scaled(n, x.data(), T(-.7), z.data());
  keep(x);
  set.add_relu(n, x.data(), y.data(), z.data());
  keep(x);
  set.gate(n, g.data(), y.data());
  keep(g);
  std::vector<std::uint32_t> bits((n + 31) / 32);
  rows_of::make_bits(n, z.data(), bits.data());
  set.select_bits(n, x.data(), bits.data(), y.data(), T(1.7));
  keep(x);
  set.sum_rows(rows, n, many.data(), y.data());
  keep(y);
  for (const bool relu : {false, true}) {
    set.gather_pairs(rows, n, into.data(), three.data(), index, many.data(), other, relu);
    keep(into);
  }
  set.scatter(rows, n, many.data(), index, three.data());
  keep(three);
  for (const auto f : {set.exp, set.tanh, set.sigmoid}) {
    numbers<T> a(n, 8, -20, 20);
    f(n, a.data());
    keep(a);
  }
  for (const auto f : {set.gelu, set.gelu_tanh}) {
    numbers<T> a(n, 8, -15, 15);
    f(n, a.data(), a.data());
    keep(a);
  }
  for (const auto f : {set.gelu_back, set.gelu_tanh_back})
    for (const bool add : {false, true}) {
      numbers<T> a(n, 8, -15, 15), to(n, 9), dy(n, 10);
      f(n, to.data(), a.data(), dy.data(), add);
      keep(to);
    }
  numbers<T> gates(4 * rows * n, 9), c(rows * n, 10), tc(rows * n, 11), h(rows * n, 12), dc(rows * n, 13), before = c;
  set.lstm_forward(rows, n, gates.data(), c.data(), tc.data(), h.data());
  for (auto* a : {&gates, &c, &tc, &h}) keep(*a);
  set.lstm_backward(rows, n, gates.data(), before.data(), tc.data(), h.data(), dc.data());
  keep(gates);
  keep(dc);
  for (const int some : {rows, 1}) {
    const std::size_t all = static_cast<std::size_t>(some) * n;
    numbers<T> mean(n, 18), gaps(n, 19), normal(all, 20), dy(all, 21), sums(2 * n, 22), dx(all, 23);
    set.moments(some, n, many.data(), mean.data(), gaps.data());
    for (const bool relu : {false, true}) {
      set.normalize(some, n, many.data(), mean.data(), z.data(), w_of.data(), relu, normal.data());
      keep(normal);
      set.normalize_sums(some, n, dy.data(), relu ? normal.data() : nullptr, many.data(), mean.data(), sums.data());
      keep(sums);
      set.normalize_back(some, n, dy.data(), relu ? normal.data() : nullptr, many.data(), mean.data(), z.data(), w_of.data(), mean.data(), dx.data());
      keep(dx);
    }
    keep(mean);
    keep(gaps);
  }
  numbers<T> w(n, 14), d(n, 15), m(n, 16), v(n, 17, 0, 1);
  set.adam(n, w.data(), d.data(), m.data(), v.data(), {T(.5), T(1e-4), T(.999), T(.1), T(.999), T(.001), T(.01), T(.3), T(1e-8)});
  for (auto* a : {&w, &m, &v}) keep(*a);
  CHECK(respected);
  return results;
}
template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

// Largest gap to the double result over [low, high], in units of |wanted| (relative) or of 1 (absolute).
template <class G>
double worst(double low, double high, bool relative, void (*function)(std::size_t, float*), G&& wanted) {
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
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

// The same element at every place of arrays of every length has one value.
template <class T, class F>
bool same_everywhere(F&& function) {
  for (std::size_t n = 1; n <= longest; ++n)
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

TEST_CASE("rows: every instruction set gives the same bytes at every length, unaligned, inside its bounds", "[backend][rows]") {
  for (std::size_t n = 0; n <= longest; ++n) {
    const std::vector<float> wanted = run_all<float>(*cpu::portable_rows<float>, n);
    for (const auto* set : available<float>()) {
      INFO(set->name << ", " << n << " elements");
      CHECK(same_bytes(run_all<float>(*set, n), wanted));
    }
  }
}

TEST_CASE("rows: float passes agree with double at every length", "[backend][rows]") {
  // Inputs below 3 in size are rounded to float (6e-8), and each result passes a dozen roundings of numbers below 20.
  constexpr double tolerance = 2e-5;
  for (std::size_t n = 1; n <= longest; ++n) {
    const std::vector<float> found = run_all<float>(*cpu::portable_rows<float>, n);
    const std::vector<double> wanted = run_all<double>(*cpu::portable_rows<double>, n);
    REQUIRE(found.size() == wanted.size());
    double gap = 0;
    for (std::size_t i = 0; i < found.size(); ++i)
      gap = std::max(gap, std::abs(static_cast<double>(found[i]) - wanted[i]) / (1 + std::abs(wanted[i])));
    INFO(n << " elements");
    CHECK(gap < tolerance);
  }
}

TEST_CASE("rows: exp, tanh and sigmoid in float are good to a few units in the last place", "[backend][rows]") {
  constexpr double ulps = 0x1p-24;  // half a unit in the last place, relative
  const auto hyperbolic = [](double x) { return std::tanh(x); };
  for (const auto* set : available<float>()) {
    INFO(set->name);
    CHECK(worst(-80, 80, true, set->exp, [](double x) { return std::exp(x); }) < 4 * ulps);
    CHECK(worst(-1e-3, 1e-3, true, set->tanh, hyperbolic) < 4 * ulps);
    CHECK(worst(-12, 12, true, set->tanh, hyperbolic) < 8 * ulps);
    CHECK(worst(-12, 12, true, set->sigmoid, logistic) < 8 * ulps);
    CHECK(worst(-3, 3, false, set->sigmoid, logistic) < 4 * ulps);
  }
}

TEST_CASE("rows: GELUs and their slopes in float are good to a few units in the last place", "[backend][rows]") {
  constexpr double ulps = 0x1p-24;
  const auto& exact = *cpu::portable_rows<double>;  // which tests/nn/gelu.test.cpp compares with PyTorch
  const auto slope = [](auto back) {
    return [back](double x) {
      const double one = 1;
      double d;
      back(1, &d, &x, &one, false);
      return d;
    };
  };
  const auto value = [](auto f) {
    return [f](double x) {
      f(1, &x, &x);
      return x;
    };
  };
  for (const auto* set : available<float>()) {
    INFO(set->name);
    static const row_kernels<float>* now;
    now = set;
    const auto erf = [](std::size_t n, float* x) { now->gelu(n, x, x); };
    const auto tanh = [](std::size_t n, float* x) { now->gelu_tanh(n, x, x); };
    const auto erf_slope = [](std::size_t n, float* x) { now->gelu_back(n, x, x, std::vector<float>(n, 1.f).data(), false); };
    const auto tanh_slope = [](std::size_t n, float* x) { now->gelu_tanh_back(n, x, x, std::vector<float>(n, 1.f).data(), false); };
    CHECK(worst(-1, 1, true, erf, value(exact.gelu)) < 8 * ulps);
    CHECK(worst(-1, 1, true, tanh, value(exact.gelu_tanh)) < 8 * ulps);
    CHECK(worst(-12, 1, false, erf, value(exact.gelu)) < 4 * ulps);
    CHECK(worst(-12, 1, false, tanh, value(exact.gelu_tanh)) < 4 * ulps);
    CHECK(worst(-12, -1, true, erf, value(exact.gelu)) < 100 * ulps);       // the exponent's error, one rounding of up to 72
    CHECK(worst(-9, -1, true, tanh, value(exact.gelu_tanh)) < 200 * ulps);  // three of up to 66
    CHECK(worst(1, 100, true, erf, value(exact.gelu)) < 4 * ulps);
    CHECK(worst(1, 100, true, tanh, value(exact.gelu_tanh)) < 4 * ulps);
    CHECK(worst(-15, 15, false, erf_slope, slope(exact.gelu_back)) < 8 * ulps);
    CHECK(worst(-15, 15, false, tanh_slope, slope(exact.gelu_tanh_back)) < 8 * ulps);
  }
}

TEST_CASE("rows: functions saturate at large arguments; NaN stays, but closes a gate", "[backend][rows]") {
  for (const auto* set : available<float>()) {
    INFO(set->name);
    std::vector<float> t{200, -200, 1e30f, -1e30f}, s = t;
    set->tanh(4, t.data());
    set->sigmoid(4, s.data());
    CHECK(t == std::vector<float>{1, -1, 1, -1});
    CHECK(s[0] == 1);
    CHECK(s[1] < 1e-30f);
    for (const auto f : {set->exp, set->tanh, set->sigmoid}) {
      std::vector<float> bad(19, nan_value);
      f(19, bad.data());
      CHECK(std::all_of(bad.begin(), bad.end(), [](float x) { return std::isnan(x); }));
    }
    for (const auto f : {set->gelu, set->gelu_tanh}) {
      std::vector<float> bad(19, nan_value), far{-1e30f, 1e30f, -50, 50};
      f(19, bad.data(), bad.data());
      CHECK(std::all_of(bad.begin(), bad.end(), [](float x) { return std::isnan(x); }));
      f(4, far.data(), far.data());
      CHECK(far == std::vector<float>{0, 1e30f, 0, 50});
    }
    for (const auto f : {set->gelu_back, set->gelu_tanh_back}) {
      const std::vector<float> at{-1e30f, 1e30f, -50, 50, nan_value}, dy{2, 2, 3, 3, 1};
      std::vector<float> d(5, 1.f);
      f(5, d.data(), at.data(), dy.data(), true);
      CHECK(std::isnan(d[4]));
      d.pop_back();
      CHECK(d == std::vector<float>{1, 3, 1, 4});
    }
    std::vector<float> bad(19, nan_value), one(19, 1.f), y(19);
    set->add_relu(19, y.data(), bad.data(), one.data());
    CHECK((std::isnan(y[0]) && std::isnan(y[18])));
    set->gate(19, one.data(), bad.data());
    CHECK(one == std::vector<float>(19, 0.f));
    std::vector<float> gates(4 * 19, 0.f), c(19, 0.f), tc(19), h(19);
    gates[18] = nan_value;  // the input gate of the last unit
    set->lstm_forward(1, 19, gates.data(), c.data(), tc.data(), h.data());
    CHECK((std::isnan(h[18]) && h[17] == 0));
  }
}

TEMPLATE_TEST_CASE("rows: an element has the same bits at every place of every array", "[backend][rows]", float, double) {
  using T = TestType;
  for (const auto* set : available<T>()) {
    INFO(set->name);
    for (const auto f : {set->exp, set->tanh, set->sigmoid}) CHECK(same_everywhere<T>(f));
    for (const auto f : {set->gelu, set->gelu_tanh}) CHECK(same_everywhere<T>([&](std::size_t n, T* x) { f(n, x, x); }));
    for (const auto f : {set->gelu_back, set->gelu_tanh_back}) CHECK(same_everywhere<T>([&](std::size_t n, T* x) { f(n, x, x, x, true); }));
    CHECK(same_everywhere<T>([&](std::size_t n, T* x) { set->scale(n, x, T(0.3)); }));
    CHECK(same_everywhere<T>([&](std::size_t n, T* x) { set->add_scaled(n, x, T(0.3), std::vector<T>(n, T(0.7)).data()); }));
    CHECK(same_everywhere<T>([&](std::size_t n, T* x) {
      std::vector<T> g(n, T(.3)), m(n, T(.2)), v(n, T(.1));
      set->adam(n, x, g.data(), m.data(), v.data(), {T(1), T(1e-4), T(1), T(.1), T(.999), T(.001), T(.01), T(.3), T(1e-8)});
    }));
    CHECK(same_everywhere<T>([&](std::size_t n, T* x) {  // h of a cell whose four pre-activations are x
      std::vector<T> gates(4 * n), c(n, T(.4)), tc(n);
      for (std::size_t i = 0; i < 4 * n; ++i) gates[i] = x[i % n];
      set->lstm_forward(1, n, gates.data(), c.data(), tc.data(), x);
    }));
  }
}

TEST_CASE("rows: sums, gates and pairs, by hand", "[backend][rows]") {
  for (const auto* set : available<float>()) {
    INFO(set->name);
    std::vector<float> a{1, 2, 3}, b{10, -20, 30}, y(3);
    set->add(3, a.data(), b.data());
    CHECK(a == std::vector<float>{11, -18, 33});
    set->add_relu(3, y.data(), a.data(), b.data());
    CHECK(y == std::vector<float>{21, 0, 63});
    set->gate(3, a.data(), y.data());
    CHECK(a == std::vector<float>{11, 0, 33});
    CHECK(rows_of::dot(3, a.data(), b.data()) == 1100);
    const std::vector<float> x{1, 2, 10, 20, 100, 200};  // three rows of two
    const int first[]{2, 0}, second[]{1, 1};
    std::vector<float> sum{.5f, .25f}, pairs(4), to(4, 0.f);
    set->sum_rows(3, 2, x.data(), sum.data());
    CHECK(sum == std::vector<float>{111.5f, 222.25f});
    set->gather_pairs(2, 2, pairs.data(), x.data(), first, x.data(), second, false);
    CHECK(pairs == std::vector<float>{110, 220, 11, 22});
    set->scatter(2, 2, x.data(), second, to.data());
    CHECK(to == std::vector<float>{0, 0, 11, 22});
  }
}

TEST_CASE("rows: one step of an LSTM and of Adam, by hand", "[backend][rows]") {
  constexpr double tolerance = 1e-6;  // a few roundings of numbers up to 1
  for (const auto* set : available<float>()) {
    INFO(set->name);
    // sigmoid(0) = 1/2, tanh(atanh(1/2)) = 1/2: c = 1/2 * 1 + 1/2 * 1/2 = 3/4, h = tanh(3/4) / 2
    std::vector<float> gates{0, 0, 0.549306144f, 0}, c{1}, before{1}, tc(1), h(1), dh{2}, dc{1};
    set->lstm_forward(1, 1, gates.data(), c.data(), tc.data(), h.data());
    const double t = std::tanh(.75);
    CHECK(static_cast<double>(c[0]) == Approx(.75).margin(tolerance));
    CHECK(static_cast<double>(h[0]) == Approx(t / 2).margin(tolerance));
    // d = dc + dh o (1 - t^2); di = d g i (1 - i) = d / 8, df = d c' f (1 - f) = d / 4, dg = d i (1 - g^2) = 3 d / 8, do = dh t o (1 - o) = t / 2
    set->lstm_backward(1, 1, gates.data(), before.data(), tc.data(), dh.data(), dc.data());
    const double d = 1 + (1 - t * t), wanted[]{d / 8, d / 4, 3 * d / 8, t / 2};
    for (std::size_t k = 0; k < 4; ++k) CHECK(static_cast<double>(gates[k]) == Approx(wanted[k]).margin(tolerance));
    CHECK(static_cast<double>(dc[0]) == Approx(d / 2).margin(tolerance));
    // d = 1 * 2 + 0.5 * 4 = 4, m = 1 + (4 - 1) / 2 = 2.5, v = 0.5 * 24 + 0.25 * 16 = 16, w = 4 - 0.1 * 2.5 / (4 / 0.5)
    std::vector<float> w{4}, g{2}, m{1}, v{24};
    set->adam(1, w.data(), g.data(), m.data(), v.data(), {1, .5f, 1, .5f, .5f, .25f, .1f, .5f, 0});
    CHECK(m[0] == 2.5f);
    CHECK(v[0] == 16);
    CHECK(w[0] == Approx(4 - .1 * 2.5 / 8).margin(tolerance));
  }
}

TEST_CASE("rows: batch norm of five rows of two columns, by hand", "[backend][rows]") {
  for (const auto* set : available<float>()) {
    const float x[10]{1, 0, 2, 0, 3, 0, 4, 10, 10, 0}, dy[10]{1, 1, 1, 1, 1, 1, 1, 1, 2, 2}, ones[2]{1, 1}, tens[2]{10, 10}, minus[2]{-1, -3};
    float mean[2], gaps[2], y[10], sums[4], dx[10]{};
    set->moments(5, 2, x, mean, gaps);
    CHECK((mean[0] == 4 && mean[1] == 2));
    CHECK((gaps[0] == 50 && gaps[1] == 80));  // 9 + 4 + 1 + 0 + 36, 4 * 4 + 64
    set->normalize(5, 2, x, mean, tens, ones, true, y);
    CHECK((y[0] == 0 && y[1] == 0 && y[6] == 1 && y[7] == 81 && y[8] == 61));
    set->normalize_sums(5, 2, dy, y, x, mean, sums);
    CHECK((sums[0] == 3 && sums[1] == 1));   // y > 0 in rows 3 and 4 of the first column, in row 3 of the second
    CHECK((sums[2] == 12 && sums[3] == 8));  // 0 + 2 * 6
    set->normalize_back(5, 2, dy, y, x, mean, tens, ones, minus, dx);
    CHECK((dx[0] == -4 && dx[8] == 25 && dx[7] == 15));  // 0 - 3 - 1, 20 + 6 - 1, 10 + 8 - 3
  }
}

TEST_CASE("rows: bits select what was positive, for every length up to 70", "[backend][rows]") {
  for (const auto* set : available<double>())
    for (std::size_t n = 1; n <= longest; ++n) {
      std::vector<double> x(n), g(n), y(n);
      std::vector<std::uint32_t> bits((n + 31) / 32, ~0u);
      for (std::size_t i = 0; i < n; ++i) x[i] = (i * 7) % 3 == 1 ? 1.0 : -1.0, g[i] = static_cast<double>(i + 1);
      rows_of::make_bits(n, x.data(), bits.data());
      set->select_bits(n, y.data(), bits.data(), g.data(), 2.0);
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
