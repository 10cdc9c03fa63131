// tests/compile_fail/loss_without_label.cpp
// expect: relreason::model: what an equation names is not an operation, or it reads another number of values
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x">>, minimize<cross_entropy<>, of<"a">>>;
int width = net::n;
