// bench/cnn.cpp -- the paper's CNN alone: milliseconds of a training step and of a prediction, for batches of 128 x 128 pictures, and planned bytes.
// Usage: bench_cnn [threads]. GFLOP/s counts the products of one forward pass, three times that of a step.
#include <cstdlib>
#include <string>
#include <vector>

#include "measure.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/gradient.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
using halved = conv2d<24, kernel<3>, stride<2>, padding<1>>;
using norm = batch_norm<uniform_weight, then_relu>;
using cnn =
    model<input<"image", maps<3, 128, 128>, scene>, input<"label", label<2>, scene>, let<"c1", halved, of<"image">>, let<"n1", norm, of<"c1">>,
          let<"c2", halved, of<"n1">>, let<"n2", norm, of<"c2">>, let<"c3", halved, of<"n2">>, let<"n3", norm, of<"c3">>, let<"c4", halved, of<"n3">>,
          let<"n4", norm, of<"c4">>, let<"g", global_pool<>, of<"n4">>, let<"a", linear<2>, of<"g">>, minimize<cross_entropy<>, of<"a", "label">>>;
constexpr double forward_gflop = 2e-9 * 24 * (64 * 64 * 27 + (32 * 32 + 16 * 16 + 8 * 8) * 216);  // of one picture

batch<cnn> pictures(int n) {
  batch<cnn> b;
  b.add_sample(n);
  for (int i = 0; i < n * 3 * 128 * 128; ++i) b.push<"image">(static_cast<float>(i % 251) / 250);
  for (int i = 0; i < n; ++i) b.push<"label">(i % 2);
  return b;
}
template <class F>
double milliseconds(int times, F&& f) {
  std::vector<double> all;
  f();
  for (int k = 0; k < times; ++k) {
    const auto start = std::chrono::steady_clock::now();
    f();
    all.push_back(1e3 * bench::seconds_since(start));
  }
  return bench::median_of(all);
}
void report(const char* what, int n, double ms, double passes) {
  std::printf("%-10s %4d pictures  %9.2f ms  %7.1f GFLOP/s\n", what, n, ms, forward_gflop * passes * n / ms * 1e3);
}

}  // namespace

int main(int argc, char** argv) {
  thread_pool threads(argc > 1 ? std::atoi(argv[1]) : 1);
  parameters<cnn> p(1);
  for (const int n : {1, 64}) {
    limits<cnn> at;
    at.samples = n;
    const auto b = pictures(n);
    const predictor<cnn, float, "a"> predict(p, at, select_kernels<float>());
    auto own = predict.make_workspace(&threads);
    std::vector<float> a(2 * static_cast<std::size_t>(n));
    report("prediction", n, milliseconds(20, [&] { predict.run(own, b, {a.data()}); }), 1);
  }
  for (const int n : {64, 640}) {
    limits<cnn> at;
    at.samples = n;
    const auto b = pictures(n);
    gradient_program<cnn> step(at, threads, select_kernels<float>());
    report("step", n, milliseconds(5, [&] { step.run(b, p, {}); }), 3);
    std::printf("           planned %zu MiB beside inputs and weights\n", step.bytes() >> 20);
  }
}
