// tests/compile_fail/not_an_operation.cpp
// expect: relreason::model: what an equation names is not an operation, or it reads another number of values
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", object, of<"x">>>;
int width = net::n;
