// tests/core/model.test.cpp -- values with several readers, tied and frozen lines, listed edges, spaces two levels deep.
#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/message_of.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct question : each<scene> {};
struct word : each<question> {};
struct edge : links<word> {};

// "h" has four readers; "t" and "u" are tied; the frozen line is read but never learned.
using many_readers =
    model<input<"x", features<3>, word>, input<"label", label<3>, word>, let<"h", linear<3>, of<"x">>, let<"t", shared<"tied", linear<3>>, of<"h">>,
          let<"u", shared<"tied", linear<3>>, of<"t">>, frozen<"f", linear<3>, of<"h">>, let<"sum", add, of<"h", "t", "u", "h", "f">>,
          let<"a", linear<3>, of<"sum">>, minimize<cross_entropy<>, of<"a", "label">>>;
// Words in questions in scenes: values of all three levels meet at the words, and pool back level by level.
using deep = model<input<"w", features<2>, word>, input<"q", features<2>, question>, input<"s", features<2>, scene>, input<"label", label<3>, scene>,
                   let<"ws", linear<3>, of<"s">>, let<"wq", linear<3>, of<"q">>, let<"h", mlp<relu<4>, relu<4>>, of<"w", "wq", "ws">>,
                   let<"m", pool<word, by_mean>, of<"h">>, let<"n", mlp<relu<4>>, of<"m", "ws">>, let<"p", pool<question>, of<"n">>,
                   let<"a", linear<3>, of<"p">>, minimize<cross_entropy<>, of<"a", "label">>>;
using graph = model<input<"x", features<2>, word>, let<"h", linear<3>, of<"x">>, let<"m", toy::gather_sum<edge>, of<"h">>,
                    let<"a", mlp<relu<3>>, of<"h", "m">>, minimize<toy::half_square, of<"a">>>;
using messages = model<input<"x", features<1>, word>, let<"m", toy::gather_sum<edge>, of<"x">>>;

// 16 scenes of 0 to 2 questions of 0 to 3 words; a ring of edges over the words of every question.
template <class M>
batch<M, double> scenes() {
  batch<M, double> b;
  random_stream random{3, 4};
  const auto fill = [&]<name N, int Width>() {
    if constexpr (M::template find<N>() >= 0)
      for (int j = 0; j < Width; ++j) b.template push<N>(2 * random.uniform() - 1);
  };
  int row = 0;
  for (int s = 0; s < 16; ++s) {
    b.add_sample();
    b.template count<question>(s % 3);
    fill.template operator()<"s", 2>();
    if constexpr (M::template find<"s">() >= 0) b.template push<"label">(s % 3);
    for (int q = 0; q < s % 3; ++q) {
      const int words = (s + q) % 4;
      b.template count<word>(words);
      fill.template operator()<"q", 2>();
      if constexpr (M::template space<edge>() >= 0) b.template count<edge>(words);
      for (int w = 0; w < words; ++w) {
        fill.template operator()<"w", 2>();
        fill.template operator()<"x", M::info[0].width>();
        if constexpr (M::template space<edge>() >= 0) b.template link<edge>(row + w, row + (w + 1) % words);
        if constexpr (M::template find<"label">() == 1) b.template push<"label">(w % 3);
      }
      row += words;
    }
  }
  return b;
}
template <class M>
limits<M> planned() {
  limits<M> at;
  at.samples = 16;
  at.template set<question>(2).template set<word>(3);
  if constexpr (M::template space<edge>() >= 0) at.template set<edge>(3);
  return at;
}
template <class M>
double gap(double share) {
  parameters<M, double> p(11);
  CHECK(gradient_share(planned<M>(), scenes<M>(), p) > share);
  return gradient_gap(planned<M>(), scenes<M>(), p);
}

}  // namespace

TEST_CASE("model: the gradient of a value is the sum of its readers', tied lines and a frozen one included", "[core][model]") {
  CHECK(parameters<many_readers>::count() == 3 * 12);  // h, tied, a
  CHECK(parameters<many_readers>::entry("tied.weight").count == 9);
  CHECK(parameters<many_readers>::entry("f.weight").frozen);
  CHECK(gap<many_readers>(0.99) > 1e-3);  // no gradient flows through the frozen line, so the numeric one of h differs
  using without = model<input<"x", features<3>, word>, input<"label", label<3>, word>, let<"h", linear<3>, of<"x">>,
                        let<"t", shared<"tied", linear<3>>, of<"h">>, let<"u", shared<"tied", linear<3>>, of<"t">>, frozen<"f", linear<3>, of<"x">>,
                        let<"sum", add, of<"h", "t", "u", "h", "f">>, let<"a", linear<3>, of<"sum">>, minimize<cross_entropy<>, of<"a", "label">>>;
  CHECK(gap<without>(0.99) < gradient_tolerance);
}

TEST_CASE("model: a value on a parent is read by its children and their children", "[core][model]") { CHECK(gap<deep>(0.6) < gradient_tolerance); }

TEST_CASE("links: messages along listed edges have the right gradients", "[core][links]") { CHECK(gap<graph>(0.4) < gradient_tolerance); }

TEST_CASE("links: an edge carries its sender's value to its receiver, and never leaves its question", "[core][links]") {
  batch<messages, double> b;
  for (int s = 0; s < 2; ++s) {
    b.add_sample();
    b.count<question>(1);
    b.count<word>(3);
    b.count<edge>(3);
    for (int w = 0; w < 3; ++w) b.push<"x">(10.0 * s + w + 1);
    for (int w = 0; w < 3; ++w) b.link<edge>(3 * s + w, 3 * s + (w == 2 ? 1 : 0));
  }
  limits<messages> at = planned<messages>();
  const parameters<messages, double> p(1);
  predictor<messages, double, "m"> predict(p, at, select_kernels<double>());
  predictor<messages, double, "m">::workspace own(predict);
  double y[6];
  predict.run(own, b, {y});
  const double wanted[6] = {3, 3, 0, 23, 13, 0};
  for (int i = 0; i < 6; ++i) CHECK(y[i] == wanted[i]);
  b.space<edge>().senders[4] = 2;  // a word of the other scene, which another tile may not see
  CHECK(contains(message_of([&] { predict.run(own, b, {y}); }), "entry 4 of the senders of edge is 2; parent 1 has the rows 3 to 5"));
}
