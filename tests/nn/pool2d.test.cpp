// tests/nn/pool2d.test.cpp -- pooling of maps over windows and over all cells: by hand, against PyTorch, against differences.
#include "relreason/nn/pool2d.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/nn/conv2d.hpp"
#include "support/gradient_check.hpp"
#include "support/reference.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct image : sample {};
template <class Operation, class In = maps<1, 2, 3>>
using alone = model<input<"x", In, image>, let<"y", Operation, of<"x">>>;
template <class Operation>
using referred = model<input<"x", maps<3, 7, 6>, image>, input<"c", features<3 * 4 * 3>, image>, let<"p", toy::probe<2>, of<"x">>,
                       let<"y", Operation, of<"p">>, minimize<toy::times_cotangent, of<"y", "c">, weight<1>, per_step>>;
template <class Operation>
using learned = model<input<"x", maps<2, 7, 6>, image>, let<"c", conv2d<3, kernel<2>>, of<"x">>, let<"y", Operation, of<"c">>,
                      minimize<toy::half_square, of<"y">>>;

template <class Operation>
double pytorch_gap(const char* name) {
  using m = referred<Operation>;
  const reference r(name);
  batch<m, double> b;
  b.add_sample(2);
  b.template values<"x">() = r.values("input.x");
  b.template values<"c">() = r.values("cotangent.y");
  limits<m> at;
  at.samples = 2;
  return reference_gap<m, "y">(r, at, b, {{{"p", "input.x"}}}, {"y"});
}
template <class Operation>
double gap() {
  using m = learned<Operation>;
  limits<m> at;
  at.samples = 20;
  parameters<m, double> p(5);
  batch<m, double> b;
  random_stream random{3, 4};
  b.add_sample(20);
  for (int i = 0; i < 20 * m::info[0].width; ++i) b.template push<"x">(2 * random.uniform() - 1);
  CHECK(gradient_share(at, b, p) == 1);
  return gradient_gap(at, b, p);
}
template <class Operation, class In = maps<1, 2, 3>>
std::vector<double> pooled(const std::vector<double>& x) {
  using m = alone<Operation, In>;
  const parameters<m, double> p(1);
  const predictor<m, double, "y"> predict(p, {}, select_kernels<double>());
  auto own = predict.make_workspace();
  batch<m, double> b;
  b.add_sample();
  b.template push<"x">(x.data(), x.size());
  std::vector<double> y(static_cast<std::size_t>(m::info[1].width));
  predict.run(own, b, {y.data()});
  return y;
}
using numbers = std::vector<double>;

}  // namespace

TEST_CASE("pool2d: windows of two by two and overlapping ones, by hand", "[nn][pool2d]") {
  const numbers x{1, 5, -2, -7, 3, 4};
  CHECK(pooled<pool2d<by_max>>(x) == numbers{5});  // the third column has no partner
  CHECK(pooled<pool2d<by_mean>>(x) == numbers{.5});
  CHECK(pooled<pool2d<by_max, stride<1>>>(x) == numbers{5, 5});
  CHECK(pooled<pool2d<by_max, kernel<3>, stride<2>, padding<1>>>({-1, -5, -2, -7, -3, -4}) == numbers{-1, -2});  // padding is no zero
  CHECK(pooled<pool2d<by_mean, kernel<2>, padding<1>>>(x) == numbers{.25, .75, -1.75, 1.75});                    // padding counts
}

TEST_CASE("global_pool: sum, mean and greatest number of every channel, by hand", "[nn][pool2d]") {
  const numbers x{1, -10, 5, -20, -2, -30, 0, -40};
  using in = maps<2, 2, 2>;
  CHECK(pooled<global_pool<by_sum>, in>(x) == numbers{4, -100});
  CHECK(pooled<global_pool<>, in>(x) == numbers{1, -25});
  CHECK(pooled<global_pool<by_max>, in>(x) == numbers{5, -10});
}

TEST_CASE("pool2d: NaN wins, as in PyTorch", "[nn][pool2d]") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(pooled<pool2d<by_max>>({1, nan, 3, 4, 5, 6})[0]));
  CHECK(std::isnan(pooled<global_pool<by_max>>({1, nan, 3, 4, 5, 6})[0]));
}

TEST_CASE("pool2d: values and gradients are PyTorch's", "[nn][pool2d]") {
  CHECK(pytorch_gap<pool2d<by_max, kernel<3>, stride<2>, padding<1>>>("max_pool_3_2_1") < reference_tolerance);
  CHECK(pytorch_gap<pool2d<by_mean, kernel<3>, stride<2>, padding<1>>>("mean_pool_3_2_1") < reference_tolerance);
}

TEST_CASE("pool2d: gradients agree with central differences", "[nn][pool2d]") {
  CHECK(gap<pool2d<by_max, kernel<3>, stride<2>>>() < gradient_tolerance);
  CHECK(gap<pool2d<by_mean, kernel<3>, stride<1>, padding<1>>>() < gradient_tolerance);
  CHECK(gap<global_pool<by_sum>>() < gradient_tolerance);
  CHECK(gap<global_pool<by_mean>>() < gradient_tolerance);
  CHECK(gap<global_pool<by_max>>() < gradient_tolerance);
}
