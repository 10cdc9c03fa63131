// tests/compile_fail/ids_in_sum_over.cpp
// expect: relreason::sum_over: its values must be numbers, not ids or labels
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"w", ids<9>, object>, let<"a", sum_over<pair, mlp<relu<4>>>, of<"w", "w">>>;
int width = net::n;
