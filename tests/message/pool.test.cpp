// tests/message/pool.test.cpp
#include "relreason/message/pool.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
using both =
    model<input<"x", features<2>, object>, let<"s", pool<object>, of<"x">>, let<"m", pool<object, by_mean>, of<"x">>, output<"s">, output<"m">>;
template <class By>
using learner =
    model<input<"x", features<2>, object>, let<"o", linear<3>, of<"x">>, let<"p", pool<object, By>, of<"o">>, minimize<toy::half_square, of<"p">>>;

template <class M>
batch<M, double> scenes() {  // 2, 0 and 1 objects
  batch<M, double> b;
  for (const int n : {2, 0, 1}) {
    b.add_sample();
    b.template count<object>(n);
    for (int i = 0; i < n; ++i) {
      b.template push<"x">(n + i);
      b.template push<"x">(10 * n);
    }
  }
  return b;
}
template <class M>
limits<M> planned() {
  limits<M> at;
  at.samples = 3;
  at.template set<object>(2);
  return at;
}

}  // namespace

TEST_CASE("pool: sums and means over each parent, 0 for one without rows", "[message][pool]") {
  const parameters<both, double> p;
  predictor<both, double, "s", "m"> predict(p, planned<both>(), select_kernels<double>());
  predictor<both, double, "s", "m">::workspace own(predict);
  std::vector<double> s(6), m(6);
  predict.run(own, scenes<both>(), {s.data(), m.data()});
  CHECK(s == std::vector<double>{5, 40, 0, 0, 1, 10});
  CHECK(m == std::vector<double>{2.5, 20, 0, 0, 1, 10});
}

TEST_CASE("pool: gradients agree with central differences", "[message][pool]") {
  parameters<learner<by_sum>, double> p(2);
  parameters<learner<by_mean>, double> q(2);
  CHECK(gradient_share(planned<learner<by_sum>>(), scenes<learner<by_sum>>(), p) == 1);
  auto sums = scenes<learner<by_sum>>();
  auto means = scenes<learner<by_mean>>();
  for (auto* x : {&sums.values<"x">(), &means.values<"x">()})
    for (double& v : *x) v /= 20;  // losses of order 1
  CHECK(gradient_gap(planned<learner<by_sum>>(), sums, p) < gradient_tolerance);
  CHECK(gradient_gap(planned<learner<by_mean>>(), means, q) < gradient_tolerance);
}
