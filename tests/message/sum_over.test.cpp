// tests/message/sum_over.test.cpp
#include "relreason/message/sum_over.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

// Objects pass through a linear map first, so that the check also covers the gradients that sum_over returns.
template <class G, class... Options>
using asked = model<input<"x", features<3>, object>, input<"w", features<2>, scene>, input<"label", label<3>, scene>, let<"o", linear<4>, of<"x">>,
                    let<"q", linear<3>, of<"w">>, let<"r", sum_over<pair, G, Options...>, of<"o", "o", "q">>, let<"a", linear<3>, of<"r">>,
                    minimize<cross_entropy<>, of<"a", "label">>>;
template <class G, class... Options>
using unasked =
    model<input<"x", features<3>, object>, input<"label", label<3>, scene>, let<"o", linear<4>, of<"x">>,
          let<"r", sum_over<pair, G, Options...>, of<"o", "o">>, let<"a", linear<3>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>>;

// Scenes of 3, 1, 0 and 4 objects.
template <class M>
batch<M, double> scenes() {
  batch<M, double> b;
  random_stream random{7, 1};
  for (const int n : {3, 1, 0, 4}) {
    b.add_sample();
    b.template count<object>(n);
    for (int i = 0; i < 3 * n; ++i) b.template push<"x">(2 * random.uniform() - 1);
    if constexpr (M::template find<"w">() >= 0)
      for (int i = 0; i < 2; ++i) b.template push<"w">(2 * random.uniform() - 1);
    b.template push<"label">(n % 3);
  }
  return b;
}

template <class M>
double gap() {
  limits<M> at;
  at.samples = 4;
  at.template set<object>(4);
  parameters<M, double> p(3);
  const auto b = scenes<M>();
  INFO("share of gradients that are not zero: " << gradient_share(at, b, p));
  CHECK(gradient_share(at, b, p) > 0.3);  // dead ReLUs are the rest
  return gradient_gap(at, b, p);
}

}  // namespace

TEST_CASE("sum_over: gradients agree with central differences for every aggregator and layer of the question", "[message][sum_over]") {
  using g = mlp<relu<5>, relu<6>, relu<4>>;
  CHECK(gap<asked<g>>() < gradient_tolerance);
  CHECK(gap<asked<g, by_mean>>() < gradient_tolerance);
  CHECK(gap<asked<g, by_max>>() < gradient_tolerance);
  CHECK(gap<asked<g, by_weights<4>>>() < gradient_tolerance);
  CHECK(gap<asked<g, question_at<1>>>() < gradient_tolerance);
  CHECK(gap<asked<g, question_at<2>>>() < gradient_tolerance);
  CHECK(gap<asked<g, padded<6>>>() < gradient_tolerance);
  CHECK(gap<asked<g, padded<6>, by_mean>>() < gradient_tolerance);
  CHECK(gap<asked<g, padded<6>, by_max>>() < gradient_tolerance);
  CHECK(gap<asked<g, padded<6>, question_at<2>>>() < gradient_tolerance);
  CHECK(gap<unasked<g>>() < gradient_tolerance);
  CHECK(gap<unasked<mlp<relu<5>>>>() < gradient_tolerance);
  CHECK(gap<unasked<mlp<relu<5>>, by_weights<4>>>() < gradient_tolerance);
  CHECK(gap<unasked<mlp<linear<5>>, padded<5>>>() < gradient_tolerance);
  CHECK(gap<unasked<mlp<relu<5>, linear<4>>, by_mean>>() < gradient_tolerance);
  CHECK(gap<unasked<mlp<relu<5>, dropout<30>, relu<4>, dropout<50>>>>() < gradient_tolerance);
}
