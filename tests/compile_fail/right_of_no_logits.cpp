// tests/compile_fail/right_of_no_logits.cpp
// expect: relreason::trainer: right<...>() takes the first value of a loss that judges, such as the logits of cross_entropy
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/trainer.hpp"

using namespace relreason;
struct scene : sample {};
struct net : model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"h", mlp<relu<4>>, of<"x">>, let<"a", linear<2>, of<"h">>,
                   minimize<cross_entropy<>, of<"a", "label">>> {};
auto count(trainer<net>& t) { return t.right<"h">(); }
