// tests/compile_fail/pairs_across_parents.cpp
// expect: relreason::all_pairs: both ends must lie in the same parent space
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

struct part : each<object> {};
struct pair : all_pairs<object, part> {};
using net = model<input<"o", features<3>, object>, input<"p", features<3>, part>, let<"r", sum_over<pair, mlp<relu<4>>>, of<"p", "o">>>;
int width = net::n;
