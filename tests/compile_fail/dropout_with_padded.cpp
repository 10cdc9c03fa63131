// tests/compile_fail/dropout_with_padded.cpp
// expect: relreason::sum_over: dropout inside g cannot be merged with padded<n>: every padded pair has its own mask
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>, dropout<50>>, padded<4>>, of<"o", "o">>>;
int width = net::n;
