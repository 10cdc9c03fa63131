// tests/compile_fail/into_receivers_padded.cpp
// expect: relreason::sum_over: padded<n> merges receivers that are not there, so it cannot stand beside into_receivers
#include "relreason/core/model.hpp"
#include "relreason/message/encode_pairs.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>>, padded<4>, into_receivers>, of<"o", "o">>>;
int width = net::n;
