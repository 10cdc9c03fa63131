// tests/nn/conv2d.test.cpp -- convolution: by hand, against PyTorch, against differences, and whatever the tiles.
#include "relreason/nn/conv2d.hpp"

#include <cstring>

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/relu.hpp"
#include "support/gradient_check.hpp"
#include "support/reference.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct image : sample {};

template <class Operation, class In = maps<3, 7, 6>>
using alone = model<input<"x", In, image>, let<"y", Operation, of<"x">>>;

template <class Operation, int Width>
using referred = model<input<"x", maps<3, 7, 6>, image>, input<"c", features<Width>, image>, let<"p", toy::probe<2>, of<"x">>,
                       let<"y", Operation, of<"p">>, minimize<toy::times_cotangent, of<"y", "c">, weight<1>, per_step>>;

template <class Operation, int Width>
double pytorch_gap(const char* name) {
  using m = referred<Operation, Width>;
  const reference r(name);
  batch<m, double> b;
  b.add_sample(2);
  b.template values<"x">() = r.values("input.x");
  b.template values<"c">() = r.values("cotangent.y");
  limits<m> at;
  at.samples = 2;
  return reference_gap<m, "y">(r, at, b, {{{"p", "input.x"}, {"y.", ""}}}, {"y"});
}

// Two convolutions; the windows of a tile are more than one chunk.
using two = model<input<"x", maps<2, 17, 16>, image>, let<"a", conv2d<3, kernel<3>, stride<1>, padding<1>>, of<"x">>, let<"r", relu<>, of<"a">>,
                  let<"b", conv2d<2, kernel<3>, stride<2>, no_bias>, of<"r">>, minimize<toy::half_square, of<"b">>>;
// The same kernels at two places.
using tied = model<input<"x", maps<2, 5, 5>, image>, let<"a", shared<"k", conv2d<2, kernel<3>, padding<1>>>, of<"x">>,
                   let<"b", shared<"k", conv2d<2, kernel<3>, padding<1>>>, of<"a">>, minimize<toy::half_square, of<"b">>>;
// Convolved, flattened, mapped.
using classifier = model<input<"x", maps<3, 20, 20>, image>, let<"a", conv2d<40, kernel<3>, stride<2>, padding<1>>, of<"x">>,
                         let<"r", relu<>, of<"a">>, let<"y", linear<3>, of<"r">>, minimize<toy::half_square, of<"y">>>;

template <class M, class T>
batch<M, T> images(int n) {
  batch<M, T> b;
  random_stream random{3, 4};
  b.add_sample(n);
  for (int i = 0; i < n * M::info[0].width; ++i) b.template push<"x">(static_cast<T>(2 * random.uniform() - 1));
  return b;
}
template <class M>
double gap(int samples) {
  limits<M> at;
  at.samples = samples;
  parameters<M, double> p(5);
  const auto b = images<M, double>(samples);
  CHECK(gradient_share(at, b, p) > 0.9);
  return gradient_gap(at, b, p);
}
template <class M>
std::vector<float> gradients(int samples, executor& threads) {
  limits<M> at;
  at.samples = samples;
  parameters<M> p(5);
  gradient_program<M> program(at, threads, select_kernels<float>());
  program.run(images<M, float>(samples), p, {});
  return {program.gradients().begin(), program.gradients().end()};
}

}  // namespace

TEST_CASE("conv2d: a difference of cells, by hand", "[nn][conv2d]") {
  using m = alone<conv2d<1, kernel<2>>, maps<1, 3, 3>>;
  parameters<m, double> p;
  const double weight[4]{1, 0, 0, -1};
  std::copy_n(weight, 4, p.find("y.weight"));
  p.find("y.bias")[0] = 10;
  const predictor<m, double, "y"> predict(p, {}, select_kernels<double>());
  auto own = predict.make_workspace();
  batch<m, double> b;
  b.add_sample();
  for (const double x : {1, 2, 3, 4, 5, 6, 7, 8, 30}) b.push<"x">(x);
  double y[4];
  predict.run(own, b, {y});
  CHECK(y[0] == 6);  // 1 - 5 + 10
  CHECK(y[1] == 6);
  CHECK(y[2] == 6);
  CHECK(y[3] == -15);  // 5 - 30 + 10
}

TEST_CASE("conv2d: strides, padding, channels innermost and the published order of weights, by hand", "[nn][conv2d]") {
  using m = alone<conv2d<2, kernel<3>, stride<2>, padding<1>>, maps<2, 3, 2>>;
  STATIC_REQUIRE(m::info[1].width == 2 * 2 * 1);
  parameters<m, double> p;
  std::fill_n(p.data(), p.count(), 0.0);
  const auto weight = [&](int out, int in, int y, int x) -> double& { return p.find("y.weight")[((out * 2 + in) * 3 + y) * 3 + x]; };
  weight(0, 0, 1, 1) = 1;    // the cell itself, channel 0
  weight(0, 1, 0, 1) = 100;  // the cell above, channel 1
  weight(1, 1, 2, 2) = 1;    // below, to the right, channel 1
  p.find("y.bias")[1] = .5;
  const predictor<m, double, "y"> predict(p, {}, select_kernels<double>());
  auto own = predict.make_workspace();
  batch<m, double> b;
  b.add_sample();
  for (int i = 0; i < 12; ++i) b.push<"x">(1.0 + i);  // cell (y, x) is {4 y + 2 x + 1, 4 y + 2 x + 2}
  double y[4];
  predict.run(own, b, {y});
  CHECK(y[0] == 1);            // cell (0, 0): nothing above
  CHECK(y[1] == 8.5);          // cell (1, 1), channel 1
  CHECK(y[2] == 9 + 100 * 6);  // cell (2, 0); above it (1, 0), channel 1
  CHECK(y[3] == .5);           // nothing below
}

TEST_CASE("conv2d: values, loss and all gradients are PyTorch's", "[nn][conv2d]") {
  CHECK(pytorch_gap<conv2d<4, kernel<3>, stride<2>, padding<1>>, 4 * 4 * 3>("conv2d_3_2_1") < reference_tolerance);
  CHECK(pytorch_gap<conv2d<2, kernel<5>, padding<2>, no_bias>, 2 * 7 * 6>("conv2d_5_1_2") < reference_tolerance);
  CHECK(pytorch_gap<conv2d<5, kernel<2>, stride<3>>, 5 * 2 * 2>("conv2d_2_3_0") < reference_tolerance);
}

TEST_CASE("conv2d: gradients agree with central differences, over several tiles and chunks of windows", "[nn][conv2d]") {
  CHECK(gap<two>(20) < gradient_tolerance);
  CHECK(gap<tied>(3) < gradient_tolerance);
}

TEST_CASE("conv2d: an image has the same bits in any batch, and gradients do on any number of threads", "[nn][conv2d][threads]") {
  using m = classifier;
  limits<m> at;
  at.samples = 40;
  const parameters<m> p(5);
  const predictor<m, float, "a"> predict(p, at, select_kernels<float>());
  const auto all = images<m, float>(40);
  constexpr std::size_t width = m::info[1].width, in = m::info[0].width;
  std::vector<float> together(40 * width), alone(width);
  thread_pool pool(3);
  auto own = predict.make_workspace(&pool);
  predict.run(own, all, {together.data()});
  for (const std::size_t i : {0u, 17u, 39u}) {
    batch<m> one;
    one.add_sample();
    one.push<"x">(all.values<"x">().data() + i * in, in);
    predict.run(own, one, {alone.data()});
    CHECK(std::memcmp(alone.data(), together.data() + i * width, width * sizeof(float)) == 0);
  }
  serial_executor serial;
  CHECK(gradients<m>(40, serial) == gradients<m>(40, pool));
}

TEST_CASE("conv2d: every kernel set gives the double result", "[nn][conv2d]") {
  using m = alone<conv2d<24, kernel<3>, stride<2>, padding<1>>, maps<24, 9, 9>>;
  parameters<m> p(5);
  parameters<m, double> exact;
  std::copy_n(p.data(), p.count(), exact.data());
  limits<m> at;
  at.samples = 3;
  constexpr std::size_t n = 3 * m::info[1].width;
  const auto b = images<m, float>(3);
  batch<m, double> b_exact;
  b_exact.add_sample(3);
  for (const float x : b.values<"x">()) b_exact.push<"x">(static_cast<double>(x));
  std::vector<double> wanted(n);
  const predictor<m, double, "y"> predict_exact(exact, at, select_kernels<double>());
  auto own_exact = predict_exact.make_workspace();
  predict_exact.run(own_exact, b_exact, {wanted.data()});
  for (const isa set : {isa::portable, isa::automatic}) {
    std::vector<float> y(n);
    const predictor<m, float, "y"> predict(p, at, select_kernels<float>(set));
    auto own = predict.make_workspace();
    predict.run(own, b, {y.data()});
    CHECK(gap_of(y.data(), wanted.data(), n) < 1e-6);  // sums of 216 products of numbers below 1 and 0.07
  }
}

TEST_CASE("conv2d: parameters have PyTorch's shapes and first values, and the line says what it does", "[nn][conv2d]") {
  using m = alone<conv2d<24, kernel<3>, stride<2>, padding<1>>, maps<3, 128, 128>>;
  const parameters<m> p(7);
  CHECK(p.entry("y.weight").shape == std::vector<int>{24, 3, 3, 3});
  CHECK(p.entry("y.bias").shape == std::vector<int>{24});
  float most = 0;
  for (std::size_t i = 0; i < p.count(); ++i) most = std::max(most, std::abs(p.data()[i]));
  CHECK(most < 1 / std::sqrt(27.f));
  CHECK(most > .95f / std::sqrt(27.f));
  CHECK(m::line_at<1>::bound::text() == "conv 3 x 3, 24, stride 2, padding 1");
  CHECK(m::info[1].width == 24 * 64 * 64);
}
