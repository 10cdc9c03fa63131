// tests/core/block.test.cpp
#include "relreason/core/block.hpp"

#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};

using residual = block<of<"x">, let<"h", mlp<relu<5>, linear<4>>, of<"x">>, let<"y", add, of<"x", "h">>>;
using stack = model<input<"x", features<4>, object>, input<"label", label<3>, object>, let<"e", linear<4>, of<"x">>,
                    let<"t", repeat<3, residual>, of<"e">>, let<"a", linear<3>, of<"t">>, minimize<cross_entropy<>, of<"a", "label">>>;
using tied = model<input<"x", features<4>, object>, input<"label", label<3>, object>, let<"s", shared<"t", residual>, of<"x">>,
                   let<"u", shared<"t", residual>, of<"s">>, let<"a", linear<3>, of<"u">>, minimize<cross_entropy<>, of<"a", "label">>>;

template <class M>
double gap() {
  batch<M, double> b;
  random_stream random{5, 2};
  for (const int n : {2, 0, 3}) {
    b.add_sample();
    b.template count<object>(n);
    for (int i = 0; i < 4 * n; ++i) b.template push<"x">(2 * random.uniform() - 1);
    for (int i = 0; i < n; ++i) b.template push<"label">(i);
  }
  limits<M> at;
  at.samples = 3;
  at.template set<object>(3);
  parameters<M, double> p(9);
  CHECK(gradient_share(at, b, p) > 0.5);
  return gradient_gap(at, b, p);
}

}  // namespace

TEST_CASE("block: a repeated block has parameters of its own each time, and its gradients are right", "[core][block]") {
  CHECK(parameters<stack>::count() == 4 * 4 + 4 + 3 * (4 * 5 + 5 + 5 * 4 + 4) + 4 * 3 + 3);
  CHECK(parameters<stack>::entry("t.2.h.1.weight").shape == std::vector<int>{4, 5});
  CHECK(gap<stack>() < gradient_tolerance);
}

TEST_CASE("block: a shared block has one set of parameters, whose gradient sums over its uses", "[core][block]") {
  CHECK(parameters<tied>::count() == 4 * 5 + 5 + 5 * 4 + 4 + 4 * 3 + 3);
  CHECK(parameters<tied>::entry("t.h.0.bias").count == 5);
  CHECK(gap<tied>() < gradient_tolerance);
}
