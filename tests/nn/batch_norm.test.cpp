// tests/nn/batch_norm.test.cpp -- batch norm: by hand, against PyTorch over two steps, against differences, in training, prediction and frozen lines.
#include "relreason/nn/batch_norm.hpp"

#include "catch.hpp"
#include "relreason/core/block.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/relu.hpp"
#include "relreason/train/trainer.hpp"
#include "support/gradient_check.hpp"
#include "support/message_of.hpp"
#include "support/reference.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct image : sample {};
struct object : each<image> {};
struct refused_sample : sample {};

template <class What, int Width, class Operation = batch_norm<>>
using referred = model<input<"x", What, image>, input<"c", features<Width>, image>, let<"p", toy::probe<5>, of<"x">>, let<"y", Operation, of<"p">>,
                       minimize<toy::times_cotangent, of<"y", "c">, weight<1>, per_step>>;

// The k-th state: running_mean of the first line, its running_var, that of the next, ...
template <class P>
auto* state_of(P& p, std::size_t k) {
  return p.state() + p.table().states[k].offset;
}

template <class M>
batch<M, double> numbered(const reference& r, int step, int rows) {
  batch<M, double> b;
  b.add_sample(rows);
  b.template values<"x">() = r.values("input.x" + std::to_string(step));
  b.template values<"c">() = r.values("cotangent.y" + std::to_string(step));
  return b;
}

// Values, gradients and running statistics of two training steps, then a prediction.
template <class M>
double two_steps_gap(const char* name) {
  const reference r(name);
  parameters<M, double> p(1);
  r.load(p, {{{"p", "input.x"}, {"y.", ""}}});
  limits<M> at;
  at.samples = 5;
  serial_executor serial;
  gradient_program<M, double, "y"> program(at, serial, select_kernels<double>());
  double worst = 0;
  const auto compare = [&](const double* found, const std::string& label) {
    const auto wanted = r.values(label);
    worst = std::max(worst, gap_of(found, wanted.data(), wanted.size()));
  };
  const auto width = static_cast<std::size_t>(M::info[0].width);
  for (int step = 0; step < 2; ++step) {
    const std::string k = std::to_string(step);
    const int rows = step ? 3 : 5;
    std::vector<double> y(static_cast<std::size_t>(rows) * width);
    program.run(numbered<M>(r, step, rows), p, {}, {y.data()});
    compare(y.data(), "output.y" + k);
    compare(program.gradients().data() + p.entry("p").offset, "gradient.input.x" + k);
    compare(program.gradients().data() + p.entry("y.weight").offset, "gradient." + k + ".weight");
    compare(program.gradients().data() + p.entry("y.bias").offset, "gradient." + k + ".bias");
    compare(state_of(p, 0), "running_mean" + k);
    compare(state_of(p, 1), "running_var" + k);
  }
  const predictor<M, double, "y"> predict(p, at, select_kernels<double>());
  auto own = predict.make_workspace();
  std::vector<double> y(5 * width);
  predict.run(own, numbered<M>(r, 0, 5), {y.data()});
  compare(y.data(), "output.predicted");
  return worst;
}

using column =
    model<input<"x", features<1>, image>, let<"n", batch_norm<>, of<"x">>, let<"a", linear<1>, of<"n">>, minimize<toy::half_square, of<"a">>>;
// The blocks of the paper's CNN, once with a relu of its own; the second norm is over features.
using stack =
    model<input<"x", maps<2, 6, 6>, image>, input<"label", label<3>, image>, let<"c1", conv2d<3, kernel<3>, stride<2>, padding<1>>, of<"x">>,
          let<"n1", batch_norm<then_relu>, of<"c1">>, let<"c2", conv2d<4, kernel<3>, stride<2>, padding<1>>, of<"n1">>,
          let<"n2", batch_norm<uniform_weight>, of<"c2">>, let<"r2", relu<>, of<"n2">>, let<"h", linear<5>, of<"r2">>,
          let<"n3", batch_norm<>, of<"h">>, let<"a", linear<3>, of<"n3">>, minimize<cross_entropy<>, of<"a", "label">>>;
using on_objects = model<input<"x", features<2>, object>, let<"h", linear<3>, of<"x">>, let<"n", batch_norm<then_relu>, of<"h">>,
                         let<"s", pool<object>, of<"n">>, minimize<toy::half_square, of<"s">>>;
using given = model<
    input<"x", maps<2, 4, 4>, image>,
    let<"b", block<of<"i">, let<"c", conv2d<3, kernel<3>, no_bias>, of<"i">>, let<"n", batch_norm<running_statistics, then_relu>, of<"c">>>, of<"x">>,
    let<"y", linear<2>, of<"b">>, minimize<toy::half_square, of<"y">>>;
using held =
    model<input<"x", features<2>, image>, frozen<"n", batch_norm<>, of<"x">>, let<"a", linear<1>, of<"n">>, minimize<toy::half_square, of<"a">>>;

// Beside operations that see the whole batch at once: before, behind and between.
using cut = model<input<"x", features<3>, image>, let<"n1", batch_norm<>, of<"x">>, let<"h", linear<4>, of<"n1">>, let<"c", toy::center, of<"h">>,
                  let<"n2", batch_norm<then_relu>, of<"c">>, let<"m", toy::times_mean, of<"n2">>, let<"n3", batch_norm<>, of<"m">>,
                  let<"a", linear<2>, of<"n3", "h">>, minimize<toy::half_square, of<"a">>>;
// A table that is computed once a step is normalized over its own rows.
struct prompts : once {};
struct prompt : each<prompts> {};
using table = model<input<"t", features<2>, prompt>, input<"x", features<3>, image>, let<"h", linear<3>, of<"t">>, let<"n", batch_norm<>, of<"h">>,
                    let<"s", pool<prompt>, of<"n">>, let<"e", linear<2>, of<"x", "s">>, minimize<toy::half_square, of<"e">>>;

template <class M, class T = double>
batch<M, T> images(int n) {
  batch<M, T> b;
  random_stream random{3, 4};
  if constexpr (M::template space<prompt>() >= 0) {
    b.template count<prompt>(5);
    for (int j = 0; j < 10; ++j) b.template push<"t">(static_cast<T>(2 * random.uniform() - 1));
  }
  for (int i = 0; i < n; ++i) {
    b.add_sample();
    int rows = 1;
    if constexpr (M::template space<object>() >= 0) b.template count<object>(rows = i % 4);
    constexpr int width = M::info[M::template find<"x">()].width;
    for (int j = 0; j < rows * width; ++j) b.template push<"x">(static_cast<T>(2 * random.uniform() - 1));
    if constexpr (M::template find<"label">() >= 0) b.template push<"label">(i % 3);
  }
  return b;
}
template <class M>
double gap(int samples) {
  limits<M> at;
  at.samples = samples;
  if constexpr (M::template space<object>() >= 0) at.template set<object>(3);
  if constexpr (M::template space<prompt>() >= 0) at.template set<prompt>(5);
  parameters<M, double> p(5);
  const auto b = images<M>(samples);
  CHECK(gradient_share(at, b, p) > 0.8);
  return gradient_gap(at, b, p);
}

// Two training steps: loss, gradients and state.
std::vector<float> stepped(executor& threads, int lanes = 0) {
  limits<stack> at;
  at.samples = 90;
  parameters<stack> p(5);
  gradient_program<stack> program(at, threads, select_kernels<float>(), lanes);
  std::vector<float> out;
  for (const int n : {90, 71}) {
    program.run(images<stack, float>(n), p, {});
    out.push_back(static_cast<float>(program.loss()));
    out.insert(out.end(), program.gradients().begin(), program.gradients().end());
    out.insert(out.end(), p.state(), p.state() + p.table().state_total);
  }
  return out;
}

}  // namespace

TEST_CASE("batch norm: two rows, by hand", "[nn][batch_norm]") {
  limits<column> at;
  at.samples = 3;
  parameters<column, double> p(1);
  serial_executor serial;
  gradient_program<column, double, "n"> program(at, serial, select_kernels<double>());
  batch<column, double> b;
  b.add_sample(2);
  b.push<"x">(1.0);
  b.push<"x">(3.0);
  p.find("n.weight")[0] = 2;
  p.find("n.bias")[0] = 10;
  double n[3];
  program.run(b, p, {}, {n});
  CHECK(n[0] == Approx(10 - 2 / std::sqrt(1.00001)).epsilon(1e-14));  // mean 2, variance 1
  CHECK(n[1] == Approx(10 + 2 / std::sqrt(1.00001)).epsilon(1e-14));
  CHECK(p.state()[0] == Approx(.1 * 2).epsilon(1e-14));
  CHECK(state_of(p, 1)[0] == Approx(.9 + .1 * 2).epsilon(1e-14));  // unbiased: 2 / (2 - 1)

  const predictor<column, double, "n"> predict(p, at, select_kernels<double>());
  auto own = predict.make_workspace();
  predict.run(own, b, {n});
  CHECK(n[1] == Approx(10 + 2 * (3 - .2) / std::sqrt(1.1 + 1e-5)).epsilon(1e-14));
  CHECK(p.state()[0] == Approx(.1 * 2).epsilon(1e-14));
}

TEST_CASE("batch norm: two training steps with their running statistics, and a prediction, are PyTorch's", "[nn][batch_norm]") {
  CHECK(two_steps_gap<referred<maps<4, 3, 2>, 24>>("batch_norm_maps") < reference_tolerance);
  CHECK(two_steps_gap<referred<features<4>, 4>>("batch_norm_features") < reference_tolerance);
}

TEST_CASE("batch norm: gradients through three cuts agree with central differences", "[nn][batch_norm]") {
  CHECK(gap<stack>(40) < gradient_tolerance);
  CHECK(gap<on_objects>(20) < gradient_tolerance);
  CHECK(gap<given>(20) < gradient_tolerance);
}

TEST_CASE("batch norm: gradients beside other cuts, and on what is computed once, agree with central differences", "[nn][batch_norm]") {
  CHECK(gap<cut>(40) < gradient_tolerance);
  CHECK(gap<table>(20) < gradient_tolerance);
}

TEST_CASE("batch norm: variance does not suffer from a large mean", "[nn][batch_norm]") {
  limits<column> at;
  at.samples = 4000;
  parameters<column> p(1);
  serial_executor serial;
  gradient_program<column> program(at, serial, select_kernels<float>());
  batch<column> b;
  b.add_sample(4000);
  for (int i = 0; i < 4000; ++i) b.push<"x">(10000.f + static_cast<float>(i % 2));
  program.run(b, p, {});
  CHECK(p.state()[0] == Approx(1000.05).epsilon(1e-6));
  CHECK(state_of(p, 1)[0] == Approx(.9 + .1 * .25 * 4000 / 3999).epsilon(1e-6));  // E[x^2] - E[x]^2 in float would be off by whole numbers
}

TEST_CASE("batch norm: loss, gradients and state have the same bits on any number of threads", "[nn][batch_norm][threads]") {
  serial_executor serial;
  thread_pool two(2), five(5);
  const auto wanted = stepped(serial);
  CHECK(stepped(two) == wanted);
  CHECK(stepped(five) == wanted);
}

TEST_CASE("batch norm: tiles do not show: the state has the same bits with 1 lane and with 16", "[nn][batch_norm]") {
  serial_executor serial;
  const auto one = stepped(serial, 1), many = stepped(serial, 16);
  const std::size_t states = parameters<stack>::table().state_total;
  CHECK(std::equal(one.end() - static_cast<std::ptrdiff_t>(states), one.end(), many.end() - static_cast<std::ptrdiff_t>(states)));
}

TEST_CASE("batch norm: at prediction a row does not depend on the others", "[nn][batch_norm]") {
  limits<stack> at;
  at.samples = 30;
  parameters<stack> p(5);
  serial_executor serial;
  gradient_program<stack> program(at, serial, select_kernels<float>());
  program.run(images<stack, float>(30), p, {});
  const predictor<stack, float, "a"> predict(p, at, select_kernels<float>());
  auto own = predict.make_workspace();
  std::vector<float> all(90), one(3);
  predict.run(own, images<stack, float>(30), {all.data()});
  predict.run(own, images<stack, float>(1), {one.data()});
  CHECK(std::equal(one.begin(), one.end(), all.begin()));
}

TEST_CASE("batch norm: a frozen line keeps its running statistics and uses them in training", "[nn][batch_norm]") {
  limits<held> at;
  at.samples = 4;
  parameters<held, double> p(1);
  std::fill_n(p.find("n.weight"), 2, 1.0);
  for (const int j : {0, 1}) p.state()[j] = .5, state_of(p, 1)[j] = 4 - 1e-5;
  serial_executor serial;
  gradient_program<held, double, "n"> program(at, serial, select_kernels<double>());
  double n[8];
  const auto b = images<held>(4);
  program.run(b, p, {}, {n});
  for (std::size_t i = 0; i < 8; ++i) CHECK(n[i] == Approx((b.values<"x">()[i] - .5) / 2).epsilon(1e-12));
  CHECK(p.state()[0] == .5);
  CHECK(state_of(p, 1)[0] == 4 - 1e-5);
}

TEST_CASE("batch norm: one row in all has no variance, which is an error; no row at all is none", "[nn][batch_norm]") {
  limits<column> at;
  parameters<column, double> p(1);
  serial_executor serial;
  gradient_program<column, double> program(at, serial, select_kernels<double>());
  CHECK(contains(message_of([&] { program.run(images<column>(1), p, {}); }), "batch_norm: the batch has one row of 1 numbers"));
  limits<on_objects> at_objects;
  at_objects.set<object>(3);
  parameters<on_objects, double> q(1);
  gradient_program<on_objects, double> empty(at_objects, serial, select_kernels<double>());
  empty.run(images<on_objects>(1), q, {});
  CHECK(empty.loss() == 0);
  CHECK(q.state()[0] == 0);
}

TEST_CASE("batch norm: the weight starts as 1, or as U(0, 1); running statistics as 0 and 1", "[nn][batch_norm]") {
  const parameters<stack> p(5);
  CHECK(p.find("n1.weight")[0] == 1);
  CHECK(p.find("n1.bias")[0] == 0);
  for (int j = 0; j < 4; ++j) CHECK((p.find("n2.weight")[j] > 0 && p.find("n2.weight")[j] < 1));
  CHECK(p.table().states[0].path == "n1.running_mean");
  CHECK(p.table().states[1].path == "n1.running_var");
  CHECK(p.state()[0] == 0);
  CHECK(state_of(p, 1)[2] == 1);
}

TEST_CASE("batch_norm: a step that is refused leaves the running statistics as they were", "[nn][batch_norm]") {
  using net = model<input<"x", features<2>, refused_sample>, input<"label", label<2>, refused_sample>, let<"y", batch_norm<>, of<"x">>,
                    let<"a", linear<2>, of<"y">>, minimize<cross_entropy<>, of<"a", "label">>>;
  serial_executor one;
  limits<net> at{.samples = 4};
  trainer<net> t(at, one, {});
  const auto four = [](float first) {
    batch<net> b;
    for (int i = 0; i < 4; ++i) {
      b.add_sample();
      b.push<"x">(i == 0 ? first : static_cast<float>(i));
      b.push<"x">(.5f * static_cast<float>(i * i));
      b.push<"label">(i % 2);
    }
    return b;
  };
  t.step(four(1), 1e-3);
  const std::vector<float> state(t.weights.state(), t.weights.state() + 4), weights(t.weights.data(), t.weights.data() + t.weights.learned());
  CHECK(state[0] > 0);
  const auto unchanged = [&] {
    return std::equal(state.begin(), state.end(), t.weights.state()) && std::equal(weights.begin(), weights.end(), t.weights.data());
  };
  CHECK_THROWS(t.step(four(INFINITY), 1e-3));
  CHECK(unchanged());
  t.add(four(2), .5);
  CHECK_FALSE(unchanged());
  CHECK_THROWS(t.add(four(INFINITY), .5));
  CHECK(unchanged());
  t.add(four(2), .5);
  t.drop_parts();
  CHECK(unchanged());
}
