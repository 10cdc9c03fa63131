// tests/compile_fail/repeat_changes_width.cpp
// expect: relreason::repeat: the operation must return the width of its first input
#include "relreason/core/block.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", repeat<2, linear<2>>, of<"x">>>;
int width = net::n;
