// tests/compile_fail/undefined_name.cpp
// expect: relreason::model: an equation reads a name that no line defines
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"y">>>;
int width = net::n;
