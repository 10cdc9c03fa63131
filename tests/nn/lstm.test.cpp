// tests/nn/lstm.test.cpp
#include "relreason/nn/lstm.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {

struct question : sample {};
struct word : each<question> {};

template <class Cell, class Padding>
using reader = model<input<"w", ids<5>, word>, input<"label", label<3>, question>, let<"q", last_state<Cell, embedding<2>, Padding>, of<"w">>,
                     let<"a", linear<3>, of<"q">>, minimize<cross_entropy<>, of<"a", "label">>>;

template <class M, class T>
batch<M, T> questions(int padded) {
  batch<M, T> b;
  const std::vector<std::vector<int>> texts{{1, 2, 3}, {4}, {}, {5, 5, 2, 1, 3}, {2, 4}, {3, 1, 4}};
  for (const auto& text : texts) {
    b.add_sample();
    b.template count<word>(static_cast<int>(text.size()));
    b.template push<"w">(text.data(), text.size());
    b.template push<"label">(static_cast<int>(text.size()) % 3);
  }
  b.template space<word>().padded = padded;
  return b;
}

template <class M>
double gap(int padded) {
  limits<M> at;
  at.samples = 6;
  at.template set<word>(8);
  parameters<M, double> p(3);
  const auto b = questions<M, double>(padded);
  CHECK(gradient_share(at, b, p) > 0.8);
  return gradient_gap(at, b, p);
}

}  // namespace

TEST_CASE("last_state: gradients agree with central differences in every padding mode", "[nn][lstm]") {
  CHECK(gap<reader<lstm<3>, leading>>(0) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, leading>>(8) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, packed>>(0) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, trailing>>(0) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, trailing>>(7) < gradient_tolerance);
  CHECK(gap<reader<bi_lstm<3>, packed>>(0) < gradient_tolerance);
}

TEST_CASE("last_state: leading pads fed as tokens give the state that shared pads give", "[nn][lstm]") {
  using padded_mode = reader<lstm<3>, leading>;
  using plain_mode = reader<lstm<3>, packed>;
  const int length = 7;
  const auto b = questions<padded_mode, double>(length);
  batch<plain_mode, double> literal;  // packed reads wn .. w1, so the pads are the last tokens
  for (int s = 0; s < b.samples; ++s) {
    const auto& o = b.space<word>().offsets;
    literal.add_sample();
    literal.count<word>(length);
    for (int j = o[static_cast<std::size_t>(s)]; j < o[static_cast<std::size_t>(s) + 1]; ++j)
      literal.push<"w">(b.indices[0][static_cast<std::size_t>(j)]);
    for (int j = o[static_cast<std::size_t>(s) + 1] - o[static_cast<std::size_t>(s)]; j < length; ++j) literal.push<"w">(0);
  }
  limits<padded_mode> at;
  at.samples = 6;
  at.set<word>(8);
  limits<plain_mode> at_plain;
  at_plain.samples = 6;
  at_plain.set<word>(8);
  const parameters<padded_mode, double> p(3);
  const parameters<plain_mode, double> q(3);
  predictor<padded_mode, double, "q"> one(p, at, select_kernels<double>());
  predictor<plain_mode, double, "q"> other(q, at_plain, select_kernels<double>());
  predictor<padded_mode, double, "q">::workspace own(one);
  predictor<plain_mode, double, "q">::workspace own_other(other);
  double found[18], wanted[18];
  one.run(own, b, {found});
  other.run(own_other, literal, {wanted});
  for (int i = 0; i < 18; ++i) CHECK(found[i] == Approx(wanted[i]).margin(1e-14));
}

TEST_CASE("last_state: a prediction over leading or trailing pads wants their length, over packed words it does not", "[nn][lstm]") {
  const auto said = []<class M>(M) {
    limits<M> at;
    at.samples = 6;
    at.template set<word>(8);
    const parameters<M, double> p(3);
    const predictor<M, double, "q"> predict(p, at, select_kernels<double>());
    auto own = predict.make_workspace();
    double q[6 * 3];
    return message_of([&] { predict.run(own, questions<M, double>(0), {q}); });
  };
  CHECK(contains(said(reader<lstm<3>, leading>{}), "line \"q\" reads pads, but the length of word is 0"));
  CHECK(contains(said(reader<lstm<3>, trailing>{}), "line \"q\" reads pads, but the length of word is 0"));
  CHECK(said(reader<lstm<3>, packed>{}).empty());
}
