// tests/nn/dropout.test.cpp
#include "relreason/nn/dropout.hpp"

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};

template <int Percent>
using dropped = model<input<"x", features<6>, object>, let<"h", linear<6>, of<"x">>, let<"d", dropout<Percent>, of<"h">>,
                      let<"a", linear<3>, of<"d">>, minimize<toy::half_square, of<"a">>>;
using dropped_30 = dropped<30>;

template <class M>
batch<M, double> scenes(int n) {  // of 0 to 3 objects
  batch<M, double> b;
  random_stream random{5, 2};
  for (int s = 0; s < n; ++s) {
    b.add_sample();
    b.template count<object>(s % 4);
    for (int i = 0; i < 6 * (s % 4); ++i) b.template push<"x">(2 * random.uniform() - 1);
  }
  return b;
}
template <class M>
limits<M> planned(int samples) {
  limits<M> at;
  at.samples = samples;
  at.template set<object>(3);
  return at;
}

// h and d of one training step over so many scenes.
struct step_values {
  std::vector<double> h, d;
};
template <class M>
step_values in_training(int samples, step_options options, executor& threads) {
  parameters<M, double> p(3);
  gradient_program<M, double, "h", "d"> program(planned<M>(samples), threads, select_kernels<double>());
  const auto b = scenes<M>(samples);
  step_values v{std::vector<double>(b.template values<"x">().size()), std::vector<double>(b.template values<"x">().size())};
  program.run(b, p, options, {v.h.data(), v.d.data()});
  return v;
}

}  // namespace

TEST_CASE("dropout: gradients agree with central differences, the mask being that of the step", "[nn][dropout]") {
  parameters<dropped_30, double> p(9);
  const auto b = scenes<dropped_30>(20);
  CHECK(gradient_share(planned<dropped_30>(20), b, p) > 0.99);
  CHECK(gradient_gap(planned<dropped_30>(20), b, p, {.seed = 4, .step = 7}) < gradient_tolerance);
  using half = dropped<50>;
  parameters<half, double> r(9);
  CHECK(gradient_gap(planned<half>(20), scenes<half>(20), r, {.seed = 4, .step = 8}) < gradient_tolerance);
}

TEST_CASE("dropout: what is kept is scaled by 1 / (1 - p), and the share of zeros is p within 4 standard errors", "[nn][dropout]") {
  constexpr int samples = 2000, percent = 30;
  serial_executor serial;
  const auto v = in_training<dropped_30>(samples, {.seed = 4, .step = 7}, serial);
  REQUIRE(v.d.size() == 9 * samples);  // 6 per object, 1.5 objects per scene
  double zeros = 0;
  bool scaled = true;
  for (std::size_t i = 0; i < v.d.size(); ++i) {
    zeros += v.d[i] == 0;
    scaled = scaled && (v.d[i] == 0 || v.d[i] == v.h[i] * (100.0 / (100 - percent)));
  }
  CHECK(scaled);
  const double n = static_cast<double>(v.d.size()), share = percent / 100.0;
  CHECK(std::abs(zeros / n - share) < 4 * std::sqrt(share * (1 - share) / n));
}

TEST_CASE("dropout: the mask hangs on seed and step, not on tiles or threads", "[nn][dropout][threads]") {
  serial_executor serial;
  thread_pool pool(3);
  const auto first = in_training<dropped_30>(40, {.seed = 4, .step = 7}, serial);
  CHECK(in_training<dropped_30>(40, {.seed = 4, .step = 7}, pool).d == first.d);
  CHECK(in_training<dropped_30>(40, {.seed = 4, .step = 8}, serial).d != first.d);
  CHECK(in_training<dropped_30>(40, {.seed = 5, .step = 7}, serial).d != first.d);
  // The same rows in a longer batch, cut into other tiles
  const auto more = in_training<dropped_30>(160, {.seed = 4, .step = 7}, serial);
  CHECK(std::vector<double>(more.d.begin(), more.d.begin() + static_cast<std::ptrdiff_t>(first.d.size())) == first.d);
}

TEST_CASE("dropout: at prediction it is the identity", "[nn][dropout]") {
  const parameters<dropped_30, double> p(3);
  const predictor<dropped_30, double, "h", "d"> predict(p, planned<dropped_30>(8), select_kernels<double>());
  auto own = predict.make_workspace();
  const auto b = scenes<dropped_30>(8);
  std::vector<double> h(b.values<"x">().size()), d(h.size());
  predict.run(own, b, {h.data(), d.data()});
  CHECK(d == h);
  CHECK(std::count(h.begin(), h.end(), 0.0) == 0);
}
