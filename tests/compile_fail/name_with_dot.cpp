// tests/compile_fail/name_with_dot.cpp
// expect: relreason::model: a name has letters and no dot, which stands before a side result
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x.y", features<3>, scene>, let<"a", linear<2>, of<"x.y">>>;
int width = net::n;
