// tests/nn/unit_range.test.cpp -- pixels as bytes: divided by 255 tile by tile, refused where they do not fit, with the gradients of the numbers.
#include "relreason/nn/unit_range.hpp"

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/gradient.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {

struct scene : sample {};

template <class Input, class... First>
using net = model<input<"image", Input, scene>, input<"label", label<3>, scene>, First..., let<"c", conv2d<4, kernel<3>>, of<"x">>,
                  let<"p", global_pool<>, of<"c">>, let<"a", linear<3>, of<"p">>, minimize<cross_entropy<>, of<"a", "label">>>;
using of_bytes = net<pixels<3, 6, 5>, let<"x", unit_range, of<"image">>>;
using of_numbers = net<maps<3, 6, 5>, let<"x", add, of<"image">>>;

std::vector<std::uint8_t> noise(std::size_t n) {
  std::vector<std::uint8_t> x(n);
  random_stream random{5, 6};
  for (auto& v : x) v = static_cast<std::uint8_t>(random.below(256));
  return x;
}
template <class M>
batch<M> pictures(const std::vector<std::uint8_t>& bytes) {
  batch<M> b;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i % 90 == 0) {
      b.add_sample();
      b.template push<"label">(static_cast<int>(i / 90 % 3));
    }
    if constexpr (M::info[0].bytes) b.template push<"image">(bytes[i]);
    else b.template push<"image">(static_cast<float>(bytes[i]) / 255.f);
  }
  return b;
}
template <class M>
limits<M> planned(int samples) {
  limits<M> at;
  at.samples = samples;
  return at;
}

}  // namespace

TEST_CASE("unit_range: a byte becomes its 255th, 255 becomes 1", "[nn][unit_range]") {
  using M = model<input<"image", pixels<1, 2, 2>, scene>, let<"x", unit_range, of<"image">>>;
  const parameters<M> p(1);
  const predictor<M, float, "x"> predict(p, limits<M>{}, select_kernels<float>());
  auto own = predict.make_workspace();
  batch<M> b;
  b.add_sample();
  const std::uint8_t bytes[4]{0, 51, 204, 255};
  b.push<"image">(bytes, 4);
  float x[4];
  predict.run(own, b, {x});
  CHECK(x[0] == 0.f);
  CHECK(x[1] == .2f);
  CHECK(x[2] == .8f);
  CHECK(x[3] == 1.f);
}

TEST_CASE("unit_range: bytes and their numbers give one loss and one gradient, in whatever tiles", "[nn][unit_range]") {
  thread_pool two(2);
  const auto bytes = noise(300 * 90);
  parameters<of_bytes> p(1);
  parameters<of_numbers> q(1);
  REQUIRE(p.learned() == q.learned());
  gradient_program<of_bytes> from_bytes(planned<of_bytes>(300), two, select_kernels<float>());
  gradient_program<of_numbers> from_numbers(planned<of_numbers>(300), two, select_kernels<float>());
  from_bytes.run(pictures<of_bytes>(bytes), p, {});
  from_numbers.run(pictures<of_numbers>(bytes), q, {});
  CHECK(from_bytes.loss() == Approx(from_numbers.loss()).epsilon(1e-6));
  for (std::size_t i = 0; i < p.learned(); ++i) CHECK(from_bytes.gradients()[i] == Approx(from_numbers.gradients()[i]).margin(1e-6));
}

TEST_CASE("unit_range: too few bytes, and numbers that are no bytes, are refused", "[nn][unit_range]") {
  const parameters<of_bytes> p(1);
  const predictor<of_bytes, float, "a"> predict(p, planned<of_bytes>(2), select_kernels<float>());
  auto own = predict.make_workspace();
  auto b = pictures<of_bytes>(noise(180));
  b.values<"image">().pop_back();
  float a[6];
  CHECK(contains(message_of([&] { predict.run(own, b, {a}); }), "input \"image\" has 179 values; wanted 2 rows of scene x 90 = 180"));
  const std::vector<int> large(90, 256);
  CHECK(contains(message_of([&] { b.push<"image", const int>(rows_view<const int>{large.data(), 1, 90}); }), "value 0 of row 0 is 256, too large"));
}
