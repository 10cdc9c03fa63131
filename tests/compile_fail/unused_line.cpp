// tests/compile_fail/unused_line.cpp
// expect: relreason::model: a line is read by no loss and no output; remove it, or name it in output<...>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"h", linear<2>, of<"x">>, let<"a", linear<2>, of<"x">>,
                  minimize<cross_entropy<>, of<"a", "label">>>;
int width = net::n;
