// tests/compile_fail/loss_weights.cpp
// expect: relreason::cross_entropy: weights must be one number per row of the logits' space
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"a", linear<2>, of<"x">>,
                  minimize<cross_entropy<>, of<"a", "label", "x">>>;
int width = net::n;
