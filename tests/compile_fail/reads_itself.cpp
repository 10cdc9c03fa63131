// tests/compile_fail/reads_itself.cpp
// expect: relreason::model: an equation reads a name that only itself or a later line defines; equations are read from top to bottom
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x", "a">>>;
int width = net::n;
