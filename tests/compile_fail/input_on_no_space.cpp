// tests/compile_fail/input_on_no_space.cpp
// expect: relreason::model: the third argument of an input is an index space, as struct scene : sample {}
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", features<3>, int>, let<"a", linear<2>, of<"x">>>;
int width = net::n;
