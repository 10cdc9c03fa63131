// tests/core/masks.test.cpp -- losses: where they live, their weights and masks, and the denominator of their mean.
#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};

template <class Mean>
using weighted = model<input<"x", features<2>, object>, input<"label", label<2>, object>, input<"mask", features<1>, object>,
                       let<"a", linear<2>, of<"x">>, minimize<cross_entropy<>, of<"a", "label", "mask">, weight<1>, Mean>>;
using two_losses = model<input<"x", features<2>, object>, input<"label", label<2>, object>, let<"a", linear<2>, of<"x">>,
                         minimize<cross_entropy<>, of<"a", "label">, weight<3>>, minimize<toy::half_square, of<"a">, weight<1, 4>, per_sample>>;

// Three scenes of 2, 0 and 1 objects; the second object is masked out and the third counts three times. All logits are 0: each entry's loss is ln 2.
template <class M>
batch<M, double> scenes() {
  batch<M, double> b;
  for (const int n : {2, 0, 1}) {
    b.add_sample();
    b.template count<object>(n);
    for (int i = 0; i < n; ++i) {
      b.template push<"x">(i + 1.0);
      b.template push<"x">(n + 1.0);
      b.template push<"label">(i);
    }
  }
  if constexpr (M::template find<"mask">() >= 0)
    for (const double m : {1.0, 0.0, 3.0}) b.template push<"mask">(m);
  return b;
}
template <class M>
limits<M> planned() {
  limits<M> at;
  at.samples = 3;
  at.template set<object>(2);
  return at;
}
template <class Mean>
double loss() {
  using m = weighted<Mean>;
  parameters<m, double> p(1);
  std::fill_n(p.data(), p.learned(), 0.0);
  serial_executor serial;
  gradient_program<m, double> program(planned<m>(), serial, select_kernels<double>());
  program.run(scenes<m>(), p, {});
  // the gradient of the first logit's bias: sum of mask (1/2 - [label = 0]) over the denominator
  CHECK(program.gradients()[p.entry("a.bias").offset] == Approx(-2 * program.loss() / (4 * std::log(2.0))).epsilon(1e-14));
  return program.loss() / std::log(2.0);
}

}  // namespace

TEST_CASE("losses: the mean is over the weights, the samples or nothing, as the line says", "[core][loss]") {
  CHECK(loss<per_entry>() == Approx(4.0 / 4).epsilon(1e-14));
  CHECK(loss<per_sample>() == Approx(4.0 / 3).epsilon(1e-14));
  CHECK(loss<per_step>() == Approx(4).epsilon(1e-14));
}

TEST_CASE("losses: masked and weighted gradients agree with central differences", "[core][loss]") {
  using per_steps = weighted<per_step>;
  using per_entries = weighted<per_entry>;
  parameters<per_steps, double> p(4);
  parameters<per_entries, double> q(4);
  CHECK(gradient_gap(planned<per_steps>(), scenes<per_steps>(), p) < gradient_tolerance);
  CHECK(gradient_gap(planned<per_entries>(), scenes<per_entries>(), q) < gradient_tolerance);
}

TEST_CASE("losses: several are added by their weights, each with its own denominator", "[core][loss]") {
  parameters<two_losses, double> p(4);
  serial_executor serial;
  gradient_program<two_losses, double, "a"> program(planned<two_losses>(), serial, select_kernels<double>());
  double a[6], square = 0, entropy = 0;
  const auto b = scenes<two_losses>();
  program.run(b, p, {}, {a});
  for (std::size_t i = 0; i < 3; ++i) {
    square += (a[2 * i] * a[2 * i] + a[2 * i + 1] * a[2 * i + 1]) / 2;
    entropy += log_sum_exp(a + 2 * i, 2) - a[2 * i + static_cast<std::size_t>(b.indices[1][i])];
  }
  CHECK(program.losses()[3] == Approx(entropy / 3).epsilon(1e-14));
  CHECK(program.losses()[4] == Approx(square / 3).epsilon(1e-14));  // three samples, one of them empty
  CHECK(program.loss() == Approx(3 * entropy / 3 + 0.25 * square / 3).epsilon(1e-14));
  CHECK(gradient_gap(planned<two_losses>(), b, p) < gradient_tolerance);
}
