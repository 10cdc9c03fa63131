// tests/compile_fail/predicts_unknown_side.cpp
// expect: relreason::predictor: the line has no side result of that name
#include "relreason/core/model.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>>>, of<"o", "o">>>;
using asks = predictor<net, float, "r.weights">;
void ask(const asks& p, asks::workspace& own, const batch<net>& b, float* to) { p.run(own, b, {to}); }
