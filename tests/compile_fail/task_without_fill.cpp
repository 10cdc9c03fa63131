// tests/compile_fail/task_without_fill.cpp
// expect: relreason::training_run: the task lacks a member; relreason/train/task.hpp lists them
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/run.hpp"

using namespace relreason;
struct scene : sample {};
struct net : model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"a", linear<2>, of<"x">>,
                   minimize<cross_entropy<>, of<"a", "label">>> {};
struct no_task {
  using model = net;
  static constexpr name output = "a";
};
using run = training_run<no_task>;
int bytes = sizeof(run);
