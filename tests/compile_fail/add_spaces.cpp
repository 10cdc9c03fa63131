// tests/compile_fail/add_spaces.cpp
// expect: relreason::add: its values must lie on the same space
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, input<"y", features<3>, object>, let<"a", add, of<"x", "y">>>;
int width = net::n;
