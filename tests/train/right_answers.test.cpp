// tests/train/right_answers.test.cpp -- what a loss finds right: by hand, and as the copied logits say, whole, in parts and on any number of threads.
#include <vector>

#include "catch.hpp"
#include "relreason/loss/multi_label.hpp"
#include "relreason/metric/largest.hpp"
#include "relreason/train/trainer.hpp"
#include "support/small_relations.hpp"

using namespace relreason;

namespace {

struct item : sample {};
struct part : each<item> {};
// Logits "a" of items and "p" of their parts, tags "t": x through the identity.
struct net : model<input<"x", features<3>, item>, input<"u", features<2>, part>, input<"kind", label<3>, item>, input<"tags", features<3>, item>,
                   input<"side", label<2>, part>, let<"a", linear<3>, of<"x">>, let<"t", linear<3>, of<"x">>, let<"p", linear<2>, of<"u">>,
                   minimize<multi_label, of<"t", "tags">>, minimize<cross_entropy<>, of<"a", "kind">>, minimize<cross_entropy<>, of<"p", "side">>> {};

void add(batch<net>& b, std::vector<float> x, int kind, std::vector<float> tags) {
  b.add_sample();
  b.push<"x">(x.data(), 3);
  b.push<"kind">(kind);
  b.push<"tags">(tags.data(), 3);
  b.count<part>(2);
  for (const float v : {1.f, 0.f, 3.f, 4.f}) b.push<"u">(v);
  b.push<"side">(0);
  b.push<"side">(kind == 0 ? 0 : 1);
}

}  // namespace

TEST_CASE("right answers: the greatest logit, the first of equals; all labels of a row; each loss counts rows of its own space", "[train]") {
  serial_executor serial;
  trainer<net> t(limits<net>{.samples = 4}.set<part>(2), serial, {});
  for (auto [path, width] : {std::pair{"a.weight", 3}, {"t.weight", 3}, {"p.weight", 2}})
    for (int i = 0; i < width; ++i)
      for (int j = 0; j < width; ++j) t.weights.find(path)[i * width + j] = i == j ? 1.f : 0.f;
  for (auto [path, width] : {std::pair{"a.bias", 3}, {"t.bias", 3}, {"p.bias", 2}}) std::fill_n(t.weights.find(path), width, 0.f);
  t.weights_changed();
  batch<net> b;
  add(b, {1, 2, -1}, 1, {1, 1, 0});    // both
  add(b, {2, 2, -3}, 1, {1, 1, 0});    // equals: 0 is first, so only the tags
  add(b, {5, -1, 5}, 0, {1, .5f, 1});  // equals: 0; a half counts as no
  add(b, {-1, -2, 0}, 2, {0, 0, 1});   // a logit of 0 says no
  t.step(b, 0);
  CHECK(t.right<"a">() == 3);
  CHECK(t.right<"t">() == 3);
  CHECK(t.right<"p">() == 4 + 3);  // of 8 parts: sides 0 and 1 are told, the item of kind 0 has 0 twice
  CHECK(judging_line<net, "x"> == -1);
}

TEST_CASE("right answers: a trainer counts as its logits say, whole and in parts, on any number of threads", "[train][threads]") {
  for (const int threads : {1, 3}) {
    thread_pool pool(threads);
    trainer<small::net, adam, "a"> t(small::planned(), pool, {.seed = 3});
    std::vector<float> logits(4 * small::samples);
    std::uint64_t all = 0;
    const auto wanted = [&](const batch<small::net>& b) {
      std::uint64_t right = 0;
      for (std::size_t i = 0; i < static_cast<std::size_t>(b.samples); ++i)
        right += metric::largest_of(logits.data() + 4 * i, 4) == b.values<"label">()[i];
      all += right;
      return right;
    };
    for (int k = 0; k < 10; ++k) {
      const auto b = small::scenes(k, k + 23 + k), c = small::scenes(2 * k, 2 * k + 5);
      t.step(b, 1e-2, {logits.data()});
      CHECK(t.right<"a">() == wanted(b));
      std::uint64_t sum = 0;
      for (const auto* one : {&b, &c}) {
        t.add(*one, .5, {logits.data()});
        sum += wanted(*one);
        CHECK(t.right<"a">() == sum);
      }
      t.update(1e-2);
      CHECK(t.right<"a">() == sum);
    }
    CHECK(all > 100);  // of 750: some are right, some are not
    CHECK(all < 650);
  }
}
