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
struct object : each<scene> {};
struct token : each<scene> {};
struct mention : links<object, token> {};  // tokens send, objects receive

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
// Messages from tokens to the objects that they mention; values of the mentions themselves pool to the scene.
using mentions = model<input<"t", features<1>, token>, input<"e", features<1>, mention>, let<"m", toy::gather_sum<mention>, of<"t">>,
                       let<"p", pool<mention>, of<"e">>, output<"m">, output<"p">>;
using mentioned =
    model<input<"t", features<2>, token>, input<"x", features<2>, object>, input<"e", features<2>, mention>, let<"h", linear<3>, of<"t">>,
          let<"m", toy::gather_sum<mention>, of<"h">>, let<"a", mlp<relu<4>>, of<"x", "m">>, let<"f", linear<3>, of<"e">>,
          let<"p", pool<mention, by_mean>, of<"f">>, minimize<toy::half_square, of<"a">>, minimize<toy::half_square, of<"p">>>;
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

TEST_CASE("links: edges between two spaces, by hand, an empty side included", "[core][links]") {
  batch<mentions, double> b;
  const auto add = [&](int objects, std::vector<double> tokens, std::vector<double> edges) {
    b.add_sample();
    b.count<object>(objects);
    b.count<token>(static_cast<int>(tokens.size()));
    b.count<mention>(static_cast<int>(edges.size()));
    b.push<"t">(tokens.data(), tokens.size());
    b.push<"e">(edges.data(), edges.size());
  };
  add(3, {1, 2}, {5, 6, 7});
  add(0, {3}, {});
  add(1, {10, 20}, {8, 9});
  for (const auto& [from, to] : {std::pair{0, 2}, {1, 0}, {1, 2}, {3, 3}, {4, 3}}) b.link<mention>(from, to);
  limits<mentions> at;
  at.samples = 3;
  at.set<object>(3).set<token>(2).set<mention>(3);
  const parameters<mentions, double> none(1);
  predictor<mentions, double, "m", "p"> predict(none, at, select_kernels<double>());
  thread_pool pool(3);
  serial_executor serial;
  for (executor* threads : {static_cast<executor*>(&serial), static_cast<executor*>(&pool)}) {
    auto own = predict.make_workspace(threads);
    std::vector<double> m(4), p(3);
    predict.run(own, b, {m.data(), p.data()});
    CHECK(m == std::vector<double>{2, 0, 3, 30});
    CHECK(p == std::vector<double>{18, 0, 17});
  }
  auto own = predict.make_workspace();
  double m[4], p[3];
  b.space<mention>().senders[0] = 2;  // an object of the scene, but no token of it
  CHECK(contains(message_of([&] { predict.run(own, b, {m, p}); }), "entry 0 of the senders of mention is 2; parent 0 has the rows 0 to 1"));
  b.space<mention>().senders[0] = 0;
  b.space<mention>().receivers[3] = 4;  // a token, but no object
  CHECK(contains(message_of([&] { predict.run(own, b, {m, p}); }), "entry 3 of the receivers of mention is 4; parent 2 has the rows 3 to 3"));
}

TEST_CASE("links: gradients pass along edges between two spaces, and through values of the edges", "[core][links]") {
  batch<mentioned, double> b;
  random_stream random{3, 5};
  const auto push = [&]<name N>(int n) {
    for (int j = 0; j < 2 * n; ++j) b.push<N>(2 * random.uniform() - 1);
  };
  int first_object = 0, first_token = 0;
  for (int s = 0; s < 16; ++s) {
    const int objects = s % 4, tokens = s % 3, edges = objects && tokens ? 1 + s % 4 : 0;
    b.add_sample();
    b.count<object>(objects);
    b.count<token>(tokens);
    b.count<mention>(edges);
    push.operator()<"x">(objects);
    push.operator()<"t">(tokens);
    push.operator()<"e">(edges);
    for (int k = 0; k < edges; ++k) b.link<mention>(first_token + k % tokens, first_object + 2 * k % objects);
    first_object += objects;
    first_token += tokens;
  }
  limits<mentioned> at;
  at.samples = 16;
  at.set<object>(3).set<token>(2).set<mention>(4);
  parameters<mentioned, double> p(11);
  CHECK(gradient_share(at, b, p) > 0.6);
  CHECK(gradient_gap(at, b, p) < gradient_tolerance);
}
