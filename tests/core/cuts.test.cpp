// tests/core/cuts.test.cpp -- operations that couple the samples of a batch cut the list of equations.
#include <cmath>
#include <cstring>

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};

// Two cuts, and a value of the first stage that the last one reads.
using twice_cut = model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"h", linear<4>, of<"x">>, let<"c", toy::center, of<"h">>,
                        let<"g", mlp<relu<4>>, of<"c">>, let<"m", toy::times_mean, of<"g">>, let<"s", add, of<"m", "h">>,
                        let<"a", linear<3>, of<"s">>, minimize<cross_entropy<>, of<"a", "label">>>;
using once_cut =
    model<input<"x", features<2>, object>, let<"h", linear<2>, of<"x">>, let<"c", toy::center, of<"h">>, minimize<toy::half_square, of<"c">>>;
using always = model<input<"x", features<1>, scene>, let<"m", toy::times_mean, of<"x">>>;

// A loss that couples the graphs of the batch: alone, and behind two cuts and beside a loss that does not.
using contrasted = model<input<"u", features<2>, object>, input<"v", features<2>, object>, let<"x", linear<2>, of<"u">>, let<"y", linear<2>, of<"v">>,
                         minimize<toy::contrast, of<"x", "y">>>;
using coupled_loss =
    model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"h", mlp<relu<8>, linear<4>>, of<"x">>, let<"c", toy::center, of<"h">>,
          let<"g", mlp<relu<4>>, of<"c">>, let<"m", toy::times_mean, of<"g">>, let<"e", linear<4>, of<"m", "h">>, let<"a", linear<3>, of<"e">>,
          minimize<toy::contrast, of<"h", "e">, weight<1, 2>>, minimize<cross_entropy<>, of<"a", "label">>>;

template <class M, class T = double>
batch<M, T> scenes(int n) {
  batch<M, T> b;
  random_stream random{3, 4};
  b.add_sample(n);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < 3; ++j) b.template push<"x">(2 * random.uniform() - 1);
    b.template push<"label">(i % 3);
  }
  return b;
}

// Loss, gradients, weights' state and the value "e" of two training steps.
std::vector<float> stepped(executor& threads) {
  limits<coupled_loss> at;
  at.samples = 40;
  parameters<coupled_loss> p(5);
  gradient_program<coupled_loss, float, "e"> program(at, threads, select_kernels<float>());
  std::vector<float> out, e(4 * 40);
  for (const int n : {40, 33}) {
    program.run(scenes<coupled_loss, float>(n), p, {.step = static_cast<std::uint64_t>(n)}, {e.data()});
    out.push_back(static_cast<float>(program.loss()));
    out.insert(out.end(), program.gradients().begin(), program.gradients().end());
    out.insert(out.end(), p.state(), p.state() + 4);
    out.insert(out.end(), e.begin(), e.end());
    for (std::size_t i = 0; i < p.learned(); ++i) p.data()[i] -= .1f * program.gradients()[i];
  }
  return out;
}

}  // namespace

TEST_CASE("cuts: gradients through two cuts agree with central differences over several tiles", "[core][cuts]") {
  limits<twice_cut> at;
  at.samples = 40;
  parameters<twice_cut, double> p(5);
  const auto b = scenes<twice_cut>(40);
  serial_executor serial;
  gradient_program<twice_cut, double> program(at, serial, select_kernels<double>());
  REQUIRE(program.tile_samples(40) == 3);
  CHECK(gradient_share(at, b, p) > 0.8);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
}

TEST_CASE("cuts: loss, gradient and value are those of the uncut computation, written out", "[core][cuts]") {
  limits<once_cut> at;
  at.samples = 20;
  at.set<object>(3);
  parameters<once_cut, double> p(5);
  batch<once_cut, double> b;
  random_stream random{9, 9};
  for (int s = 0; s < 20; ++s) {
    b.add_sample();
    b.count<object>(s % 4);
    for (int i = 0; i < 2 * (s % 4); ++i) b.push<"x">(random.uniform());
  }
  serial_executor serial;
  gradient_program<once_cut, double, "c", "h"> program(at, serial, select_kernels<double>());
  const std::size_t n = 30;
  std::vector<double> c(2 * n), h(2 * n);
  program.run(b, p, {}, {c.data(), h.data()});

  const double *w = p.find("h.weight"), *bias = p.find("h.bias"), *x = b.values<"x">().data();
  for (std::size_t j = 0; j < 2; ++j) {
    std::vector<double> wanted(n);
    double mean = 0, loss_gradient[2] = {0, 0};
    for (std::size_t i = 0; i < n; ++i) mean += (wanted[i] = w[2 * j] * x[2 * i] + w[2 * j + 1] * x[2 * i + 1] + bias[j]) / static_cast<double>(n);
    for (std::size_t i = 0; i < n; ++i) {
      CHECK(h[2 * i + j] == Approx(wanted[i]).margin(1e-14));
      CHECK(c[2 * i + j] == Approx(wanted[i] - mean).margin(1e-14));
      for (std::size_t k = 0; k < 2; ++k) loss_gradient[k] += (wanted[i] - mean) * x[2 * i + k] / static_cast<double>(n);  // the mean of c is 0
    }
    for (std::size_t k = 0; k < 2; ++k) CHECK(program.gradients()[p.entry("h.weight").offset + 2 * j + k] == Approx(loss_gradient[k]).margin(1e-14));
    CHECK(program.gradients()[p.entry("h.bias").offset + j] == Approx(0).margin(1e-14));
  }
}

TEST_CASE("cuts: an operation that always couples reads the whole batch at prediction too", "[core][cuts]") {
  limits<always> at;
  at.samples = 40;
  const parameters<always, double> p(1);
  predictor<always, double, "m"> predict(p, at, select_kernels<double>());
  thread_pool pool(2);
  predictor<always, double, "m">::workspace own(predict, &pool);
  batch<always, double> b;
  b.add_sample(40);
  for (int i = 0; i < 40; ++i) b.push<"x">(i);
  double y[40];
  predict.run(own, b, {y});
  for (int i = 0; i < 40; ++i) CHECK(y[i] == Approx(19.5 * i));
}

TEST_CASE("cuts: a loss over all graphs of the batch has the value and gradients of the computation written out", "[core][cuts]") {
  limits<contrasted> at;
  at.samples = 20;
  at.set<object>(3);
  parameters<contrasted, double> p(5);
  batch<contrasted, double> b;
  random_stream random{9, 9};
  for (int s = 0; s < 20; ++s) {
    b.add_sample();
    b.count<object>(s % 4);
    for (int i = 0; i < 2 * (s % 4); ++i) {
      b.push<"u">(4 * random.uniform() - 2);
      b.push<"v">(4 * random.uniform() - 2);
    }
  }
  serial_executor serial;
  gradient_program<contrasted, double> program(at, serial, select_kernels<double>());
  program.run(b, p, {});

  constexpr int n = 30;  // objects of the 20 scenes
  const auto linear_of = [&](const std::vector<double>& in, const std::string& line) {
    const double *w = p.find(line + ".weight"), *bias = p.find(line + ".bias");
    std::vector<double> out;
    for (std::size_t i = 0; i < in.size(); i += 2)
      for (std::size_t j = 0; j < 2; ++j) out.push_back(w[2 * j] * in[i] + w[2 * j + 1] * in[i + 1] + bias[j]);
    return out;
  };
  const auto &u = b.values<"u">(), &v = b.values<"v">();
  REQUIRE(u.size() == 2 * n);
  const auto x = linear_of(u, "x"), y = linear_of(v, "y");
  double loss = 0;
  std::vector<double> dx(2 * n), dy(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    double scores[n], sum = 0;
    for (std::size_t k = 0; k < n; ++k) sum += scores[k] = std::exp(x[2 * i] * y[2 * k] + x[2 * i + 1] * y[2 * k + 1]);
    loss -= std::log(scores[i] / sum) / n;
    for (std::size_t k = 0; k < n; ++k)
      for (std::size_t j = 0; j < 2; ++j) {
        dx[2 * i + j] += (scores[k] / sum - (i == k)) * y[2 * k + j] / n;
        dy[2 * k + j] += (scores[k] / sum - (i == k)) * x[2 * i + j] / n;
      }
  }
  CHECK(program.loss() == Approx(loss).epsilon(1e-13));
  const auto check = [&](const std::string& line, const std::vector<double>& in, const std::vector<double>& d) {
    const double* weight = program.gradients().data() + p.entry(line + ".weight").offset;
    const double* bias = program.gradients().data() + p.entry(line + ".bias").offset;
    for (std::size_t j = 0; j < 2; ++j) {
      double wanted[3] = {0, 0, 0};
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < 3; ++k) wanted[k] += d[2 * i + j] * (k < 2 ? in[2 * i + k] : 1);
      for (std::size_t k = 0; k < 2; ++k) CHECK(weight[2 * j + k] == Approx(wanted[k]).epsilon(1e-12).margin(1e-13));
      CHECK(bias[j] == Approx(wanted[2]).epsilon(1e-12).margin(1e-13));
    }
  };
  check("x", u, dx);
  check("y", v, dy);
}

TEST_CASE("cuts: gradients of a coupled loss behind two cuts, and beside another loss, agree with central differences", "[core][cuts]") {
  limits<coupled_loss> at;
  at.samples = 40;
  parameters<coupled_loss, double> p(5);
  const auto b = scenes<coupled_loss>(40);
  CHECK(gradient_share(at, b, p) > 0.8);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
}

TEST_CASE("cuts: training steps across cuts and a coupled loss have the same bytes with 1, 2, 3 and 8 threads", "[core][cuts][threads]") {
  serial_executor serial;
  const auto wanted = stepped(serial);
  CHECK(wanted[wanted.size() / 2] != wanted[0]);  // the second step is another
  for (const int n : {1, 2, 3, 8}) {
    thread_pool pool(n);
    INFO(n << " threads");
    const auto found = stepped(pool);
    REQUIRE(found.size() == wanted.size());
    CHECK(std::memcmp(found.data(), wanted.data(), wanted.size() * sizeof(float)) == 0);
  }
}
