// tests/compile_fail/zero_width.cpp
// expect: relreason::linear: the width must be positive
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<0>, of<"x">>>;
int width = net::n;
