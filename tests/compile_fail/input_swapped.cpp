// tests/compile_fail/input_swapped.cpp
// expect: relreason::model: the second argument of an input is features<n>, ids<n> or label<n>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", scene, features<3>>, let<"a", linear<2>, of<"x">>>;
int width = net::n;
