// tests/cuda/elements.test.cpp -- element-wise passes of the device: the bits of the CPU's portable set, on every host system.
#include "relreason/backend/cuda/elements.cuh"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "cuda/systems.hpp"
#include "relreason/backend/rows.hpp"
#include "relreason/optim/adamw.hpp"
#include "relreason/optim/sgd.hpp"

using namespace relreason;
using namespace systems_test;

namespace {

constexpr std::size_t lengths[]{0, 1, 3, 64, 1000};

// Runs `mine` and `theirs` on copies of the same numbers; whether all bits agree.
template <class T, class Mine, class Theirs>
bool agree(std::vector<T> x, Mine mine, Theirs theirs) {
  auto y = x;
  mine(x.data());
  theirs(y.data());
  return same_bits(x, y);
}

}  // namespace

TEMPLATE_TEST_CASE("device passes over elements have the bits of the CPU's", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  const auto& cpu = *cpu::portable_rows<float>;
  for (const std::size_t n : lengths) {
    INFO(n);
    auto x = numbers<float>(n, 1), y = numbers<float>(n, 2);
    if (n > 4) x[2] = y[3] = std::numeric_limits<float>::quiet_NaN(), x[4] = y[4] = -0.f;
    CHECK(agree(
        x, [&](float* p) { device::fill(on, n, p, 2.f); }, [&](float* p) { std::fill_n(p, n, 2.f); }));
    CHECK(agree(
        x, [&](float* p) { device::copy(on, n, p, y.data()); }, [&](float* p) { std::copy_n(y.data(), n, p); }));
    CHECK(agree(
        x, [&](float* p) { device::add(on, n, p, y.data()); }, [&](float* p) { cpu.add(n, p, y.data()); }));
    CHECK(agree(
        x, [&](float* p) { device::scale(on, n, p, .3f); }, [&](float* p) { cpu.scale(n, p, .3f); }));
    CHECK(agree(
        x, [&](float* p) { device::add_scaled(on, n, p, .3f, y.data()); }, [&](float* p) { cpu.add_scaled(n, p, .3f, y.data()); }));
    CHECK(agree(
        x, [&](float* p) { device::gate(on, n, p, y.data()); }, [&](float* p) { cpu.gate(n, p, y.data()); }));
    CHECK(agree(
        x, [&](float* p) { device::add_relu(on, n, p, x.data(), y.data()); }, [&](float* p) { cpu.add_relu(n, p, x.data(), y.data()); }));
  }
}

TEMPLATE_TEST_CASE("device copies convert", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const std::vector<double> from{1.5, -2, 1e-3};
  std::vector<float> to(3);
  device::copy(TestType{}, 3, to.data(), from.data());
  CHECK(to == std::vector<float>{1.5f, -2.f, 1e-3f});
}

TEMPLATE_TEST_CASE("device exp, tanh and sigmoid have the bits of the CPU's, extremes included", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  const auto& cpu = *cpu::portable_rows<float>;
  std::vector<float> x;
  for (float v = -100; v < 100; v += .037f) x.push_back(v);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float v : {0.f, -0.f, 1e-30f, -1e-30f, infinity, -infinity, 88.f, 88.1f, -87.f, -87.1f, 3e38f, -3e38f}) x.push_back(v);
  CHECK(agree(
      x, [&](float* p) { device::exp(on, x.size(), p); }, [&](float* p) { cpu.exp(x.size(), p); }));
  CHECK(agree(
      x, [&](float* p) { device::tanh(on, x.size(), p); }, [&](float* p) { cpu.tanh(x.size(), p); }));
  CHECK(agree(
      x, [&](float* p) { device::sigmoid(on, x.size(), p); }, [&](float* p) { cpu.sigmoid(x.size(), p); }));
  float nan[1]{std::numeric_limits<float>::quiet_NaN()};
  device::exp(on, 1, nan);
  CHECK(std::isnan(nan[0]));
  device::tanh(on, 1, nan);
  CHECK(std::isnan(nan[0]));
}

TEMPLATE_TEST_CASE("device GELUs and their slopes have the bits of the CPU's, extremes included", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  const auto& cpu = *cpu::portable_rows<float>;
  std::vector<float> x;
  for (float v = -20; v < 20; v += .0037f) x.push_back(v);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const float v : {0.f, -0.f, 1e-30f, -1e-40f, infinity, -infinity, 10.f, -10.f, 13.f, -13.f, 3e38f, -3e38f}) x.push_back(v);
  const std::size_t n = x.size();
  const auto dy = numbers<float>(n, 4);
  const auto to = numbers<float>(n, 5);
  CHECK(agree(
      to, [&](float* p) { device::gelu(on, activation::gelu, n, p, x.data()); }, [&](float* p) { cpu.gelu(n, p, x.data()); }));
  CHECK(agree(
      to, [&](float* p) { device::gelu(on, activation::gelu_tanh, n, p, x.data()); }, [&](float* p) { cpu.gelu_tanh(n, p, x.data()); }));
  for (const bool add : {false, true}) {
    CHECK(agree(
        to, [&](float* p) { device::gelu_back(on, activation::gelu, n, p, x.data(), dy.data(), add); },
        [&](float* p) { cpu.gelu_back(n, p, x.data(), dy.data(), add); }));
    CHECK(agree(
        to, [&](float* p) { device::gelu_back(on, activation::gelu_tanh, n, p, x.data(), dy.data(), add); },
        [&](float* p) { cpu.gelu_tanh_back(n, p, x.data(), dy.data(), add); }));
  }
  for (const activation form : {activation::gelu, activation::gelu_tanh}) {
    float nan = std::numeric_limits<float>::quiet_NaN(), slope = 1;
    device::gelu_back(on, form, 1, &slope, &nan, &slope, false);
    device::gelu(on, form, 1, &nan, &nan);
    CHECK((std::isnan(nan) && std::isnan(slope)));
  }
}

TEMPLATE_TEST_CASE("device GELUs in double agree with the CPU's", "[cuda]", RELREASON_HOST_SYSTEMS) {
  constexpr double tolerance = 1e-14;  // of numbers up to 20; both call the C library; compilers may choose another of its exp
  const TestType on;
  std::vector<double> x;
  for (double v = -20; v < 20; v += .037) x.push_back(v);
  const std::size_t n = x.size();
  const std::vector<double> one(n, 1.0);
  std::vector<double> mine(n), theirs(n);
  const auto& cpu = *cpu::portable_rows<double>;
  const auto close = [&] {
    bool all = true;
    for (std::size_t i = 0; i < n; ++i) all = all && std::abs(mine[i] - theirs[i]) <= tolerance;
    return all;
  };
  device::gelu(on, activation::gelu, n, mine.data(), x.data()), cpu.gelu(n, theirs.data(), x.data());
  CHECK(close());
  device::gelu(on, activation::gelu_tanh, n, mine.data(), x.data()), cpu.gelu_tanh(n, theirs.data(), x.data());
  CHECK(close());
  device::gelu_back(on, activation::gelu, n, mine.data(), x.data(), one.data(), false);
  cpu.gelu_back(n, theirs.data(), x.data(), one.data(), false);
  CHECK(close());
  device::gelu_back(on, activation::gelu_tanh, n, mine.data(), x.data(), one.data(), false);
  cpu.gelu_tanh_back(n, theirs.data(), x.data(), one.data(), false);
  CHECK(close());
}

TEMPLATE_TEST_CASE("device dropout draws the CPU's mask from any first entry", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  for (const int percent : {0, 1, 50, 99})
    for (const std::uint64_t first : {0ull, 1ull, 2ull, 3ull, 4ull, 1023ull, (1ull << 35) + 5})
      for (const std::size_t n : lengths) {
        INFO(percent << " % from " << first << ", " << n << " entries");
        const device::dropout_place place{42, 7, 2, 99};
        const auto stream = rows_of::dropout_stream(7, 2, 99);
        CHECK(agree(
            numbers<float>(n, 3), [&](float* p) { device::dropout(on, n, p, percent, place, first); },
            [&](float* p) { rows_of::dropout(n, p, percent, 42, stream, first); }));
      }
}

TEST_CASE("a dropout place may read its step from memory", "[cuda]") {
  std::uint64_t step = 5;
  const device::dropout_place place{1, 2, 3, 0, &step};
  CHECK(place.stream() == rows_of::dropout_stream(2, 3, 5));
  step = 6;
  CHECK(place.stream() == rows_of::dropout_stream(2, 3, 6));
}

TEMPLATE_TEST_CASE("device LSTM cells have the bits of the CPU's", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  const auto& cpu = *cpu::portable_rows<float>;
  for (const std::size_t width : size_list{1, 5, 32}) {
    const std::size_t n = 7 * width;
    auto gates = numbers<float>(4 * n, 4), c = numbers<float>(n, 5), tc = c, h = c, dc = numbers<float>(n, 6);
    const auto dh = numbers<float>(n, 7), before = c;
    auto gates2 = gates, c2 = c, tc2 = tc, h2 = h, dc2 = dc;
    device::lstm_forward(on, 7, width, gates.data(), c.data(), tc.data(), h.data());
    cpu.lstm_forward(7, width, gates2.data(), c2.data(), tc2.data(), h2.data());
    CHECK((same_bits(gates, gates2) && same_bits(c, c2) && same_bits(tc, tc2) && same_bits(h, h2)));
    device::lstm_backward(on, 7, width, gates.data(), before.data(), tc.data(), dh.data(), dc.data());
    cpu.lstm_backward(7, width, gates2.data(), before.data(), tc2.data(), dh.data(), dc2.data());
    CHECK((same_bits(gates, gates2) && same_bits(dc, dc2)));
  }
}

TEMPLATE_TEST_CASE("device LSTM cells in double agree with the CPU's", "[cuda]", RELREASON_HOST_SYSTEMS) {
  constexpr double tolerance = 1e-15;  // both call the C library; compilers may choose another of its exp
  const TestType on;
  auto gates = numbers<double>(12, 4), c = numbers<double>(3, 5), tc = c, h = c;
  auto gates2 = gates, c2 = c, tc2 = tc, h2 = h;
  device::lstm_forward(on, 1, 3, gates.data(), c.data(), tc.data(), h.data());
  cpu::portable_rows<double>->lstm_forward(1, 3, gates2.data(), c2.data(), tc2.data(), h2.data());
  for (std::size_t i = 0; i < 3; ++i) CHECK(h[i] == Approx(h2[i]).epsilon(0).margin(tolerance));
}

TEMPLATE_TEST_CASE("device Adam, AdamW and SGD have the bits of the CPU's optimizers over many steps", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  constexpr std::size_t n = 77;
  auto w = numbers<float>(n, 8), w2 = w;
  std::vector<float> m(n), v(n), m2(n), v2(n);
  float* const moments[]{m2.data(), v2.data()};
  SECTION("Adam") {
    for (int step = 1; step <= 10; ++step) {
      const auto g = numbers<float>(n, 100 + static_cast<std::uint64_t>(step));
      auto k = detail::adam_common<float>(relreason::adam{}, 1e-2, step, .5);
      k.decay_gradient = 1e-4f;
      device::adam(on, n, w.data(), g.data(), m.data(), v.data(), &k);
      relreason::adam{}.update(w2.data(), g.data(), moments, n, 1e-2, step, .5);
    }
    CHECK((same_bits(w, w2) && same_bits(m, m2) && same_bits(v, v2)));
  }
  SECTION("AdamW") {
    for (int step = 1; step <= 10; ++step) {
      const auto g = numbers<float>(n, 100 + static_cast<std::uint64_t>(step));
      auto k = detail::adam_common<float>(relreason::adamw{}, 1e-2, step, 1);
      k.keep_parameter = static_cast<float>(1 - 1e-2 * 1e-2);
      device::adam(on, n, w.data(), g.data(), m.data(), v.data(), &k);
      relreason::adamw{}.update(w2.data(), g.data(), moments, n, 1e-2, step, 1);
    }
    CHECK((same_bits(w, w2) && same_bits(m, m2) && same_bits(v, v2)));
  }
  SECTION("SGD, with and without Nesterov") {
    for (const bool nesterov : {false, true})
      for (int step = 1; step <= 10; ++step) {
        const auto g = numbers<float>(n, 100 + static_cast<std::uint64_t>(step));
        const sgd_factors<float> k{.5f, .01f, .9f, .1f, nesterov};
        device::sgd(on, n, w.data(), g.data(), m.data(), &k);
        relreason::sgd{.9, .01, nesterov}.update(w2.data(), g.data(), moments, n, .1, step, .5);
      }
#if defined(__FMA__)
    constexpr float tolerance = 1e-5f;  // told to, compilers fuse the CPU's loop: 20 steps of a few roundings each
    for (std::size_t i = 0; i < n; ++i) CHECK(w[i] == Approx(w2[i]).epsilon(tolerance).margin(tolerance));
#else
    CHECK((same_bits(w, w2) && same_bits(m, m2)));
#endif
  }
}

TEST_CASE("division by a reciprocal is exact", "[cuda]") {
  for (std::uint32_t d = 1; d <= 64; ++d)
    for (std::uint32_t n = 0; n <= 64 * 64 + 64; ++n) REQUIRE(device::reciprocal(d).divide(n) == n / d);
  const std::uint32_t edges[]{1,     2,     3,     7,          63,         64,         65,         1000,       1023,      1024,
                              65535, 65536, 65537, 0x7ffffffe, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff};
  for (const std::uint32_t d : edges) {
    const device::reciprocal by(d);
    for (const std::uint32_t n : edges) REQUIRE(by.divide(n) == n / d);
    random_stream random{3, d};
    for (int i = 0; i < 1000; ++i) {
      const std::uint32_t n = random.bits(), multiple = n / d * d;
      REQUIRE(by.divide(n) == n / d);
      REQUIRE(by.divide(multiple) == multiple / d);
      REQUIRE(by.divide(multiple - 1) == (multiple - 1) / d);
    }
  }
}

TEST_CASE("an element's place is its row and column, beyond 32 bits too", "[cuda]") {
  for (const std::size_t width : size_list{1, 7, 256, 1023})
    for (const std::size_t i :
         size_list{std::size_t{0}, std::size_t{255}, std::size_t{0xffffffff}, std::size_t{0x100000000}, std::size_t{0x123456789a}}) {
      const device::place p = device::grid_width(width).split(i);
      CHECK((p.row == i / width && p.column == i % width));
    }
}
