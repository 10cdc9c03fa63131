// tests/compile_fail/loss_on_wrong_space.cpp
// expect: relreason::cross_entropy: logits and label must lie on the same space
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, input<"label", label<2>, object>, let<"a", linear<2>, of<"x">>,
                  minimize<cross_entropy<>, of<"a", "label">>>;
int width = net::n;
