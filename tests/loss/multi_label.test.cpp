// tests/loss/multi_label.test.cpp
#include "relreason/loss/multi_label.hpp"

#include "catch.hpp"
#include "support/reference.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct image : sample {};
template <int Labels>
using net = model<input<"x", features<Labels>, image>, input<"t", features<Labels>, image>, let<"p", toy::probe<3>, of<"x">>,
                  minimize<multi_label, of<"p", "t">>>;

double gap(const char* name) {
  const reference r(name);
  batch<net<5>, double> b;
  b.add_sample(3);
  b.values<"x">() = r.values("input.logits");
  b.values<"t">() = r.values("input.targets");
  limits<net<5>> at;
  at.samples = 3;
  return reference_gap(r, at, b, {{{"p", "input.logits"}}}, {});
}

}  // namespace

TEST_CASE("multi-label: loss and gradient by hand", "[loss][multi_label]") {
  parameters<net<2>, double> p;
  batch<net<2>, double> b;
  b.add_sample();
  b.values<"x">() = {0, std::log(3.0)};  // probabilities 1/2 and 3/4
  b.values<"t">() = {1, 0};
  serial_executor serial;
  gradient_program<net<2>, double> program({}, serial, select_kernels<double>());
  program.run(b, p, {});
  CHECK(program.loss() == Approx((std::log(2.0) + std::log(4.0)) / 2).epsilon(1e-14));
  CHECK(program.gradients()[0] == Approx(-0.25).epsilon(1e-14));
  CHECK(program.gradients()[1] == Approx(0.375).epsilon(1e-14));
}

TEST_CASE("multi-label agrees with PyTorch, also at extreme logits", "[loss][multi_label][pytorch]") {
  CHECK(gap("multi_label") < reference_tolerance);
  CHECK(gap("multi_label_extreme") < reference_tolerance);
}
