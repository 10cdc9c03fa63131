// tests/compile_fail/dropout_all.cpp
// expect: relreason::dropout: the percentage must lie in 0 to 99
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", mlp<relu<3>, dropout<100>, linear<2>>, of<"x">>>;
int width = net::n;
