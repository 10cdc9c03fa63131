// tests/compile_fail/not_a_line.cpp
// expect: relreason::model: a line must be input, let, frozen, minimize or output
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, linear<2>>;
int width = net::n;
