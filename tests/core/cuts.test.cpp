// tests/core/cuts.test.cpp -- operations that couple the samples of a batch cut the list of equations.
#include <cmath>

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};

// Two cuts, and a value of the first stage that the last one reads.
using twice_cut = model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"h", linear<4>, of<"x">>, let<"c", toy::center, of<"h">>,
                        let<"g", mlp<relu<4>>, of<"c">>, let<"m", toy::times_mean, of<"g">>, let<"s", add, of<"m", "h">>,
                        let<"a", linear<3>, of<"s">>, minimize<cross_entropy<>, of<"a", "label">>>;
using once_cut =
    model<input<"x", features<2>, object>, let<"h", linear<2>, of<"x">>, let<"c", toy::center, of<"h">>, minimize<toy::half_square, of<"c">>>;
using always = model<input<"x", features<1>, scene>, let<"m", toy::times_mean, of<"x">>>;

template <class M>
batch<M, double> scenes(int n) {
  batch<M, double> b;
  random_stream random{3, 4};
  b.add_sample(n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < 3; ++j) b.template push<"x">(2 * random.uniform() - 1);
    b.template push<"label">(i % 3);
  }
  return b;
}

}  // namespace

TEST_CASE("cuts: gradients through two cuts agree with central differences over several tiles", "[core][cuts]") {
  limits<twice_cut> at;
  at.samples = 40;
  parameters<twice_cut, double> p(5);
  const auto b = scenes<twice_cut>(40);
  serial_executor serial;
  gradient_program<twice_cut, double> program(at, serial, select_kernels<double>());
  REQUIRE(program.tile_samples(40) == 3);
  CHECK(gradient_share(at, b, p) > 0.8);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
}

TEST_CASE("cuts: loss, gradient and value are those of the uncut computation, written out", "[core][cuts]") {
  limits<once_cut> at;
  at.samples = 20;
  at.set<object>(3);
  parameters<once_cut, double> p(5);
  batch<once_cut, double> b;
  random_stream random{9, 9};
  for (int s = 0; s < 20; ++s) {
    b.add_sample();
    b.count<object>(s % 4);
    for (int i = 0; i < 2 * (s % 4); ++i) b.push<"x">(random.uniform());
  }
  serial_executor serial;
  gradient_program<once_cut, double, "c", "h"> program(at, serial, select_kernels<double>());
  const std::size_t n = 30;
  std::vector<double> c(2 * n), h(2 * n);
  program.run(b, p, {}, {c.data(), h.data()});

  const double *w = p.find("h.weight"), *bias = p.find("h.bias"), *x = b.values<"x">().data();
  for (std::size_t j = 0; j < 2; ++j) {
    std::vector<double> wanted(n);
    double mean = 0, loss_gradient[2] = {0, 0};
    for (std::size_t i = 0; i < n; ++i) mean += (wanted[i] = w[2 * j] * x[2 * i] + w[2 * j + 1] * x[2 * i + 1] + bias[j]) / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(h[2 * i + j] == Approx(wanted[i]).margin(1e-14));
      CHECK(c[2 * i + j] == Approx(wanted[i] - mean).margin(1e-14));
      for (std::size_t k = 0; k < 2; ++k) loss_gradient[k] += (wanted[i] - mean) * x[2 * i + k] / static_cast<double>(n);  // the mean of c is 0
    }
    for (std::size_t k = 0; k < 2; ++k) CHECK(program.gradients()[p.entry("h.weight").offset + 2 * j + k] == Approx(loss_gradient[k]).margin(1e-14));
    CHECK(program.gradients()[p.entry("h.bias").offset + j] == Approx(0).margin(1e-14));
  }
}

TEST_CASE("cuts: an operation that always couples reads the whole batch at prediction too", "[core][cuts]") {
  limits<always> at;
  at.samples = 40;
  const parameters<always, double> p(1);
  predictor<always, double, "m"> predict(p, at, select_kernels<double>());
  thread_pool pool(2);
  predictor<always, double, "m">::workspace own(predict, &pool);
  batch<always, double> b;
  b.add_sample(40);
  for (int i = 0; i < 40; ++i) b.push<"x">(i);
  double y[40];
  predict.run(own, b, {y});
  for (int i = 0; i < 40; ++i) CHECK(y[i] == Approx(19.5 * i));
}
