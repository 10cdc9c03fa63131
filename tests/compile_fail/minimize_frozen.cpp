// tests/compile_fail/minimize_frozen.cpp
// expect: relreason::minimize: the loss depends on inputs and frozen lines only, so nothing can be learned from it
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, frozen<"a", linear<2>, of<"x">>,
                  minimize<cross_entropy<>, of<"a", "label">>>;
int width = net::n;
