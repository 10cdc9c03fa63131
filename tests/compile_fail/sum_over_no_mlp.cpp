// tests/compile_fail/sum_over_no_mlp.cpp
// expect: relreason::sum_over: the second argument must be an mlp<...>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, linear<4>>, of<"o", "o">>>;
int width = net::n;
