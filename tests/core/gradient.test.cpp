// tests/core/gradient.test.cpp
#include "relreason/core/gradient.hpp"

#include <limits>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/small_relations.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct kept : at_most<2, scene> {};
using plain = model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"h", mlp<relu<4>>, of<"x">>, let<"a", linear<2>, of<"h">>,
                    minimize<cross_entropy<>, of<"a", "label">>>;
using on_proposals = model<input<"x", features<1>, object>, let<"h", linear<1>, of<"x">>, let<"k", toy::keep_positive<kept>, of<"h">>,
                           minimize<toy::half_square, of<"k">, weight<1>, per_sample>>;

batch<plain, double> scenes(int first, int last) {
  batch<plain, double> b;
  b.add_sample(last - first);
  for (int s = first; s < last; ++s) {
    for (std::uint64_t j = 0; j < 3; ++j) b.push<"x">(2 * philox::uniform(1, static_cast<std::uint64_t>(s), j) - 1);
    b.push<"label">(s % 2);
  }
  return b;
}
limits<plain> planned() {
  limits<plain> at;
  at.samples = 40;
  return at;
}

}  // namespace

TEST_CASE("gradient: micro-batches that are accumulated give the gradient of the whole", "[core][gradient]") {
  parameters<plain, double> p(3);
  serial_executor serial;
  gradient_program<plain, double> program(planned(), serial, select_kernels<double>());
  program.run(scenes(0, 40), p, {});
  const std::vector<double> whole(program.gradients().begin(), program.gradients().end());
  for (int k = 0; k < 4; ++k) program.run(scenes(10 * k, 10 * k + 10), p, {.scale = 0.25, .accumulate = k > 0});
  for (std::size_t i = 0; i < whole.size(); ++i) CHECK(program.gradients()[i] == Approx(whole[i]).margin(1e-15));
}

TEST_CASE("gradient: dropout hangs on seed and step, and nothing else", "[core][gradient]") {
  parameters<small::net> p(3);
  serial_executor serial;
  gradient_program<small::net> program(small::planned(), serial, select_kernels<float>());
  const auto b = small::scenes(0, 40);
  const auto loss = [&](std::uint64_t seed, std::uint64_t step) {
    program.run(b, p, {.seed = seed, .step = step});
    return program.loss();
  };
  const double first = loss(1, 1);
  CHECK(loss(1, 2) != first);
  CHECK(loss(2, 1) != first);
  CHECK(loss(1, 1) == first);
}

TEST_CASE("gradient: other weights, and the first ones again, each give their own gradient", "[core][gradient]") {
  parameters<plain, double> p(3), q(4);
  serial_executor serial;
  gradient_program<plain, double> program(planned(), serial, select_kernels<double>());
  const auto b = scenes(0, 8);
  program.run(b, p, {});
  const double of_p = program.loss();
  program.run(b, q, {});
  CHECK(program.loss() != of_p);
  program.run(b, p, {});
  CHECK(program.loss() == of_p);
}

TEST_CASE("gradient: an empty batch is an error, and a number that is not finite is found by line, sample and place", "[core][gradient]") {
  parameters<plain, double> p(3);
  serial_executor serial;
  gradient_program<plain, double> program(planned(), serial, select_kernels<double>());
  CHECK(contains(message_of([&] { program.run({}, p, {}); }), "the batch has no samples"));
  auto b = scenes(0, 20);
  b.values<"x">()[3 * 7] = std::numeric_limits<double>::quiet_NaN();
  program.run(b, p, {});
  CHECK_FALSE(std::isfinite(program.loss()));
  int sample = -1;
  CHECK(program.find_non_finite(&sample) == "input \"x\" of sample 7 of the batch (number 0 of row 0 is nan)");
  CHECK(sample == 7);
  b.values<"x">()[3 * 7] = 0;
  b.values<"x">()[3 * 18 + 2] = -std::numeric_limits<double>::infinity();
  program.run(b, p, {});
  CHECK(program.find_non_finite(&sample) == "input \"x\" of sample 18 of the batch (number 2 of row 0 is -inf)");
  CHECK(sample == 18);
  b.values<"x">()[3 * 18 + 2] = 0;
  p.find("h.0.weight")[3 * 2] = std::numeric_limits<double>::infinity();  // of unit 2 and x[0]
  b.values<"x">()[3 * 0] = 0, b.values<"x">()[3 * 1] = 1;
  program.run(b, p, {});
  CHECK(program.find_non_finite() == "value \"h\" of sample 0 of the batch (number 2 of row 0 is nan)");  // inf times 0
}

TEST_CASE("gradient: a loss on a space that an operation fills has the samples as its denominator", "[core][gradient]") {
  parameters<on_proposals, double> p(1);
  p.find("h.weight")[0] = 1;
  p.find("h.bias")[0] = 0;
  batch<on_proposals, double> b;
  for (const std::vector<double>& x : {std::vector<double>{1, -1, 2}, {}, {-3, 4}}) {
    b.add_sample();
    b.count<object>(static_cast<int>(x.size()));
    b.push<"x">(x.data(), x.size());
  }
  limits<on_proposals> at;
  at.samples = 3;
  at.set<object>(3);
  serial_executor serial;
  gradient_program<on_proposals, double> program(at, serial, select_kernels<double>());
  program.run(b, p, {});
  CHECK(program.loss() == Approx((1 + 4 + 16) / 2.0 / 3).epsilon(1e-14));
  CHECK(program.gradients()[p.entry("h.weight").offset] == Approx((1 + 4 + 16) / 3.0).epsilon(1e-14));
}
