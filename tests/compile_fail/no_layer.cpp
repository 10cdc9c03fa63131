// tests/compile_fail/no_layer.cpp
// expect: relreason::mlp: at least one layer, such as relu<width> or linear<width>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", mlp<>, of<"x">>>;
int width = net::n;
