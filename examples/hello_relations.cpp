// examples/hello_relations.cpp -- the smallest Relation Network: do two of four points lie closer than .2? (guessing: 50 %)
#include <cmath>
#include <cstdio>

#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/trainer.hpp"
using namespace relreason;

// clang-format off
struct scene : sample {};           // one picture is one graph
struct point : each<scene> {};      // with some points
struct pair  : all_pairs<point> {}; // and every ordered pair of them

struct net : model<
    input<"x",      features<2>, point>,
    input<"answer", label<2>,    scene>,
    let<"r", sum_over<pair, mlp<relu<64>, relu<64>>>, of<"x", "x">>,   // r = sum_ij g(x_i, x_j)
    let<"a", mlp<relu<64>, linear<2>>,                of<"r">>,        // a = f(r)
    minimize<cross_entropy<>,                         of<"a", "answer">>> {};
// clang-format on

void add_scene(batch<net>& to, random_stream& random) {
  float p[8], least = 9;
  for (float& x : p) x = random.uniform();
  for (int i = 0; i < 8; i += 2)
    for (int j = 0; j < i; j += 2) least = std::fmin(least, std::hypot(p[i] - p[j], p[i + 1] - p[j + 1]));
  to.add_sample();
  to.count<point>(4);
  to.push<"x">(p, 8);
  to.push<"answer">(least < .2f);
}

int main() {
  thread_pool threads;
  trainer<net, adam, "a"> t(limits<net>{.samples = 64}.set<point>(4), threads, {.seed = 1});  // all memory is planned once, for these capacities
  random_stream random{1, 1};
  batch<net> b;
  float a[64][2];
  for (int step = 1, right = 0; step <= 2000; ++step) {
    b.clear();
    for (int i = 0; i < 64; ++i) add_scene(b, random);  // new scenes: answers are counted before they are learned from
    const double loss = t.step(b, step < 1500 ? 2e-3 : 2e-4, {a[0]});
    for (std::size_t i = 0; i < 64; ++i) right += b.values<"answer">()[i] == (a[i][1] > a[i][0]);
    if (step % 250 == 0) std::printf("step %4d  loss %.3f  right %.1f %%\n", step, loss, std::exchange(right, 0) / 160.);
  }
}
