// tests/compile_fail/sum_over_receivers.cpp
// expect: relreason::sum_over: its second value must have one row per receiver of the pairs
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"x", features<3>, scene>, input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>>>, of<"o", "x">>>;
int width = net::n;
