// tests/message/sum_over.test.cpp
#include "relreason/message/sum_over.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/regions_by_words.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

struct region : each<scene> {};
struct word : each<scene> {};
struct across : all_pairs<region, word> {};  // words send, regions receive

// Objects pass through a linear map first, so that the check also covers the gradients that sum_over returns.
template <class G, class... Options>
using asked = model<input<"x", features<3>, object>, input<"w", features<2>, scene>, input<"label", label<3>, scene>, let<"o", linear<4>, of<"x">>,
                    let<"q", linear<3>, of<"w">>, let<"r", sum_over<pair, G, Options...>, of<"o", "o", "q">>, let<"a", linear<3>, of<"r">>,
                    minimize<cross_entropy<>, of<"a", "label">>>;
template <class G, class... Options>
using unasked =
    model<input<"x", features<3>, object>, input<"label", label<3>, scene>, let<"o", linear<4>, of<"x">>,
          let<"r", sum_over<pair, G, Options...>, of<"o", "o">>, let<"a", linear<3>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>>;

// Regions of width 4 and words of width 3.
template <class G, class... Options>
using crossed =
    model<input<"x", features<3>, region>, input<"t", features<2>, word>, input<"w", features<2>, scene>, input<"label", label<3>, scene>,
          let<"o", linear<4>, of<"x">>, let<"e", linear<3>, of<"t">>, let<"q", linear<3>, of<"w">>,
          let<"r", sum_over<across, G, Options...>, of<"e", "o", "q">>, let<"a", linear<3>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>>;
template <class... Options>
using by_hand =
    model<input<"x", features<2>, region>, input<"t", features<1>, word>, let<"r", sum_over<across, mlp<relu<2>>, Options...>, of<"t", "x">>>;

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

struct counts {
  int regions, words;
};
template <class M>
double crossed_gap() {
  batch<M, double> b;
  random_stream random{7, 1};
  const auto push = [&]<name N>(int n) {
    for (int i = 0; i < n; ++i) b.template push<N>(2 * random.uniform() - 1);
  };
  for (const counts n : {counts{3, 2}, {1, 3}, {0, 2}, {2, 0}, {0, 0}, {4, 1}}) {
    b.add_sample();
    b.template count<region>(n.regions);
    b.template count<word>(n.words);
    push.template operator()<"x">(3 * n.regions);
    push.template operator()<"t">(2 * n.words);
    push.template operator()<"w">(2);
    b.template push<"label">(n.regions % 3);
  }
  limits<M> at;
  at.samples = 6;
  at.template set<region>(4).template set<word>(3);
  parameters<M, double> p(3);
  CHECK(gradient_share(at, b, p) > 0.3);
  return gradient_gap(at, b, p);
}

struct crossed_values {
  std::vector<double> r = std::vector<double>(8), pairs = std::vector<double>(7);
};
template <class M>
crossed_values crossed_by_hand(executor& threads) {
  const auto b = scenes_by_hand<M, region, word>();
  const auto p = weights_by_hand<M>();
  const predictor<M, double, "r", "r.pairs"> predict(p, limits_by_hand<M, region, word>(), select_kernels<double>());
  auto own = predict.make_workspace(&threads);
  REQUIRE(predict.template rows<"r.pairs">(b) == 7);  // 3 * 2 + 1
  crossed_values found;
  predict.run(own, b, {found.r.data(), found.pairs.data()});
  return found;
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

TEST_CASE("sum_over: gradients agree with central differences where senders and receivers are of two spaces", "[message][sum_over]") {
  using g = mlp<relu<5>, relu<6>, relu<4>>;
  CHECK(crossed_gap<crossed<g>>() < gradient_tolerance);
  CHECK(crossed_gap<crossed<g, by_mean>>() < gradient_tolerance);
  CHECK(crossed_gap<crossed<g, by_max>>() < gradient_tolerance);
  CHECK(crossed_gap<crossed<g, by_weights<4>>>() < gradient_tolerance);
  CHECK(crossed_gap<crossed<g, question_at<2>>>() < gradient_tolerance);
  CHECK(crossed_gap<crossed<g, padded<5>>>() < gradient_tolerance);
  CHECK(crossed_gap<crossed<g, padded<5>, by_max>>() < gradient_tolerance);
  CHECK(crossed_gap<crossed<mlp<relu<5>>, by_mean>>() < gradient_tolerance);
}

TEST_CASE("sum_over: values and pair sizes of regions x words, by hand, whatever the tiles", "[message][sum_over][threads]") {
  using list = std::vector<double>;
  serial_executor serial;
  thread_pool pool(3);
  for (executor* threads : {static_cast<executor*>(&serial), static_cast<executor*>(&pool)}) {
    // Pairs of the first scene, region by region: (3, 0) (0, 3); (0, 6) (0, 9); (0, 3) (0, 6). The third scene: (3, 4).
    const auto sum = crossed_by_hand<by_hand<>>(*threads);
    CHECK(sum.r == list{3, 27, 0, 0, 3, 4, 0, 0});
    CHECK(sum.pairs == list{3, 3, 6, 9, 3, 6, 5});
    const auto mean = crossed_by_hand<by_hand<by_mean>>(*threads);
    CHECK(mean.r[0] == Approx(.5).epsilon(1e-15));
    CHECK(mean.r[1] == Approx(4.5).epsilon(1e-15));
    CHECK(list(mean.r.begin() + 2, mean.r.end()) == list{0, 0, 3, 4, 0, 0});
    CHECK(crossed_by_hand<by_hand<by_max>>(*threads).r == list{3, 9, 0, 0, 3, 4, 0, 0});
    // Weight k of position 3 a + b = k: 0 (3, 0) + 1 (0, 3) + 3 (0, 6) + 4 (0, 9) + 6 (0, 3) + 7 (0, 6)
    const auto weighted = crossed_by_hand<by_hand<by_weights<3>>>(*threads);
    CHECK(weighted.r == list{0, 117, 0, 0, 0, 0, 0, 0});
    CHECK(weighted.pairs == list{0, 3, 18, 36, 18, 42, 0});
    // Four slots on either side. Scene 2: 4 (1, 1) + 4 (0, 7) + 8 (0, 1); scene 3: 4 (3, 4) + 12 (0, 1); scene 4: 4 (2, 0) + 4 (0, 3) + 8 (0, 1)
    const auto padded_four = crossed_by_hand<by_hand<padded<4>>>(*threads);
    CHECK(padded_four.r == list{7, 56, 4, 40, 12, 28, 8, 20});
    CHECK(padded_four.pairs == list{3, 3, 6, 9, 3, 6, 5});
  }
}
