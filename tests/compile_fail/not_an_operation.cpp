// tests/compile_fail/not_an_operation.cpp
// expect: relreason::model: an equation names something that is not an operation
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", object, of<"x">>>;
int width = net::n;
