// tests/compile_fail/reads_nothing.cpp
// expect: relreason::model: an equation must read something
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<>>>;
int width = net::n;
