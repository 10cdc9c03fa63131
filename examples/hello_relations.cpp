// examples/hello_relations.cpp -- the smallest Relation Network: which of four points is farthest from the others? (guessing: 25 %)
#include <cmath>
#include <cstdio>

#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/trainer.hpp"

using namespace relreason;

// clang-format off
struct scene : sample {};           // one picture is one graph
struct point : each<scene> {};      // with some points
struct pair  : all_pairs<point> {}; // and every ordered pair of them

struct net : model<
    input<"x",      features<6>, point>,  // position, and the point's number as one of four
    input<"answer", label<4>,    scene>,
    let<"r", sum_over<pair, mlp<relu<64>, relu<64>>>, of<"x", "x">>,   // r = sum_ij g(x_i, x_j)
    let<"a", mlp<relu<64>, linear<4>>,                of<"r">>,        // a = f(r)
    minimize<cross_entropy<>,                         of<"a", "answer">>> {};
// clang-format on

void add_scene(batch<net>& to, random_stream& random) {
  float p[4][2], sum[4]{};
  for (auto& q : p) q[0] = 2 * random.uniform() - 1, q[1] = 2 * random.uniform() - 1;
  to.add_sample();
  to.count<point>(4);
  int farthest = 0;
  for (int i = 0; i < 4; ++i) {
    for (auto& q : p) sum[i] += std::hypot(p[i][0] - q[0], p[i][1] - q[1]);
    if (sum[i] > sum[farthest]) farthest = i;
    const float row[6]{p[i][0], p[i][1], float(i == 0), float(i == 1), float(i == 2), float(i == 3)};
    to.push<"x">(row, 6);
  }
  to.push<"answer">(farthest);
}

int main() {
  thread_pool threads;
  limits<net> at;  // capacities: all memory is planned once
  at.samples = 64;
  at.set<point>(4);
  trainer<net, adam, "a"> t(at, threads, {.seed = 1});
  random_stream random{1, 1};
  batch<net> b;
  float a[64][4];
  int right = 0;
  for (int step = 1; step <= 2000; ++step) {
    b.clear();
    for (int i = 0; i < 64; ++i) add_scene(b, random);  // new scenes: answers are counted before they are learned from
    const double loss = t.step(b, step < 1500 ? 2e-3 : 2e-4, {a[0]});
    for (int i = 0; i < 64; ++i) right += metric::largest_of(a[i], 4) == b.values<"answer">()[std::size_t(i)];
    if (step % 250 == 0) std::printf("step %4d  loss %.3f  right %.1f %%\n", step, loss, std::exchange(right, 0) / 160.);
  }
}
