// tests/compile_fail/limits_of_strange_space.cpp
// expect: relreason::limits: the model has no such space
#include "relreason/core/limits.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x">>>;
void plan(limits<net>& at) { at.set<object>(3); }
