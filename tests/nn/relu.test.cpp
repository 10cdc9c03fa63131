// tests/nn/relu.test.cpp -- relu<> as an operation: values, kinds, and that NaN stays.
#include "relreason/nn/relu.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {
struct row : sample {};
using net = model<input<"x", maps<1, 2, 2>, row>, let<"y", relu<>, of<"x">>>;
using learned = model<input<"x", features<3>, row>, let<"h", linear<6>, of<"x">>, let<"y", relu<>, of<"h">>, minimize<toy::half_square, of<"y">>>;
}  // namespace

TEST_CASE("relu<>: the positive part of maps is maps, and NaN stays NaN", "[nn][relu]") {
  STATIC_REQUIRE(is_maps<net::line_at<1>::value::what>);
  const parameters<net> p(1);
  const predictor<net, float, "y"> predict(p, {}, select_kernels<float>());
  auto own = predict.make_workspace();
  batch<net> b;
  b.add_sample();
  for (const float x : {-1.f, 2.f, 0.f, std::numeric_limits<float>::quiet_NaN()}) b.push<"x">(x);
  float y[4];
  predict.run(own, b, {y});
  CHECK(y[0] == 0);
  CHECK(y[1] == 2);
  CHECK(y[2] == 0);
  CHECK(std::isnan(y[3]));
}

TEST_CASE("relu<>: gradients agree with central differences", "[nn][relu]") {
  limits<learned> at;
  at.samples = 20;
  parameters<learned, double> p(5);
  batch<learned, double> b;
  random_stream random{3, 4};
  b.add_sample(20);
  for (int i = 0; i < 60; ++i) b.push<"x">(2 * random.uniform() - 1);
  CHECK(gradient_share(at, b, p) > 0.5);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
}
