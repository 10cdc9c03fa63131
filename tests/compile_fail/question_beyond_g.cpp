// tests/compile_fail/question_beyond_g.cpp
// expect: relreason::sum_over: question_at names a layer that g does not have
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net =
    model<input<"q", features<2>, scene>, input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>>, question_at<1>>, of<"o", "o", "q">>>;
int width = net::n;
