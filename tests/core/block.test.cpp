// tests/core/block.test.cpp
#include "relreason/core/block.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/weights.hpp"
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

// A decoder: h_t = h + f(h, embedding of word t), logits of the next word. Training runs it three words long with tied weights, prediction one
// word at a time: the same block.
using cell = block<of<"h", "e">, let<"z", mlp<relu<9>, linear<6>>, of<"h", "e">>, let<"y", add, of<"h", "z">>>;
template <name Word, name Before, name Embedded, name State, name Logits>
struct decoder_step {
  using embed = let<Embedded, shared<"words", embedding<5>>, of<Word>>;
  using move = let<State, shared<"cell", cell>, of<Before, Embedded>>;
  using answer = let<Logits, shared<"next", linear<7>>, of<State>>;
};
using first = decoder_step<"w0", "h0", "e1", "h1", "a1">;
using second = decoder_step<"w1", "h1", "e2", "h2", "a2">;
using third = decoder_step<"w2", "h2", "e3", "h3", "a3">;
using unrolled = model<input<"h0", features<6>, scene>, input<"w0", ids<7>, scene>, input<"w1", ids<7>, scene>, input<"w2", ids<7>, scene>,
                       input<"label", label<7>, scene>, first::embed, first::move, first::answer, second::embed, second::move, second::answer,
                       third::embed, third::move, third::answer, minimize<cross_entropy<>, of<"a1", "label">>,
                       minimize<cross_entropy<>, of<"a2", "label">>, minimize<cross_entropy<>, of<"a3", "label">>>;
using one_word = decoder_step<"w", "h", "e", "state", "next_word">;
using stepwise = model<input<"h", features<6>, scene>, input<"w", ids<7>, scene>, one_word::embed, one_word::move, one_word::answer>;
constexpr int decoded = 20;  // sequences

batch<unrolled> sequences(const std::vector<float>& start, const std::array<std::vector<int>, 3>& words) {
  batch<unrolled> b;
  b.add_sample(decoded);
  b.push<"h0">(start.data(), start.size());
  b.push<"w0">(words[0].data(), words[0].size());
  b.push<"w1">(words[1].data(), words[1].size());
  b.push<"w2">(words[2].data(), words[2].size());
  for (int s = 0; s < decoded; ++s) b.push<"label">(s % 7);
  return b;
}

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

TEST_CASE("block: a decoder that was trained unrolled is driven word by word and gives the same bytes", "[core][block]") {
  CHECK(parameters<unrolled>::count() == parameters<stepwise>::count());
  const auto count = [](int n) {
    limits<unrolled> at;
    at.samples = n;
    return at;
  };
  std::vector<float> start(6 * decoded);
  random_stream random{8, 1};
  for (float& v : start) v = static_cast<float>(2 * random.uniform() - 1);
  std::array<std::vector<int>, 3> words;
  for (auto& w : words)
    for (int s = 0; s < decoded; ++s) w.push_back(1 + static_cast<int>(random.below(7)));

  // Some training steps, then the weights by path into the model of one step.
  parameters<unrolled> p(4);
  serial_executor serial;
  gradient_program<unrolled> program(count(decoded), serial, select_kernels<float>());
  double before = 0;
  for (int step = 0; step < 5; ++step) {
    program.run(sequences(start, words), p, {});
    if (step == 0) before = program.loss();
    for (std::size_t i = 0; i < p.learned(); ++i) p.data()[i] -= .1f * program.gradients()[i];
  }
  CHECK(program.loss() < before);
  safetensors::writer to;
  add_weights(to, p);
  const auto bytes = to.bytes();
  parameters<stepwise> q(5);
  load_weights(safetensors::parse(bytes), q);

  // Greedy: the likeliest word of each step is the next one's input.
  limits<stepwise> at;
  at.samples = decoded;
  const predictor<stepwise, float, "state", "next_word"> step(q, at, select_kernels<float>());
  auto own = step.make_workspace();
  std::vector<float> state = start;
  std::array<std::vector<float>, 3> logits;
  for (std::size_t t = 0; t < 3; ++t) {
    batch<stepwise> b;
    b.add_sample(decoded);
    b.push<"h">(state.data(), state.size());
    b.push<"w">(words[t].data(), words[t].size());
    logits[t].resize(7 * decoded);
    step.run(own, b, {state.data(), logits[t].data()});
    for (std::size_t s = 0; t + 1 < 3 && s < decoded; ++s) {
      const auto row = logits[t].begin() + static_cast<std::ptrdiff_t>(7 * s);
      words[t + 1][s] = 1 + static_cast<int>(std::max_element(row, row + 7) - row);
    }
  }
  CHECK(words[1] != words[2]);

  // The unrolled model on what was decoded.
  const predictor<unrolled, float, "h3", "a1", "a2", "a3"> whole(p, count(decoded), select_kernels<float>());
  auto workspace = whole.make_workspace();
  std::vector<float> last(6 * decoded);
  std::array<std::vector<float>, 3> wanted;
  for (auto& w : wanted) w.resize(7 * decoded);
  whole.run(workspace, sequences(start, words), {last.data(), wanted[0].data(), wanted[1].data(), wanted[2].data()});
  CHECK(std::memcmp(state.data(), last.data(), last.size() * sizeof(float)) == 0);
  for (std::size_t t = 0; t < 3; ++t) {
    INFO("word " << t);
    CHECK(std::memcmp(logits[t].data(), wanted[t].data(), wanted[t].size() * sizeof(float)) == 0);
  }
}
