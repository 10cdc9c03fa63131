// tests/loss/cross_entropy.test.cpp
#include "relreason/loss/cross_entropy.hpp"

#include <vector>

#include "catch.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct unit {  // y = x, so that logits can be set and their gradient be read as that of a learned table
  template <class X>
  struct bind : toy::table<X::width, 1>::template bind<X> {};
};
template <int Classes, int Smoothing>
using fixed = model<input<"x", features<Classes>, scene>, input<"label", label<Classes>, scene>, let<"a", unit, of<"x">>,
                    minimize<cross_entropy<Smoothing>, of<"a", "label">>>;

struct result {
  double loss;
  std::vector<double> gradient;
};
template <int Classes, int Smoothing>
result at_logits(std::vector<double> logits, int answer) {
  using m = fixed<Classes, Smoothing>;
  parameters<m, double> p;
  std::copy(logits.begin(), logits.end(), p.find("a.weight"));
  serial_executor serial;
  gradient_program<m, double> program({}, serial, select_kernels<double>());
  batch<m, double> b;
  b.add_sample();
  b.template values<"x">().assign(Classes, 0.0);
  b.template push<"label">(answer);
  program.run(b, p, {});
  return {program.loss(), {program.gradients().begin(), program.gradients().begin() + Classes}};
}

}  // namespace

TEST_CASE("cross entropy: zero logits over 28 answers give ln 28", "[loss][cross_entropy]") {
  CHECK(at_logits<28, 0>(std::vector<double>(28, 0.0), 5).loss == Approx(3.332205).epsilon(1e-6));
}

TEST_CASE("cross entropy: loss and gradient by hand", "[loss][cross_entropy]") {
  const auto r = at_logits<3, 0>({0, std::log(2.0), std::log(5.0)}, 1);  // probabilities 1/8, 2/8, 5/8
  CHECK(r.loss == Approx(std::log(4.0)).epsilon(1e-14));
  CHECK(r.gradient[0] == Approx(0.125).epsilon(1e-14));
  CHECK(r.gradient[1] == Approx(-0.75).epsilon(1e-14));
  CHECK(r.gradient[2] == Approx(0.625).epsilon(1e-14));
}

TEST_CASE("cross entropy: smoothing moves a share of the goal to all classes", "[loss][cross_entropy]") {
  const auto r = at_logits<4, 20>({0, 0, 0, 0}, 2);  // goals 0.05, 0.05, 0.85, 0.05
  CHECK(r.loss == Approx(std::log(4.0)).epsilon(1e-14));
  CHECK(r.gradient[0] == Approx(0.20).epsilon(1e-14));
  CHECK(r.gradient[2] == Approx(-0.60).epsilon(1e-14));
  const auto s = at_logits<2, 50>({std::log(3.0), 0}, 0);  // -3/4 ln(3/4) - 1/4 ln(1/4)
  CHECK(s.loss == Approx(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)).epsilon(1e-14));
}

TEST_CASE("cross entropy: logits in the thousands neither overflow nor vanish", "[loss][cross_entropy]") {
  const auto r = at_logits<3, 0>({1000, -1000, 0}, 1);
  CHECK(r.loss == Approx(2000).epsilon(1e-14));
  CHECK(r.gradient[0] == Approx(1).epsilon(1e-14));
  CHECK(r.gradient[1] == Approx(-1).epsilon(1e-14));
  CHECK(at_logits<3, 0>({1000, -1000, 0}, 0).loss == 0);
}

namespace {

struct word : each<scene> {};
using weighed = model<input<"x", features<2>, word>, input<"label", label<2>, word>, input<"weight", features<1>, word>, let<"a", linear<2>, of<"x">>,
                      minimize<cross_entropy<>, of<"a", "label", "weight">>>;
// The weights hang on the whole batch: they are not known when the mean's denominator is.
using weighed_late = model<input<"x", features<2>, scene>, input<"label", label<2>, scene>, input<"weight", features<1>, scene>,
                           let<"a", linear<2>, of<"x">>, let<"w", toy::times_mean, of<"weight">>, minimize<cross_entropy<>, of<"a", "label", "w">>>;

}  // namespace

TEST_CASE("cross entropy: weighed rows may be none; weights that are computed have no mean over entries", "[loss][cross_entropy]") {
  serial_executor serial;
  parameters<weighed, double> p(3);
  gradient_program<weighed, double> program(limits<weighed>{.samples = 2}.set<word>(3), serial, select_kernels<double>());
  batch<weighed, double> b;
  b.add_sample();
  b.count<word>(0);
  program.run(b, p, {});
  CHECK(program.loss() == 0);

  parameters<weighed_late, double> late(3);
  gradient_program<weighed_late, double> refused(limits<weighed_late>{.samples = 2}, serial, select_kernels<double>());
  batch<weighed_late, double> c;
  c.add_sample(2);
  c.values<"x">().assign(4, 1);
  c.values<"label">().assign(2, 1);
  c.values<"weight">().assign(2, 1);
  CHECK_THROWS_WITH(refused.run(c, late, {}), Catch::Matchers::Contains("a mean over entries needs weights that are an input"));
}
