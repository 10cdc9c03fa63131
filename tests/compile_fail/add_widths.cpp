// tests/compile_fail/add_widths.cpp
// expect: relreason::add: its values must have the same width
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, input<"y", features<2>, scene>, let<"a", add, of<"x", "y">>>;
int width = net::n;
