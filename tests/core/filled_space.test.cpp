// tests/core/filled_space.test.cpp -- spaces whose rows an operation decides, and listed subsets.
#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/graph/pick.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/gradient_check.hpp"
#include "support/message_of.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
struct kept : at_most<2, scene> {};
struct kept_pair : all_pairs<kept> {};
struct chosen : some<object> {};
struct sampled : some<pair> {};

using proposals = model<input<"x", features<3>, object>, input<"label", label<3>, scene>, let<"o", linear<4>, of<"x">>,
                        let<"k", toy::keep_positive<kept>, of<"o">>, let<"r", sum_over<kept_pair, mlp<relu<5>, relu<4>>>, of<"k", "k">>,
                        let<"a", linear<3>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>>;
// The listed subset is filled by one line and read through by another; a value on it meets its scene's.
using mined = model<input<"x", features<3>, object>, input<"q", features<2>, scene>, let<"o", linear<4>, of<"x">>,
                    let<"c", toy::keep_positive<chosen>, of<"o">>, let<"p", pick<chosen>, of<"o">>, let<"h", mlp<relu<4>>, of<"c", "p", "q">>,
                    let<"r", pool<chosen>, of<"h">>, minimize<toy::half_square, of<"r">>>;
using listed =
    model<input<"x", features<1>, object>, let<"o", linear<2>, of<"x">>, let<"p", pick<chosen>, of<"o">>, minimize<toy::half_square, of<"p">>>;
using picked = model<input<"x", features<1>, object>, let<"p", pick<chosen>, of<"x">>>;
using kept_rows = model<input<"x", features<1>, object>, let<"k", toy::keep_positive<kept>, of<"x">>, let<"s", pool<kept>, of<"k">>>;

template <class M>
batch<M, double> scenes() {  // 16 scenes of 0 to 4 objects: tiles of two
  batch<M, double> b;
  random_stream random{3, 4};
  for (int s = 0; s < 16; ++s) {
    b.add_sample();
    b.template count<object>(s % 5);
    for (int j = 0; j < 3 * (s % 5); ++j) b.template push<"x">(2 * random.uniform() - 1);
    if constexpr (M::template find<"q">() >= 0)
      for (int j = 0; j < 2; ++j) b.template push<"q">(2 * random.uniform() - 1);
    else b.template push<"label">(s % 3);
  }
  return b;
}
template <class M>
double gap() {
  limits<M> at;
  at.samples = 16;
  at.template set<object>(4);
  parameters<M, double> p(5);
  CHECK(gradient_share(at, scenes<M>(), p) > 0.5);
  return gradient_gap(at, scenes<M>(), p);
}

}  // namespace

TEST_CASE("filled space: gradients pass through proposals and all pairs of them", "[core][filled_space]") {
  CHECK(gap<proposals>() < gradient_tolerance);
}

TEST_CASE("filled space: gradients pass through a subset that an operation lists", "[core][filled_space]") {
  CHECK(gap<mined>() < gradient_tolerance);
}

TEST_CASE("filled space: its count is known at run time and never beyond its capacity", "[core][filled_space]") {
  limits<kept_rows> at;
  at.samples = 3;
  at.set<object>(4);
  const parameters<kept_rows, double> p(1);
  predictor<kept_rows, double, "s"> predict(p, at, select_kernels<double>());
  predictor<kept_rows, double, "s">::workspace own(predict);
  batch<kept_rows, double> b;
  const std::vector<std::vector<double>> scenes{{1, -1, 2, 4}, {}, {-3, 8}};
  for (const auto& s : scenes) {
    b.add_sample();
    b.count<object>(static_cast<int>(s.size()));
    b.push<"x">(s.data(), s.size());
  }
  double sum[3];
  predict.run(own, b, {sum});
  CHECK(sum[0] == 3);  // 4 is the third positive row: no room
  CHECK(sum[1] == 0);
  CHECK(sum[2] == 8);
}

TEST_CASE("subset: it is read by gathering, and its gradient scatters and adds where a row is listed twice", "[core][subset]") {
  batch<listed, double> b;
  for (int s = 0; s < 16; ++s) {
    b.add_sample();
    b.count<object>(2);
    b.push<"x">(s);
    b.push<"x">(-s);
    b.count<chosen>(s % 3);
    for (int k = 0; k < s % 3; ++k) b.space<chosen>().index.push_back(2 * s + 1);
  }
  limits<listed> at;
  at.samples = 16;
  at.set<object>(2);
  parameters<listed, double> p(5);
  CHECK(gradient_share(at, b, p) == 1);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);

  batch<picked, double> few;
  few.add_sample();
  few.count<object>(3);
  for (const double x : {7, 8, 9}) few.push<"x">(x);
  few.count<chosen>(3);
  few.space<chosen>().index = {2, 0, 2};
  limits<picked> at_picked;
  at_picked.set<object>(3);
  const parameters<picked, double> none(1);
  predictor<picked, double, "p"> predict(none, at_picked, select_kernels<double>());
  predictor<picked, double, "p">::workspace own(predict);
  double y[3];
  predict.run(own, few, {y});
  CHECK(y[0] == 9);
  CHECK(y[1] == 7);
  CHECK(y[2] == 9);
}

TEST_CASE("subset: pairs can be sampled, by row of the pair", "[core][subset]") {
  using sampler = model<input<"o", features<1>, object>, input<"e", features<1>, pair>, let<"p", pick<sampled>, of<"e">>,
                        let<"r", sum_over<pair, mlp<relu<1>>>, of<"o", "o">>, let<"s", pool<sampled>, of<"p">>, let<"a", linear<1>, of<"s", "r">>>;
  batch<sampler, double> b;
  for (const int n : {1, 2}) {
    b.add_sample();
    b.count<object>(n);
    for (int i = 0; i < n; ++i) b.push<"o">(0.0);
    for (int i = 0; i < n * n; ++i) b.push<"e">(10.0 * n + i);
    b.count<sampled>(1);
  }
  b.space<sampled>().index = {0, 4};  // the last pair of the second scene: row 1 + 3
  limits<sampler> at;
  at.samples = 2;
  at.set<object>(2);
  const parameters<sampler, double> p(1);
  predictor<sampler, double, "s"> predict(p, at, select_kernels<double>());
  predictor<sampler, double, "s">::workspace own(predict);
  double y[2];
  predict.run(own, b, {y});
  CHECK(y[0] == 10);
  CHECK(y[1] == 23);
  b.space<sampled>().index = {1, 4};  // a row of another scene
  CHECK(contains(message_of([&] { predict.run(own, b, {y}); }), "entry 0 of the indices of sampled is 1; parent 0 has the rows 0 to 0"));
}
