// tests/compile_fail/sum_over_nodes.cpp
// expect: relreason::sum_over: its space must be an all_pairs<...>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<object, mlp<relu<4>>>, of<"o", "o">>>;
int width = net::n;
