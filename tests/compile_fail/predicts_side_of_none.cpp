// tests/compile_fail/predicts_side_of_none.cpp
// expect: relreason::predictor: the line has no side results
#include "relreason/core/model.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x">>>;
using asks = predictor<net, float, "a.weights">;
void ask(const asks& p, asks::workspace& own, const batch<net>& b, float* to) { p.run(own, b, {to}); }
