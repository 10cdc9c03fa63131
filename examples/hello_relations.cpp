// examples/hello_relations.cpp -- the smallest Relation Network: which of four points is farthest from the others?
// Prints the model, the loss as it falls, and the share of new questions answered right: at least 90 % (guessing: 25 %).
#include <cstdio>

#include "relreason/core/describe.hpp"
#include "relreason/core/predictor.hpp"
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
    input<"x",      features<6>, point>,  // position, and the point's number as one of four
    input<"answer", label<4>,    scene>,
    let<"r", sum_over<pair, mlp<relu<64>, relu<64>>>, of<"x", "x">>,   // r = sum_ij g(x_i, x_j)
    let<"a", mlp<relu<64>, linear<4>>,                of<"r">>,        // a = f(r)
    minimize<cross_entropy<>,                         of<"a", "answer">>> {};
// clang-format on

void add_scene(batch<net>& to, random_stream& random) {
  float p[4][2], most = -1;
  int farthest = 0;
  for (auto& q : p) q[0] = 2 * random.uniform() - 1, q[1] = 2 * random.uniform() - 1;
  to.add_sample();
  to.count<point>(4);
  for (int i = 0; i < 4; ++i) {
    float sum = 0;
    for (auto& q : p) sum += std::hypot(p[i][0] - q[0], p[i][1] - q[1]);
    if (sum > most) most = sum, farthest = i;
    const float row[6] = {p[i][0], p[i][1], float(i == 0), float(i == 1), float(i == 2), float(i == 3)};
    to.push<"x">(row, 6);
  }
  to.push<"answer">(farthest);
}

int main() {
  limits<net> at;
  at.samples = 512;
  at.set<point>(4);
  std::printf("%s\n", describe<net>(at).c_str());
  thread_pool threads;
  trainer<net> t(at, threads, {.seed = 1}, adam{.weight_decay = 0});
  random_stream random{1, 1};
  batch<net> b;
  for (int step = 1; step <= 2000; ++step) {
    b.clear();
    for (int i = 0; i < 64; ++i) add_scene(b, random);
    const double loss = t.step(b, step < 1500 ? 2e-3 : 2e-4);
    if (step % 250 == 0) std::printf("step %4d  loss %.3f\n", step, loss);
  }
  b.clear();
  for (int i = 0; i < 512; ++i) add_scene(b, random);
  predictor<net, float, "a"> predict(t.weights, at, t.kernel());
  predictor<net, float, "a">::workspace own(predict);
  float a[512][4];
  predict.run(own, b, {a[0]});
  int right = 0;
  for (int i = 0; i < 512; ++i) right += std::max_element(a[i], a[i] + 4) - a[i] == b.values<"answer">()[std::size_t(i)];
  std::printf("%.1f %% of 512 new scenes right\n", 100.0 * right / 512);
  return right > 460 ? 0 : 1;
}
