// tests/compile_fail/sum_over_unknown_option.cpp
// expect: relreason::sum_over: an option must be by_sum, by_mean, by_max, by_weights<n>, padded<n>, into_receivers or question_at<layer>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>>, relu<3>>, of<"o", "o">>>;
int width = net::n;
