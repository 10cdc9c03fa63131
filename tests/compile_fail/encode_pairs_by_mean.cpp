// tests/compile_fail/encode_pairs_by_mean.cpp
// expect: relreason::encode_pairs: it keeps every pair, so its only option is question_at<layer>; sum_over aggregates
#include "relreason/core/model.hpp"
#include "relreason/message/encode_pairs.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", encode_pairs<pair, mlp<relu<4>>, by_mean>, of<"o", "o">>>;
int width = net::n;
