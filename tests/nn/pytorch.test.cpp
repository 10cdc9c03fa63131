// tests/nn/pytorch.test.cpp -- layers, LSTM and losses agree with PyTorch: values, losses and all gradients.
#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/reference.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct row : sample {};
struct word : each<row> {};

template <class Layers, int Width>
using layers = model<input<"x", features<3>, row>, input<"c", features<Width>, row>, let<"p", toy::probe<4>, of<"x">>, let<"y", Layers, of<"p">>,
                     minimize<toy::times_cotangent, of<"y", "c">, weight<1>, per_step>>;
template <int Smoothing>
using loss = model<input<"x", features<5>, row>, input<"label", label<5>, row>, let<"p", toy::probe<4>, of<"x">>,
                   minimize<cross_entropy<Smoothing>, of<"p", "label">>>;
template <class Cell, class Padding>
using reader = model<input<"w", ids<7>, word>, input<"c", features<4 * Cell::directions>, row>,
                     let<"q", last_state<Cell, embedding<3>, Padding>, of<"w">>, minimize<toy::times_cotangent, of<"q", "c">, weight<1>, per_step>>;

template <class M>
double layer_gap(const char* name) {
  const reference r(name);
  batch<M, double> b;
  b.add_sample(4);
  b.template values<"x">() = r.values("input.x");
  b.template values<"c">() = r.values("cotangent.y");
  limits<M> at;
  at.samples = 4;
  return reference_gap<M, "y">(r, at, b, {{{"p", "input.x"}, {"y.", ""}}}, {"y"});
}
template <int Smoothing>
double loss_gap(const char* name) {
  using m = loss<Smoothing>;
  const reference r(name);
  batch<m, double> b;
  b.add_sample(4);
  b.template values<"x">() = r.values("input.logits");
  b.template values<"label">() = r.integers("input.labels");
  limits<m> at;
  at.samples = 4;
  return reference_gap(r, at, b, {{{"p", "input.logits"}}}, {});
}
template <class Cell, class Padding>
double reader_gap(const char* name) {
  using m = reader<Cell, Padding>;
  const reference r(name);
  batch<m, double> b;
  for (const int n : r.integers("input.lengths")) {
    b.add_sample();
    b.template count<word>(n);
  }
  b.template space<word>().padded = r.integers("setting.pad_to")[0];
  b.template values<"w">() = r.integers("input.tokens");
  b.template values<"c">() = r.values("cotangent.q");
  limits<m> at;
  at.samples = 5;
  at.template set<word>(7);
  return reference_gap<m, "q">(r, at, b, {{{"q.", ""}}}, {"q"});
}

}  // namespace

TEST_CASE("linear and mlp agree with PyTorch", "[nn][pytorch]") {
  CHECK(layer_gap<layers<linear<5>, 5>>("linear") < reference_tolerance);
  CHECK(layer_gap<layers<mlp<relu<6>, relu<5>, linear<4>>, 4>>("mlp") < reference_tolerance);
}

TEST_CASE("cross entropy agrees with PyTorch, smoothed and at extreme logits", "[loss][pytorch]") {
  CHECK(loss_gap<0>("cross_entropy") < reference_tolerance);
  CHECK(loss_gap<10>("cross_entropy_smoothed") < reference_tolerance);
  CHECK(loss_gap<0>("cross_entropy_extreme") < reference_tolerance);
}

TEST_CASE("last_state agrees with PyTorch in every padding mode, in one direction and in two", "[nn][lstm][pytorch]") {
  CHECK(reader_gap<lstm<4>, leading>("lstm_leading_5") < reference_tolerance);
  CHECK(reader_gap<lstm<4>, leading>("lstm_leading_7") < reference_tolerance);
  CHECK(reader_gap<lstm<4>, trailing>("lstm_trailing_5") < reference_tolerance);
  CHECK(reader_gap<lstm<4>, trailing>("lstm_trailing_7") < reference_tolerance);
  CHECK(reader_gap<lstm<4>, packed>("lstm_packed") < reference_tolerance);
  CHECK(reader_gap<bi_lstm<4>, leading>("bilstm_leading_5") < reference_tolerance);
  CHECK(reader_gap<bi_lstm<4>, leading>("bilstm_leading_7") < reference_tolerance);
  CHECK(reader_gap<bi_lstm<4>, trailing>("bilstm_trailing_5") < reference_tolerance);
  CHECK(reader_gap<bi_lstm<4>, trailing>("bilstm_trailing_7") < reference_tolerance);
  CHECK(reader_gap<bi_lstm<4>, packed>("bilstm_packed") < reference_tolerance);
}
