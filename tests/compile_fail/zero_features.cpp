// tests/compile_fail/zero_features.cpp
// expect: relreason::features: the width must be positive
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<0>, scene>, let<"a", linear<2>, of<"x">>>;
int width = net::n;
