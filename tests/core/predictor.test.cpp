// tests/core/predictor.test.cpp -- where a prediction depends on the padded length, that length must be said.
#include "relreason/core/predictor.hpp"

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/block.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct word : each<scene> {};

// y = padded length of each scene's words, plus x
struct length_of_pads {
  template <class X>
  struct bind : operation {
    using space = typename X::space;
    using out = rows<scene, 1>;
    template <class S>
    static constexpr bool pads() {
      return std::is_same_v<S, space>;
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>&, const arguments<typename C::real>&, typename C::real* y) {
      for (int s = 0; s < ctx.template at<scene>().rows; ++s) y[s] = static_cast<typename C::real>(ctx.template at<space>().padded);
    }
  };
};

using plain = model<input<"x", features<1>, word>, let<"n", length_of_pads, of<"x">>>;
using in_block = model<input<"x", features<1>, word>, let<"b", block<of<"v">, let<"n", length_of_pads, of<"v">>>, of<"x">>>;

template <class M, name Wanted>
std::string predicted(int padded, float& y) {
  limits<M> at;
  at.samples = 1;
  at.template set<word>(9);
  const parameters<M> weights(1);
  const predictor<M, float, Wanted> p(weights, at, select_kernels<float>());
  auto own = p.make_workspace();
  batch<M> b;
  b.template space<word>().padded = padded;
  b.add_sample();
  b.template count<word>(2);
  b.template push<"x">(1.f);
  b.template push<"x">(2.f);
  const auto raw = message_of([&] { p.run(own, b, {&y}); });
  CHECK(message_of([&] { p.run(own, b, rows_view<float>{&y, 1, 1}); }) == raw);
  return raw;
}

}  // namespace

TEST_CASE("predictor: a batch that leaves the padded length open is refused where a line reads pads", "[core][predictor]") {
  float y = -1;
  CHECK(predicted<plain, "n">(0, y) ==
        "predictor: line \"n\" reads pads, but the length of word is 0, so it would change with the batch; set batch::space<word>().padded to the "
        "length of training (a checkpoint's setting.padding_length)");
  CHECK(y == -1);
  CHECK(predicted<plain, "n">(7, y).empty());
  CHECK(y == 7);
  CHECK(contains(predicted<in_block, "b">(0, y), "line \"b\" reads pads"));
  CHECK(predicted<in_block, "b">(5, y).empty());
  CHECK(y == 5);
}
