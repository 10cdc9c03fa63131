// tests/compile_fail/by_weights_with_padded.cpp
// expect: relreason::sum_over: by_weights is tied to pair positions and cannot merge padded objects; give it the zero rows instead of padded<n>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>>, by_weights<4>, padded<4>>, of<"o", "o">>>;
int width = net::n;
