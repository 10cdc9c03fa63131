// tests/nn/lstm.test.cpp -- the last state of an LSTM, in one direction and in two: gradients, pads, bytes.
#include "relreason/nn/lstm.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

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

// Sums of a few dozen numbers below 1, in another order.
constexpr double rounding = 1e-14;

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
limits<M> planned(int samples) {
  limits<M> at;
  at.samples = samples;
  at.template set<word>(8);
  return at;
}

template <class M>
double gap(int padded) {
  parameters<M, double> p(3);
  const auto b = questions<M, double>(padded);
  CHECK(gradient_share(planned<M>(6), b, p) > 0.8);
  return gradient_gap(planned<M>(6), b, p);
}

// Every sequence with its pads as tokens: w1 .. wn 0 .. 0, or that from its end.
template <class To, class From>
batch<To, double> literal_pads(const batch<From, double>& b, int length, bool pads_first) {
  batch<To, double> out;
  const auto& offsets = b.template space<word>().offsets;
  const auto& words = b.template values<"w">();
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    std::vector<int> row(words.begin() + offsets[s], words.begin() + offsets[s + 1]);
    row.resize(static_cast<std::size_t>(length), 0);
    if (pads_first) std::reverse(row.begin(), row.end());
    out.add_sample();
    out.template count<word>(length);
    out.template push<"w">(row.data(), row.size());
  }
  out.template values<"label">() = b.template values<"label">();
  return out;
}

// The states of a batch, then its gradients.
template <class M, class T>
std::vector<T> stepped(const batch<M, T>& b, int width, executor& threads) {
  parameters<M, T> p(3);
  gradient_program<M, T, "q"> program(planned<M>(b.samples), threads, select_kernels<T>());
  std::vector<T> out(static_cast<std::size_t>(b.samples * width));
  program.run(b, p, {}, {out.data()});
  out.insert(out.end(), program.gradients().begin(), program.gradients().end());
  return out;
}

// packed reads its first direction from the end: w1 .. wn 0 .. 0 gives what leading is fed, 0 .. 0 wn .. w1 what trailing is.
template <class Cell, class Padding>
double gap_to_literal_pads() {
  using padded_mode = reader<Cell, Padding>;
  using plain_mode = reader<Cell, packed>;
  constexpr int width = Cell::width * Cell::directions;
  serial_executor serial;
  const auto b = questions<padded_mode, double>(7);
  const auto literal = literal_pads<plain_mode>(b, 7, std::is_same_v<Padding, trailing>);
  const auto found = stepped(b, width, serial), wanted = stepped(literal, width, serial);
  double worst = found.size() == wanted.size() ? 0 : 1e300;
  for (std::size_t i = 0; i < found.size() && worst < 1e300; ++i) worst = std::max(worst, std::abs(found[i] - wanted[i]));
  return worst;
}

// Sequences [first, last) of 40, of 0 to 8 words.
template <class M>
batch<M> many(int first, int last, int padded) {
  batch<M> b;
  for (int s = first; s < last; ++s) {
    const int n = s * 7 % 9;
    b.add_sample();
    b.template count<word>(n);
    for (int j = 0; j < n; ++j) b.template push<"w">(1 + (s + j * j) % 5);
    b.template push<"label">(s % 3);
  }
  b.template space<word>().padded = padded;
  return b;
}
template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

}  // namespace

TEST_CASE("last_state: gradients agree with central differences in every padding mode", "[nn][lstm]") {
  CHECK(gap<reader<lstm<3>, leading>>(0) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, leading>>(8) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, packed>>(0) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, trailing>>(0) < gradient_tolerance);
  CHECK(gap<reader<lstm<3>, trailing>>(7) < gradient_tolerance);
  CHECK(gap<reader<bi_lstm<3>, leading>>(0) < gradient_tolerance);
  CHECK(gap<reader<bi_lstm<3>, leading>>(8) < gradient_tolerance);
  CHECK(gap<reader<bi_lstm<3>, packed>>(0) < gradient_tolerance);
  CHECK(gap<reader<bi_lstm<3>, trailing>>(0) < gradient_tolerance);
  CHECK(gap<reader<bi_lstm<3>, trailing>>(7) < gradient_tolerance);
}

TEST_CASE("last_state: pads fed as tokens give the states and gradients that counted pads give", "[nn][lstm]") {
  CHECK(gap_to_literal_pads<lstm<3>, leading>() < rounding);
  CHECK(gap_to_literal_pads<lstm<3>, trailing>() < rounding);
  CHECK(gap_to_literal_pads<bi_lstm<3>, leading>() < rounding);
  CHECK(gap_to_literal_pads<bi_lstm<3>, trailing>() < rounding);
}

TEST_CASE("last_state: both directions of padded sequences have the same bytes with 1 to 3 threads, and alone as in a batch", "[nn][lstm][threads]") {
  const auto check = []<class M>(M) {
    serial_executor serial;
    const auto wanted = stepped(many<M>(0, 40, 8), 10, serial);
    for (const int n : {1, 2, 3}) {
      thread_pool pool(n);
      INFO(n << " threads");
      CHECK(same_bytes(stepped(many<M>(0, 40, 8), 10, pool), wanted));
    }
    const parameters<M> p(3);
    const predictor<M, float, "q"> predict(p, planned<M>(40), select_kernels<float>());
    auto own = predict.make_workspace();
    std::vector<float> all(400), alone(400);
    predict.run(own, many<M>(0, 40, 8), {all.data()});
    for (int s = 0; s < 40; ++s) predict.run(own, many<M>(s, s + 1, 8), {alone.data() + 10 * s});
    CHECK(same_bytes(alone, all));
    CHECK(same_bytes(all, std::vector<float>(wanted.begin(), wanted.begin() + 400)));
  };
  check(reader<bi_lstm<5>, leading>{});
  check(reader<bi_lstm<5>, trailing>{});
}

TEST_CASE("last_state: a prediction over leading or trailing pads wants their length, over packed words it does not", "[nn][lstm]") {
  const auto said = []<class M>(M) {
    limits<M> at;
    at.samples = 6;
    at.template set<word>(8);
    const parameters<M, double> p(3);
    const predictor<M, double, "q"> predict(p, at, select_kernels<double>());
    auto own = predict.make_workspace();
    double q[6 * 6];
    return message_of([&] { predict.run(own, questions<M, double>(0), {q}); });
  };
  CHECK(contains(said(reader<lstm<3>, leading>{}), "line \"q\" reads pads, but the length of word is 0"));
  CHECK(contains(said(reader<lstm<3>, trailing>{}), "line \"q\" reads pads, but the length of word is 0"));
  CHECK(contains(said(reader<bi_lstm<3>, leading>{}), "line \"q\" reads pads, but the length of word is 0"));
  CHECK(contains(said(reader<bi_lstm<3>, trailing>{}), "line \"q\" reads pads, but the length of word is 0"));
  CHECK(said(reader<lstm<3>, packed>{}).empty());
  CHECK(said(reader<bi_lstm<3>, packed>{}).empty());
}
