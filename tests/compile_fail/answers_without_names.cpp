// tests/compile_fail/answers_without_names.cpp -- answers of a trainer that was told no value to compute.
// expect: relreason::trainer: name the values that answers() shall compute after the optimizer
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/trainer.hpp"

using namespace relreason;

struct scene : sample {};
using net =
    model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"a", linear<3>, of<"x">>, minimize<cross_entropy<>, of<"a", "label">>>;
void ask(trainer<net>& t) { t.answers(); }
