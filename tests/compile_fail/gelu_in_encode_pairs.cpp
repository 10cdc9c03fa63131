// tests/compile_fail/gelu_in_encode_pairs.cpp
// expect: relreason::sum_over: g may have only relu<width> and linear<width> layers
#include "relreason/core/model.hpp"
#include "relreason/message/encode_pairs.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", encode_pairs<pair, mlp<gelu_tanh<4>>>, of<"o", "o">>>;
int width = net::n;
