// tests/core/once_root.test.cpp -- values computed once a step and shared by all tiles.
#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct prompt : once {};

// A learned row, passed through a layer once, read by every object; and a loss on the row itself.
using prompted = model<input<"seed", features<1>, prompt>, input<"x", features<3>, object>, input<"label", label<3>, object>,
                       let<"t", toy::table<2, 1>, of<"seed">>, let<"u", mlp<relu<4>>, of<"t">>, let<"a", linear<3>, of<"x", "u">>,
                       minimize<cross_entropy<>, of<"a", "label">>, minimize<toy::half_square, of<"t">, weight<1, 2>>>;

batch<prompted, double> scenes(int n) {
  batch<prompted, double> b;
  random_stream random{3, 4};
  b.push<"seed">(1.0);
  for (int s = 0; s < n; ++s) {
    b.add_sample();
    b.count<object>(s % 3);
    for (int j = 0; j < 3 * (s % 3); ++j) b.push<"x">(2 * random.uniform() - 1);
    for (int j = 0; j < s % 3; ++j) b.push<"label">((s + j) % 3);
  }
  return b;
}
limits<prompted> planned() {
  limits<prompted> at;
  at.samples = 32;
  at.set<object>(2);
  return at;
}

}  // namespace

TEST_CASE("once: its gradient gathers over the tiles", "[core][once]") {
  parameters<prompted, double> p(7);
  serial_executor serial;
  gradient_program<prompted, double> program(planned(), serial, select_kernels<double>());
  REQUIRE(program.tile_samples(32) == 2);
  CHECK(gradient_share(planned(), scenes(32), p) > 0.6);
  CHECK(gradient_gap(planned(), scenes(32), p) < gradient_tolerance);
}

TEST_CASE("once: a loss on the once root counts once, whatever the number of tiles", "[core][once]") {
  parameters<prompted, double> p(7);
  serial_executor serial;
  gradient_program<prompted, double> program(planned(), serial, select_kernels<double>());
  const double* t = p.find("t.weight");
  program.run(scenes(32), p, {});
  const double over_tiles = program.losses()[static_cast<std::size_t>(prompted::n - 1)];
  CHECK(over_tiles == Approx((t[0] * t[0] + t[1] * t[1]) / 2).epsilon(1e-14));
}

TEST_CASE("once: the value is the same for all samples and can be asked for", "[core][once][threads]") {
  const parameters<prompted, double> p(7);
  predictor<prompted, double, "t", "a"> predict(p, planned(), select_kernels<double>());
  thread_pool pool(3);
  predictor<prompted, double, "t", "a">::workspace own(predict, &pool);
  double t[2], a[3 * 32];
  predict.run(own, scenes(32), {t, a});
  CHECK(t[0] == p.find("t.weight")[0]);
  CHECK(t[1] == p.find("t.weight")[1]);
}

TEST_CASE("once: its gradient has the same bytes for any number of threads", "[core][once][threads]") {
  parameters<prompted, double> p(7);
  std::vector<double> wanted;
  for (const int threads : {1, 2, 8}) {
    thread_pool pool(threads);
    gradient_program<prompted, double> program(planned(), pool, select_kernels<double>());
    program.run(scenes(32), p, {});
    const std::vector<double> found(program.gradients().begin(), program.gradients().end());
    if (threads == 1) wanted = found;
    CHECK(found == wanted);
  }
}
