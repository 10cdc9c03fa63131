// tests/compile_fail/dropout_first.cpp
// expect: relreason::mlp: dropout<percent> must follow the layer that it drops from
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", mlp<dropout<50>, linear<2>>, of<"x">>>;
int width = net::n;
