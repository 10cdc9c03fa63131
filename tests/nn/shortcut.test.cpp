// tests/nn/shortcut.test.cpp -- the residual shortcut by hand, and a whole residual network: ResNet-20's published weights give its logits.
#include "relreason/nn/shortcut.hpp"

#include <algorithm>

#include "catch.hpp"
#include "relreason/core/block.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/data/npy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"
#include "relreason/nn/relu.hpp"
#include "support/gradient_check.hpp"
#include "support/reference.hpp"
#include "support/shared_data.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct image : sample {};
using alone = model<input<"x", maps<1, 3, 2>, image>, let<"y", padded_shortcut<3>, of<"x">>>;
using learned = model<input<"x", maps<1, 5, 4>, image>, let<"c", conv2d<2, kernel<2>>, of<"x">>, let<"y", padded_shortcut<5, stride<2>>, of<"c">>,
                      minimize<toy::half_square, of<"y">>>;

// y = relu(x + norm(conv(relu(norm(conv(x)))))), statistics as published: nothing couples, so it is a block.
using norm = batch_norm<running_statistics>;
template <int Channels>
using same_size = block<of<"x">, let<"conv1", conv2d<Channels, kernel<3>, padding<1>, no_bias>, of<"x">>,
                        let<"bn1", batch_norm<running_statistics, then_relu>, of<"conv1">>,
                        let<"conv2", conv2d<Channels, kernel<3>, padding<1>, no_bias>, of<"bn1">>, let<"bn2", norm, of<"conv2">>,
                        let<"sum", add, of<"bn2", "x">>, let<"y", relu<>, of<"sum">>>;
template <int Channels>
using half_size = block<of<"x">, let<"conv1", conv2d<Channels, kernel<3>, stride<2>, padding<1>, no_bias>, of<"x">>,
                        let<"bn1", batch_norm<running_statistics, then_relu>, of<"conv1">>,
                        let<"conv2", conv2d<Channels, kernel<3>, padding<1>, no_bias>, of<"bn1">>, let<"bn2", norm, of<"conv2">>,
                        let<"way", padded_shortcut<Channels>, of<"x">>, let<"sum", add, of<"bn2", "way">>, let<"y", relu<>, of<"sum">>>;
using resnet20 = model<input<"image", maps<3, 32, 32>, image>, let<"conv1", conv2d<16, kernel<3>, padding<1>, no_bias>, of<"image">>,
                       let<"bn1", batch_norm<running_statistics, then_relu>, of<"conv1">>, let<"layer1", repeat<3, same_size<16>>, of<"bn1">>,
                       let<"layer2_0", half_size<32>, of<"layer1">>, let<"layer2_1", same_size<32>, of<"layer2_0">>,
                       let<"layer2_2", same_size<32>, of<"layer2_1">>, let<"layer3_0", half_size<64>, of<"layer2_2">>,
                       let<"layer3_1", same_size<64>, of<"layer3_0">>, let<"layer3_2", same_size<64>, of<"layer3_1">>,
                       let<"pooled", global_pool<>, of<"layer3_2">>, let<"linear", linear<10>, of<"pooled">>>;

}  // namespace

TEST_CASE("padded_shortcut: every other cell, with channels of zeros around, by hand", "[nn][shortcut]") {
  const parameters<alone, double> p(1);
  const predictor<alone, double, "y"> predict(p, {}, select_kernels<double>());
  auto own = predict.make_workspace();
  batch<alone, double> b;
  b.add_sample();
  for (int i = 1; i <= 6; ++i) b.push<"x">(static_cast<double>(i));
  std::vector<double> y(6);
  predict.run(own, b, {y.data()});
  CHECK(y == std::vector<double>{0, 1, 0, 0, 5, 0});
}

TEST_CASE("padded_shortcut: gradients agree with central differences", "[nn][shortcut]") {
  limits<learned> at;
  at.samples = 20;
  parameters<learned, double> p(5);
  batch<learned, double> b;
  random_stream random{3, 4};
  b.add_sample(20);
  for (int i = 0; i < 20 * 20; ++i) b.push<"x">(2 * random.uniform() - 1);
  CHECK(gradient_share(at, b, p) == 1);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
}

TEST_CASE("a residual network: ResNet-20's published weights load by name and give its logits for 200 pictures", "[nn][shortcut]") {
  const auto folder = shared_data("resnet20-cifar10");
  if (!folder) return;
  parameters<resnet20> p(1);
  load_weights(safetensors::file(*folder + "/resnet20.safetensors"), p,
               {.names = {{{"layer2_0.", "layer2.0."},
                           {"layer2_1.", "layer2.1."},
                           {"layer2_2.", "layer2.2."},
                           {"layer3_0.", "layer3.0."},
                           {"layer3_1.", "layer3.1."},
                           {"layer3_2.", "layer3.2."}}}});
  constexpr std::size_t n = 200;
  constexpr float mean[3]{.485f, .456f, .406f}, deviation[3]{.229f, .224f, .225f};  // as published
  const auto pictures = npy::file(*folder + "/images_uint8.npy").values<std::uint8_t>();
  const auto wanted = npy::file(*folder + "/reference_logits.npy").values<float>();
  REQUIRE(pictures.size() == n * 32 * 32 * 3);
  batch<resnet20> b;
  b.add_sample(n);
  for (std::size_t i = 0; i < pictures.size(); ++i) b.push<"image">((static_cast<float>(pictures[i]) / 255 - mean[i % 3]) / deviation[i % 3]);
  limits<resnet20> at;
  at.samples = n;
  const predictor<resnet20, float, "linear"> predict(p, at, select_kernels<float>());
  auto own = predict.make_workspace();
  std::vector<float> logits(10 * n);
  predict.run(own, b, {logits.data()});
  float worst = 0;
  int same = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) worst = std::max(worst, std::abs(logits[i] - wanted[i]));
  const auto best = [](const std::vector<float>& all, std::size_t i) {
    const auto row = all.begin() + static_cast<std::ptrdiff_t>(10 * i);
    return std::max_element(row, row + 10) - row;
  };
  for (std::size_t i = 0; i < n; ++i) same += best(logits, i) == best(wanted, i);
  CHECK(same == 200);
  CHECK(worst < 1e-4f);  // float sums over 20 layers in another order than PyTorch's; logits reach 20
}
