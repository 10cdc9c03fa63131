// tests/metric/average_precision.test.cpp -- average precision by hand, with ties, and its mean over the labels that occur.
#include "relreason/metric/average_precision.hpp"

#include <limits>

#include "catch.hpp"
#include "support/message_of.hpp"

using namespace relreason;
using metric::average_precision;

namespace {

std::optional<double> ap(std::vector<float> scores, std::vector<std::uint8_t> positive) { return average_precision(scores, positive); }

}  // namespace

TEST_CASE("average precision: the mean of the precisions at which the positives are found", "[metric]") {
  CHECK(ap({4, 3, 2, 1}, {1, 1, 0, 0}).value() == Approx(1));
  CHECK(ap({4, 3, 2, 1}, {0, 0, 0, 1}).value() == Approx(.25));  // found fourth: 1 of 4
  CHECK(ap({.9f, .8f, .7f, .6f}, {1, 0, 1, 0}).value() == Approx((1 + 2. / 3) / 2));
  CHECK(ap({1, 4, 2, 3}, {1, 0, 1, 0}).value() == Approx((1. / 3 + 2. / 4) / 2));           // ranked 0 0 1 1: the same entries in another order
  CHECK(ap({.1f, .4f, .35f, .8f}, {0, 0, 1, 1}).value() == Approx(.8333333).margin(1e-6));  // scikit-learn's own example
  CHECK(ap({-std::numeric_limits<float>::infinity(), 5}, {1, 0}).value() == Approx(.5));
}

TEST_CASE("average precision: equal scores share a threshold, so that their order does not matter", "[metric]") {
  // Thresholds 2: 1 of 2 found among 3 entries, precision 1/3. 1: the other, precision 2/4.
  const double wanted = .5 * 1 / 3 + .5 * 2 / 4;
  CHECK(ap({2, 2, 2, 1}, {1, 0, 0, 1}).value() == Approx(wanted));
  CHECK(ap({2, 2, 2, 1}, {0, 0, 1, 1}).value() == Approx(wanted));
  CHECK(ap({7, 7, 7, 7}, {0, 1, 0, 0}).value() == Approx(.25));  // nothing is ranked: the share of positives
}

TEST_CASE("average precision: without positives there is none; what cannot be ranked is refused", "[metric]") {
  CHECK(!ap({1, 2}, {0, 0}));
  CHECK(!ap({}, {}));
  CHECK(contains(message_of([] { ap({1, 2}, {1}); }), "found 2 scores and 1 labels"));
  CHECK(contains(message_of([] { ap({1, std::numeric_limits<float>::quiet_NaN()}, {1, 0}); }), "score 1 is not a number"));
  CHECK(contains(message_of([] { metric::label_ranking(0); }), "found no labels"));
}

TEST_CASE("label ranking: the mean over labels, those that no entry has left out", "[metric]") {
  metric::label_ranking r(3);
  CHECK(r.mean() == 0);
  const float scores[4][3] = {{4, 1, 0}, {3, 2, 0}, {2, 3, 0}, {1, 4, 0}};
  const float targets[4][3] = {{1, 1, 0}, {1, 0, 0}, {0, 0, 0}, {0, 0, 0}};
  for (int i = 0; i < 4; ++i) r.add(scores[i], targets[i]);
  CHECK(r.size() == 4);
  CHECK(r.of_label(0).value() == 1);
  CHECK(r.of_label(1).value() == Approx(.25));
  CHECK(!r.of_label(2));
  CHECK(r.mean() == Approx((1 + .25) / 2));
}
