// tests/compile_fail/gelu_in_sum_over.cpp
// expect: relreason::sum_over: g may have only relu<width> and linear<width> layers
#include "relreason/core/model.hpp"
#include "relreason/message/encode_pairs.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>, gelu<4>>>, of<"o", "o">>>;
int width = net::n;
