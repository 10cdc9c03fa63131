// tests/cuda/convolution.test.cpp -- windows, batch norm and pooling on a device's code: the CPU's bits where there is no sum, else its values.
#include "relreason/backend/cuda/convolution.cuh"

#include <cmath>

#include "agreement.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"
#include "relreason/nn/shortcut.hpp"
#include "support/small_pixels.hpp"
#include "systems.hpp"

using namespace relreason;
using namespace systems_test;
using small_pixels::pictures, small_pixels::net, small_pixels::scene;

namespace {

struct crop : each<scene> {};

// Residual steps and every pooling over crops, some per scene.
using residual =
    model<input<"image", maps<2, 9, 9>, crop>, input<"label", label<3>, crop>, let<"c", conv2d<4, kernel<3>, no_bias>, of<"image">>,
          let<"n", batch_norm<>, of<"c">>, let<"m", pool2d<by_max, kernel<3>, stride<2>, padding<1>>, of<"n">>,
          let<"v", pool2d<by_mean, kernel<2>, stride<1>>, of<"m">>, let<"w", padded_shortcut<8, stride<1>>, of<"v">>,
          let<"k", conv2d<8, kernel<3>, padding<1>>, of<"v">>, let<"q", batch_norm<running_statistics>, of<"k">>, let<"s", add, of<"w", "q">>,
          let<"g1", global_pool<>, of<"s">>, let<"g2", global_pool<by_max>, of<"s">>, let<"g3", global_pool<by_sum>, of<"s">>,
          let<"a", linear<3>, of<"g1", "g2", "g3">>, minimize<cross_entropy<>, of<"a", "label">>>;

batch<residual> crops(int n) {
  batch<residual> b;
  random_stream random{3, 4};
  for (int s = 0; s < n; ++s) {
    b.add_sample();
    b.count<crop>(s % 4);
    for (int i = 0; i < s % 4; ++i) {
      for (int j = 0; j < 2 * 9 * 9; ++j) b.push<"image">(random.uniform());
      b.push<"label">(i);
    }
  }
  return b;
}
constexpr window_shape shapes[]{{7, 6, 3, 3, 2, 1}, {5, 5, 1, 2, 3, 0}, {4, 9, 2, 3, 1, 1}, {3, 3, 2, 1, 2, 0}, {2, 2, 1, 3, 1, 2}};

}  // namespace

TEMPLATE_TEST_CASE("device: windows are unfolded and folded with the CPU's bits, in any part", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  for (const window_shape& w : shapes)
    for (const auto& [first, n] : {std::pair{0, 2 * w.windows()}, {1, 2 * w.windows() - 1}}) {
      const auto rows = static_cast<std::size_t>(n), columns = static_cast<std::size_t>(w.columns());
      const auto x = numbers<float>(2 * static_cast<std::size_t>(w.cells() * w.channels), 1), back = numbers<float>(rows * columns, 2);
      std::vector<float> wanted(rows * columns, 77.f), found = wanted;
      cpu::unfold(w, first, n, x.data(), wanted.data());
      device::unfold(on, w, first, rows, x.data(), found.data());
      CHECK(same_bits(wanted, found));
      auto to = x, to_found = x;
      cpu::fold(*cpu::portable_rows<float>, w, first, n, back.data(), to.data());
      device::fold_windows(on, w, first, rows, back.data(), to_found.data());
      CHECK(same_bits(to, to_found));
    }
}

TEMPLATE_TEST_CASE("device: moments and gradient sums of columns agree with double, and rows beyond the live ones count for nothing", "[cuda]",
                   RELREASON_HOST_SYSTEMS) {
  const TestType on;
  constexpr std::size_t most = 5000, width = 5;
  const auto x = numbers<float>(most * width, 1), dy = numbers<float>(most * width, 2), y = numbers<float>(most * width, 3);
  std::vector<double> scratch(device::column_scratch<float>(most, width) / 8 + 1);
  for (const int live : {2500, 40}) {
    const row_total rows{most, &live, 2};
    std::vector<float> mean(width), variance(width), sums(2 * width), dx(most * width, 1.f);
    device::moments(on, rows, width, x.data(), mean.data(), variance.data(), scratch.data());
    device::normalize_sums(on, rows, width, dy.data(), y.data(), x.data(), mean.data(), sums.data(), scratch.data());
    for (std::size_t j = 0; j < width; ++j) {
      double m = 0, v = 0, g = 0, gx = 0;
      const std::size_t n = 2 * static_cast<std::size_t>(live);
      for (std::size_t i = 0; i < n; ++i) m += static_cast<double>(x[i * width + j]) / static_cast<double>(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double d = static_cast<double>(x[i * width + j]) - m, open = y[i * width + j] > 0 ? static_cast<double>(dy[i * width + j]) : 0;
        v += d * d / static_cast<double>(n);
        g += open;
        gx += open * d;
      }
      CHECK(std::abs(static_cast<double>(mean[j]) - m) < 1e-6);
      CHECK(std::abs(static_cast<double>(variance[j]) / v - 1) < 1e-6);
      CHECK(std::abs(static_cast<double>(sums[j]) - g) < 1e-6 * 3 * static_cast<double>(n));
      CHECK(std::abs(static_cast<double>(sums[width + j]) - gx) < 1e-6 * 9 * static_cast<double>(n));
    }
    device::normalize_back(on, rows, width, dy.data(), y.data(), x.data(), mean.data(), mean.data(), mean.data(), variance.data(), dx.data());
    CHECK(dx[2 * static_cast<std::size_t>(live) * width - 1] != 1);
    CHECK(std::all_of(dx.begin() + 2 * live * static_cast<std::ptrdiff_t>(width), dx.end(), [](float v) { return v == 1; }));
  }
}

TEMPLATE_TEST_CASE("device: a step from pixels agrees with the CPU's", "[cuda]", RELREASON_HOST_SYSTEMS) {
  cuda_test::check_agreement<TestType>(limits<net>{.samples = 20}, pictures(20));
}

TEST_CASE("device: pooling, shortcuts and batch norm over some pictures per scene agree with the CPU", "[cuda]") {
  limits<residual> at{.samples = 40};
  at.set<crop>(3);
  cuda_test::check_agreement<device::serial_system>(at, crops(39));  // 57 rows, run as 58 or more
}

TEST_CASE("device: running statistics after two steps are the CPU's", "[cuda]") {
  const limits<net> at{.samples = 20};
  serial_executor serial;
  parameters<net> p(3), q(3);
  gradient_program<net> cpu(at, serial, select_kernels<float>());
  cuda_test::on_system<device::serial_system, net> there(at);
  there.program.send(q);
  for (const int n : {20, 13}) {
    cpu.run(pictures(n), p, {});
    there.run(pictures(n), {});
  }
  there.program.fetch(q);
  const std::size_t n = parameters<net>::table().state_total;
  CHECK(cuda_test::apart(p.state(), q.state(), n) < cuda_test::agreement);
  CHECK(p.state()[0] != 0);
}
