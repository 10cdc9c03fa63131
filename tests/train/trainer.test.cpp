// tests/train/trainer.test.cpp -- a step that was refused leaves nothing behind: the next one is as if it had never been.
#include "relreason/train/trainer.hpp"

#include <cstring>
#include <limits>

#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/optim/sgd.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
using net = model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"a", mlp<relu<5>, linear<2>>, of<"x">>,
                  minimize<cross_entropy<>, of<"a", "label">>>;
using training = trainer<net>;

batch<net> samples(int first, int n) {
  batch<net> b;
  random_stream random{3, static_cast<std::uint64_t>(first)};
  for (int s = 0; s < n; ++s) {
    b.add_sample();
    for (int i = 0; i < 3; ++i) b.push<"x">(2 * random.uniform() - 1);
    b.push<"label">(s % 2);
  }
  return b;
}
batch<net> with_label(int label) {
  auto b = samples(0, 4);
  b.values<"label">()[1] = label;
  return b;
}
batch<net> with_nan() {
  auto b = samples(0, 4);
  b.values<"x">()[3 * 2 + 1] = std::numeric_limits<float>::quiet_NaN();
  return b;
}
limits<net> four() {
  limits<net> at;
  at.samples = 4;
  return at;
}
struct pair_of_trainers {
  serial_executor serial;
  training t{four(), serial, {}}, untouched{four(), serial, {}};

  // One step in two parts on each: the same loss, and the same bytes.
  void check_equal() {
    for (training* one : {&t, &untouched}) {
      one->add(samples(5, 4), .5);
      one->add(samples(9, 4), .5);
    }
    CHECK(t.update(1e-2) == untouched.update(1e-2));
    CHECK(t.steps == untouched.steps);
    CHECK(std::memcmp(t.weights.data(), untouched.weights.data(), training{four(), serial, {}}.weights.table().total * sizeof(float)) == 0);
  }
};

// Plain descent: w -= rate * g.
using descent = trainer<net, sgd>;
using factors = std::vector<std::pair<std::string, double>>;
descent made(executor& threads, factors f, double clip = 0) {
  return descent(four(), threads, {.clip = clip, .rate_factors = std::move(f)}, {.momentum = 0});
}
bool same_array(const parameters<net>& a, const parameters<net>& b, const char* path) {
  return std::memcmp(a.find(path), b.find(path), a.entry(path).count * sizeof(float)) == 0;
}
// Steps one trainer with these factors. Each array must be as in a trainer without factors whose rate is the given one for it.
void check_rates(const factors& f, const std::vector<std::pair<const char*, double>>& rates) {
  serial_executor serial;
  descent t = made(serial, f);
  t.step(samples(0, 4), .5);
  for (const auto& [path, rate] : rates) {
    INFO(path);
    descent other = made(serial, {});
    other.step(samples(0, 4), rate);
    CHECK(same_array(t.weights, other.weights, path));
    CHECK(same_array(t.weights, parameters<net>(1), path) == (rate == 0));
  }
}
double norm_of(descent& t, const char* path) {
  const auto& e = t.weights.entry(path);
  double sum = 0;
  for (std::size_t i = e.offset; i < e.offset + e.count; ++i) sum += std::pow(static_cast<double>(t.program().gradients()[i]), 2);
  return std::sqrt(sum);
}

}  // namespace

TEST_CASE("trainer: a part that is refused drops the parts before it; the step begins anew with the same bytes", "[train]") {
  pair_of_trainers p;
  p.t.add(samples(0, 4), .5);
  CHECK(contains(message_of([&] { p.t.add(with_label(2), .5); }), "entry 1 of input \"label\" is 2; wanted 0 to 1"));
  p.check_equal();
  p.t.add(samples(0, 4), .5);
  CHECK(contains(message_of([&] { p.t.add(with_nan(), .5); }), "the loss of step 2 is not finite: input \"x\" of sample 2 of the batch (number 1"));
  CHECK(p.t.not_finite() == 2);
  p.check_equal();
  p.t.add(samples(0, 4), .5);
  CHECK(contains(message_of([&] { p.t.add({}, .5); }), "the batch has no samples"));
  CHECK(contains(message_of([&] { p.t.update(1e-2); }), "there is no gradient for step 3; call add() first"));
  p.check_equal();
}

TEST_CASE("trainer: a rate that is refused ends the step, whose parts do not reach the next one", "[train]") {
  pair_of_trainers p;
  for (const double rate : {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK(contains(message_of([&] { p.t.step(samples(0, 4), rate); }), "wanted a number of 0 or more"));
    p.check_equal();
  }
}

TEST_CASE("trainer: a whole step between the parts of another is refused, until they are dropped", "[train]") {
  pair_of_trainers p;
  p.t.add(samples(0, 4), .5);
  CHECK(contains(message_of([&] { p.t.step(samples(0, 4), 1e-2); }), "step 1 was begun by add(); end it with update(), or drop its parts"));
  p.t.drop_parts();
  p.check_equal();
}

TEST_CASE("trainer: an array's rate is the step's times the factor of the first prefix of its path; 0 leaves it as it is", "[train]") {
  const double rate = .5;
  check_rates({{"a.0.", .1}}, {{"a.0.weight", rate * .1}, {"a.0.bias", rate * .1}, {"a.1.weight", rate}, {"a.1.bias", rate}});
  check_rates({{"a.1.", 0}}, {{"a.0.weight", rate}, {"a.0.bias", rate}, {"a.1.weight", 0}, {"a.1.bias", 0}});
  check_rates({{"a.0.weight", 0}, {"a.0.", .1}, {"a.0.bias", 7}, {"a.", 2}, {"b", 0}},
              {{"a.0.weight", 0}, {"a.0.bias", rate * .1}, {"a.1.weight", rate * 2}, {"a.1.bias", rate * 2}});
}

TEST_CASE("trainer: an array whose factor is 0 has no part in the norm by which the others are clipped", "[train][clip]") {
  serial_executor serial;
  descent whole = made(serial, {}), part = made(serial, {{"a.0.", 0}, {"a.1.weight", 0}}, 1e-3);
  whole.step(samples(0, 4), 0);
  const double bias = norm_of(whole, "a.1.bias");
  REQUIRE(bias > .01);  // far above the clip
  REQUIRE(whole.gradient_size() > 2 * bias);
  part.step(samples(0, 4), 1);
  constexpr double float_rounding = 1e-5;
  CHECK(part.gradient_size() == Approx(bias).epsilon(float_rounding));
  double moved = 0;
  const parameters<net> start(1);
  for (std::size_t i = 0; i < 2; ++i) moved += std::pow(static_cast<double>(part.weights.find("a.1.bias")[i] - start.find("a.1.bias")[i]), 2);
  // rate 1 times the clip, less the 1e-6 that the factor adds to the norm; weights near 1 are exact to 6e-8
  CHECK(std::sqrt(moved) == Approx(1e-3).epsilon(3e-4));
}
