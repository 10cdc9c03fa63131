// tests/message/encode_pairs.test.cpp -- values of pairs, and sums into receivers: by hand, gradients, and as one sum asked question by question.
#include "relreason/message/encode_pairs.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/message/pool.hpp"
#include "support/gradient_check.hpp"
#include "support/questions_of_scenes.hpp"
#include "support/regions_by_words.hpp"

using namespace relreason;
using namespace questions_of_scenes;

namespace {

struct region : each<scene> {};
struct word : each<scene> {};
struct across : all_pairs<region, word> {};  // words send, regions receive

template <class Rule>
using by_hand = model<input<"x", features<2>, region>, input<"t", features<1>, word>, let<"r", Rule, of<"t", "x">>>;

template <class Rule>
std::vector<double> values_by_hand() {
  using M = by_hand<Rule>;
  const auto b = scenes_by_hand<M, region, word>();
  const auto p = weights_by_hand<M>();
  const predictor<M, double, "r"> predict(p, limits_by_hand<M, region, word>(), select_kernels<double>());
  auto own = predict.make_workspace();
  std::vector<double> r(static_cast<std::size_t>(predict.template rows<"r">(b)) * 2);
  predict.run(own, b, {r.data()});
  return r;
}

template <class... Options>
double gap() {
  using M = shared_prefix<Options...>;
  const auto b = several_each<M, double>();
  auto at = planned<M>();
  parameters<M, double> p(3);
  CHECK(gradient_share(at, b, p) > .2);  // dead ReLUs, and what did not win by_max, are the rest
  return gradient_gap(at, b, p);
}

// Logits of every question, from one graph per scene or from one per question.
template <class M>
std::vector<double> logits(const batch<M, double>& b, const limits<M>& at, const parameters<M, double>& p, executor& threads) {
  const predictor<M, double, "a"> predict(p, at, select_kernels<double>());
  auto own = predict.make_workspace(&threads);
  std::vector<double> a(static_cast<std::size_t>(predict.template rows<"a">(b)) * 3);
  predict.run(own, b, {a.data()});
  return a;
}
template <class... Options>
void check_agrees_with_single_questions() {
  using M = shared_prefix<Options...>;
  using One = single_question<Options...>;
  parameters<M, double> p(5);
  parameters<One, double> q(6);
  for (const auto& e : p.table().entries) std::copy_n(p.data() + e.offset, e.count, q.find(single_name(e.path)));
  const auto several = several_each<M, double>();
  const auto one = one_each<One, double>();
  thread_pool two(2);
  const auto a = logits(several, planned<M>(), p, two), b = logits(one, planned<One>(), q, two);
  REQUIRE(a.size() == b.size());
  REQUIRE(a.size() == 3 * 8);
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i] == Approx(b[i]).epsilon(1e-12).margin(1e-12));
}

}  // namespace

TEST_CASE("encode_pairs: the value of each pair, receiver by receiver, by hand", "[message][encode_pairs]") {
  CHECK(values_by_hand<encode_pairs<across, mlp<relu<2>>>>() == std::vector<double>{3, 0, 0, 3, 0, 6, 0, 9, 0, 3, 0, 6, 3, 4});
}

TEST_CASE("sum_over into receivers: one row per receiver, 0 where it has no sender, by hand", "[message][sum_over]") {
  using list = std::vector<double>;
  using g = mlp<relu<2>>;
  CHECK(values_by_hand<sum_over<across, g, into_receivers>>() == list{3, 3, 0, 15, 0, 9, 0, 0, 0, 0, 3, 4});
  CHECK(values_by_hand<sum_over<across, g, into_receivers, by_mean>>() == list{1.5, 1.5, 0, 7.5, 0, 4.5, 0, 0, 0, 0, 3, 4});
  CHECK(values_by_hand<sum_over<across, g, into_receivers, by_max>>() == list{3, 3, 0, 9, 0, 6, 0, 0, 0, 0, 3, 4});
  // Weight 3 a + b of region a and word b: 0 (3, 0) + 1 (0, 3); 3 (0, 6) + 4 (0, 9); 6 (0, 3) + 7 (0, 6); 0 (3, 4)
  CHECK(values_by_hand<sum_over<across, g, into_receivers, by_weights<3>>>() == list{0, 3, 0, 54, 0, 60, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("encode_pairs and sums into receivers: gradients agree with central differences", "[message][encode_pairs]") {
  CHECK(gap<>() < gradient_tolerance);
  CHECK(gap<by_mean>() < gradient_tolerance);
  CHECK(gap<by_max>() < gradient_tolerance);
  CHECK(gap<by_weights<16>>() < gradient_tolerance);
}

TEST_CASE("encode_pairs: a prefix computed once per scene gives what each question alone gets", "[message][encode_pairs][threads]") {
  check_agrees_with_single_questions<>();
  check_agrees_with_single_questions<by_mean>();
  check_agrees_with_single_questions<by_max>();
}
