// tests/nn/gelu.test.cpp -- gelu<>, gelu_tanh<> and their layers: PyTorch's values, gradients, extremes, bf16, and that NaN stays.
#include "relreason/nn/gelu.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/core/describe.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct row : sample {};
struct object : each<row> {};
template <class Operation>
using net = model<input<"x", maps<1, 2, 4>, row>, let<"y", Operation, of<"x">>>;
template <class Operation>
using learned = model<input<"x", features<3>, row>, let<"h", linear<6>, of<"x">>, let<"y", Operation, of<"h">>, minimize<toy::half_square, of<"y">>>;
template <class Layer>
using by_hand = model<input<"x", features<1>, row>, let<"y", Layer, of<"x">>>;

constexpr float infinity = std::numeric_limits<float>::infinity();

// The operation's result for eight numbers.
template <class Operation, class T>
std::vector<T> of_eight(const std::vector<T>& x) {
  using M = net<Operation>;
  const parameters<M, T> p(1);
  const predictor<M, T, "y"> predict(p, {}, select_kernels<T>());
  auto own = predict.make_workspace();
  batch<M, T> b;
  b.add_sample();
  for (const T v : x) b.template push<"x">(v);
  std::vector<T> y(8);
  predict.run(own, b, {y.data()});
  return y;
}

template <class M>
std::pair<double, double> gap_and_share(int samples, step_options o = {}) {
  limits<M> at;
  at.samples = samples;
  parameters<M, double> p(5);
  batch<M, double> b;
  random_stream random{3, 4};
  b.add_sample(samples);
  for (int i = 0; i < 3 * samples; ++i) b.template push<"x">(8 * random.uniform() - 4);
  return {gradient_gap(at, b, p, o), gradient_share(at, b, p)};
}

// /opt/venv/bin/python -c "import torch as t; x = t.tensor([-3, -1, -.5, 0, .5, 1, 3, 8.]).double()
// for a in 'none', 'tanh': print(['%.13g' % v for v in t.nn.functional.gelu(x, approximate=a)])"
const std::vector<double> at_eight{-3, -1, -.5, 0, .5, 1, 3, 8};
const std::vector<double> of_erf{-0.00404969409489, -0.1586552539315, -0.154268769363, 0, 0.345731230637, 0.8413447460685, 2.995950305905, 8};
const std::vector<double> of_tanh{-0.003637392081773, -0.1588080093917, -0.1542859901749, 0, 0.3457140098251, 0.8411919906083, 2.996362607918, 8};
// x.requires_grad_(); for a in 'none', 'tanh': print(['%.13g' % v for v in t.autograd.grad(t.nn.functional.gelu(x, approximate=a).sum(), x)[0]])
const std::vector<double> slope_of_erf{-0.01194564720418, -0.08331547058769, 0.1325048753438, 0.5,
                                       0.8674951246562,   1.083315470588,    1.011945647204,  1};
const std::vector<double> slope_of_tanh{-0.01158416663097, -0.08296408384578, 0.1326300964654, 0.5,
                                        0.8673699035346,   1.082964083846,    1.011584166631,  1};
constexpr double printed = 1e-12;  // of numbers up to 8 with 13 digits

}  // namespace

TEST_CASE("gelu<> and gelu_tanh<>: PyTorch's values, in double and in float", "[nn][gelu]") {
  STATIC_REQUIRE(is_maps<net<gelu<>>::line_at<1>::value::what>);
  const std::vector<float> x(at_eight.begin(), at_eight.end());
  const auto close = [](const auto& found, const std::vector<double>& wanted, double tolerance) {
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      INFO("at " << at_eight[i]);
      CHECK(static_cast<double>(found[i]) == Approx(wanted[i]).epsilon(0).margin(tolerance));
    }
  };
  close(of_eight<gelu<>>(at_eight), of_erf, printed);
  close(of_eight<gelu_tanh<>>(at_eight), of_tanh, printed);
  close(of_eight<gelu<>>(x), of_erf, 2e-7);  // two roundings of numbers up to 3
  close(of_eight<gelu_tanh<>>(x), of_tanh, 2e-7);
}

TEST_CASE("gelu: slopes are PyTorch's, and the gradient adds to what is there", "[nn][gelu]") {
  const auto& passes = *cpu::portable_rows<double>;
  const std::vector<double> dy(8, 2.0);
  for (const auto& [back, wanted] : {std::pair{passes.gelu_back, slope_of_erf}, {passes.gelu_tanh_back, slope_of_tanh}}) {
    std::vector<double> dx(8, 100.0);
    back(8, dx.data(), at_eight.data(), dy.data(), true);
    for (std::size_t i = 0; i < 8; ++i) {
      INFO("at " << at_eight[i]);
      CHECK(dx[i] == Approx(100 + 2 * wanted[i]).epsilon(0).margin(printed));
    }
  }
}

TEMPLATE_TEST_CASE("gelu: 0 far below, x far above, NaN stays", "[nn][gelu]", gelu<>, gelu_tanh<>) {
  const float nan = std::numeric_limits<float>::quiet_NaN(), tiny = std::numeric_limits<float>::denorm_min() * 8;
  const auto y = of_eight<TestType>(std::vector<float>{-infinity, infinity, -40, 40, 3e38f, -3e38f, nan, tiny});
  CHECK(y[0] == 0);
  CHECK(y[1] == infinity);
  CHECK(y[2] == 0);
  CHECK(y[3] == 40);
  CHECK(y[4] == 3e38f);
  CHECK(y[5] == 0);
  CHECK(std::isnan(y[6]));
  CHECK(y[7] == tiny / 2);
  const double small = std::numeric_limits<double>::denorm_min() * 8;
  const auto exact = of_eight<TestType>(std::vector<double>{-INFINITY, INFINITY, -41, 41, 1e300, -1e300, NAN, small});
  CHECK((exact[0] == 0 && exact[1] == INFINITY && exact[2] == 0 && exact[3] == 41 && exact[4] == 1e300 && exact[5] == 0));
  CHECK(std::isnan(exact[6]));
  CHECK(exact[7] == small / 2);
}

TEST_CASE("gelu: gradients agree with central differences, by itself and as a layer, through dropout, last and hidden", "[nn][gelu]") {
  const auto agrees = [](std::pair<double, double> found) {
    CHECK(found.first < gradient_tolerance);
    CHECK(found.second > 0.99);  // a GELU's slope is 0 at one number alone
  };
  agrees(gap_and_share<learned<gelu<>>>(20));
  agrees(gap_and_share<learned<gelu_tanh<>>>(20));
  agrees(gap_and_share<learned<mlp<gelu<5>, linear<2>>>>(20));
  agrees(gap_and_share<learned<mlp<gelu_tanh<5>, gelu<4>>>>(20));
  agrees(gap_and_share<learned<mlp<linear<5>, gelu_tanh<4>, linear<3>>>>(20));
  agrees(gap_and_share<learned<mlp<gelu<40>, dropout<30>, gelu_tanh<8>, dropout<20>>>>(20, {.seed = 3}));
}

TEST_CASE("gelu<width>: a layer is its linear map, then gelu<>, in training as in prediction, and describe says so", "[nn][gelu]") {
  const auto value = [](auto layer, double x) {
    using M = by_hand<decltype(layer)>;
    parameters<M, double> p;
    *p.find("y.0.weight") = 2;
    *p.find("y.0.bias") = -1;
    const predictor<M, double, "y"> predict(p, {}, select_kernels<double>());
    auto own = predict.make_workspace();
    batch<M, double> b;
    b.add_sample();
    b.template push<"x">(x);
    double y;
    predict.run(own, b, {&y});
    return y;
  };
  CHECK(value(mlp<gelu<1>>{}, 1) == Approx(of_erf[5]).epsilon(0).margin(printed));  // 2 * 1 - 1
  CHECK(value(mlp<gelu_tanh<1>>{}, 0) == Approx(of_tanh[1]).epsilon(0).margin(printed));
  CHECK(layers_text(layer_table<gelu<4>, dropout<10>, gelu_tanh<3>, relu<2>, linear<1>>::make(5)) == "4 gelu, dropout 10 %, 3 gelu tanh, 2 relu, 1");
  CHECK(describe<learned<gelu_tanh<>>>({}).find("gelu tanh") != std::string::npos);
}

TEST_CASE("gelu<width>: a prediction for one sample, its products split over threads, has the same bytes", "[nn][gelu][threads]") {
  using M = model<input<"x", features<60>, object>, let<"h", mlp<gelu<100>, gelu_tanh<70>>, of<"x">>>;
  limits<M> at;
  at.samples = 1;
  at.set<object>(40);
  const parameters<M> p(4);
  const predictor<M, float, "h"> predict(p, at, select_kernels<float>());
  batch<M> b;
  b.add_sample();
  b.count<object>(40);
  random_stream random{6, 1};
  for (int i = 0; i < 60 * 40; ++i) b.push<"x">(2 * random.uniform() - 1);
  std::vector<float> wanted(70 * 40);
  auto own = predict.make_workspace();
  predict.run(own, b, {wanted.data()});
  CHECK(std::any_of(wanted.begin(), wanted.end(), [](float x) { return std::abs(x) > 1e-2f; }));
  for (const int threads : {2, 3}) {
    INFO(threads << " threads");
    thread_pool pool(threads);
    auto split = predict.make_workspace(&pool);
    std::vector<float> found(70 * 40);
    predict.run(split, b, {found.data()});
    CHECK(std::memcmp(found.data(), wanted.data(), found.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("gelu: a model in bf16 is within the rounding of its operands, and every value is float", "[nn][gelu]") {
  using M = model<input<"x", features<3>, row>, let<"y", mlp<gelu<40>, gelu_tanh<4>>, of<"x">>>;
  const parameters<M> p(2);
  std::vector<float> full(4 * 8), rounded = full;
  for (const precision how : {precision::full, precision::bf16}) {
    limits<M> at;
    at.samples = 8;
    const predictor<M, float, "y"> predict(p, at, select_kernels<float>(isa::automatic, how));
    auto own = predict.make_workspace();
    batch<M> b;
    b.add_sample(8);
    random_stream random{1, 1};
    for (int i = 0; i < 24; ++i) b.push<"x">(2 * random.uniform() - 1);
    predict.run(own, b, {how == precision::bf16 ? rounded.data() : full.data()});
  }
  double most = 0;
  for (std::size_t i = 0; i < full.size(); ++i) most = std::max(most, std::abs(static_cast<double>(full[i]) - static_cast<double>(rounded[i])));
  CHECK(most > 0);
  CHECK(most < 0x1p-7);  // 40 terms below 1/6, each of two operands rounded to 8 bits; errors add as their root
}
