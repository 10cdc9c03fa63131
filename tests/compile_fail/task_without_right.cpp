// tests/compile_fail/task_without_right.cpp
// expect: relreason::training_run: no loss judges the samples' output (cross_entropy and multi_label do); give the task its own right(b, rows)
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/run.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct net : model<input<"x", features<3>, object>, input<"label", label<2>, object>, let<"a", linear<2>, of<"x">>,
                   minimize<cross_entropy<>, of<"a", "label">>> {};  // of objects: how many samples are right is not said
struct no_verdict {
  using model = net;
  static constexpr name output = "a";
  shuffle sampler(const std::string&) const { return shuffle(4); }
  limits<net> capacity(int samples) const { return limits<net>{.samples = samples}.set<object>(3); }
  void fill(batch<net>&, std::span<const std::int32_t>, std::span<const std::int32_t>) const {}
  validation_result validate(const answers_of<net>&) const { return {}; }
  std::string item(std::int32_t) const { return "scene"; }
  void describe(std::map<std::string, std::string>&) const {}
};
using run = training_run<no_verdict>;
int bytes = sizeof(run);
