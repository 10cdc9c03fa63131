// tests/compile_fail/no_sample.cpp
// expect: relreason::model: no space descends from sample, so there is nothing to put into a batch
#include "relreason/core/model.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct vocabulary : once {};
using net = model<input<"x", features<3>, vocabulary>, let<"a", linear<2>, of<"x">>>;
void predict(const predictor<net, float, "a">& p, predictor<net, float, "a">::workspace& own, const batch<net>& b, float* to) { p.run(own, b, {to}); }
