// tests/core/state.test.cpp -- arrays that are saved but not learned.
#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/weights.hpp"
#include "support/gradient_check.hpp"
#include "support/temporary_folder.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
using centered =
    model<input<"x", features<1>, scene>, let<"c", toy::center, of<"x">>, let<"a", linear<1>, of<"c">>, minimize<toy::half_square, of<"a">>>;

batch<centered, double> scenes(std::vector<double> x) {
  batch<centered, double> b;
  b.add_sample(static_cast<int>(x.size()));
  b.push<"x">(x.data(), x.size());
  return b;
}

}  // namespace

TEST_CASE("state: a training step updates it once, prediction reads it and leaves it", "[core][state]") {
  parameters<centered, double> p(1);
  CHECK(p.count() == 2);  // the state is not learned
  limits<centered> at;
  at.samples = 20;
  serial_executor serial;
  gradient_program<centered, double> program(at, serial, select_kernels<double>());
  std::vector<double> many(20, 4.0);
  program.run(scenes(many), p, {});
  CHECK(p.state()[0] == Approx(2).epsilon(1e-14));
  program.run(scenes({6, 8}), p, {});
  CHECK(p.state()[0] == Approx(4.5).epsilon(1e-14));

  predictor<centered, double, "c"> predict(p, at, select_kernels<double>());
  predictor<centered, double, "c">::workspace own(predict);
  double c[2];
  predict.run(own, scenes({6, 8}), {c});
  CHECK(c[0] == Approx(1.5).epsilon(1e-14));
  CHECK(c[1] == Approx(3.5).epsilon(1e-14));
  CHECK(p.state()[0] == Approx(4.5).epsilon(1e-14));
}

TEST_CASE("state: it is saved under its path and loaded again", "[core][state]") {
  const temporary_folder folder;
  parameters<centered, double> p(1), q(2);
  p.state()[0] = 0.75;
  safetensors::writer to;
  add_weights(to, p);
  to.write(folder / "weights.safetensors");
  const safetensors::file from(folder / "weights.safetensors");
  REQUIRE(from.find("c.mean") != nullptr);
  CHECK(q.state()[0] == 0);
  load_weights(from, q);
  CHECK(q.state()[0] == 0.75);
  CHECK(q.find("a.weight")[0] == p.find("a.weight")[0]);
}
