// tests/nn/mlp.test.cpp
#include "relreason/nn/mlp.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/embedding.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};

using by_hand = model<input<"x", features<2>, scene>, let<"y", mlp<relu<2>, linear<1>>, of<"x">>>;
template <class Layers>
using learner = model<input<"x", features<3>, object>, input<"q", features<2>, scene>, input<"label", label<3>, object>, let<"p", linear<2>, of<"q">>,
                      let<"h", Layers, of<"x", "p">>, let<"a", linear<3>, of<"h">>, minimize<cross_entropy<>, of<"a", "label">>>;
using words = model<input<"w", ids<4>, object>, input<"q", features<2>, scene>, input<"label", label<3>, object>, let<"e", embedding<3>, of<"w">>,
                    let<"f", linear<3>, of<"e", "q">>, let<"s", add, of<"e", "f", "e">>, minimize<cross_entropy<>, of<"s", "label">>>;

template <class M>
batch<M, double> scenes() {
  batch<M, double> b;
  random_stream random{5, 2};
  for (int s = 0; s < 10; ++s) {
    b.add_sample();
    b.template count<object>(s % 4);
    for (int i = 0; i < 2; ++i) b.template push<"q">(2 * random.uniform() - 1);
    for (int i = 0; i < s % 4; ++i) {
      if constexpr (M::template find<"w">() >= 0) b.template push<"w">((s + i) % 5);
      else
        for (int j = 0; j < 3; ++j) b.template push<"x">(2 * random.uniform() - 1);
      b.template push<"label">((s + i) % 3);
    }
  }
  return b;
}
template <class M>
double gap(double share) {
  limits<M> at;
  at.samples = 10;
  at.template set<object>(3);
  parameters<M, double> p(9);
  CHECK(gradient_share(at, scenes<M>(), p) > share);
  return gradient_gap(at, scenes<M>(), p);
}

}  // namespace

TEST_CASE("mlp: y = W1 relu(W0 x + b0) + b1, by hand", "[nn][mlp]") {
  parameters<by_hand, double> p;
  const auto set = [&](const char* path, std::vector<double> v) { std::copy(v.begin(), v.end(), p.find(path)); };
  set("y.0.weight", {1, 2, 3, -4});  // rows are outputs, as in PyTorch
  set("y.0.bias", {10, 1});
  set("y.1.weight", {2, 100});
  set("y.1.bias", {5});
  limits<by_hand> at;
  at.samples = 2;
  predictor<by_hand, double, "y"> predict(p, at, select_kernels<double>());
  predictor<by_hand, double, "y">::workspace own(predict);
  batch<by_hand, double> b;
  b.add_sample(2);
  for (const double x : {1, 1, 2, 1}) b.push<"x">(x);
  double y[2];
  predict.run(own, b, {y});
  CHECK(y[0] == 2 * 13 + 100 * 0 + 5);  // 3 - 4 + 1 = 0
  CHECK(y[1] == 2 * 14 + 100 * 3 + 5);
  CHECK(parameters<by_hand>::count() == 4 + 2 + 2 + 1);
}

TEST_CASE("mlp: gradients agree with central differences, also through dropout and a broadcast input", "[nn][mlp]") {
  CHECK(gap<learner<linear<4>>>(0.99) < gradient_tolerance);
  CHECK(gap<learner<mlp<relu<5>, relu<4>>>>(0.5) < gradient_tolerance);
  CHECK(gap<learner<mlp<relu<5>, dropout<30>, linear<4>, relu<8>, dropout<50>>>>(0.4) < gradient_tolerance);
}

TEST_CASE("embedding and add: gradients agree with central differences, one value being added twice", "[nn][embedding][add]") {
  CHECK(gap<words>(0.99) < gradient_tolerance);
  CHECK(parameters<words>::entry("e.weight").shape == std::vector<int>{5, 3});  // row 0 is padding
}
