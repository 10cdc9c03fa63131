// tests/compile_fail/mean_for_weight.cpp
// expect: relreason::minimize: the third argument is weight<n, d>; how the mean is taken is the fourth
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"a", linear<2>, of<"x">>,
                  minimize<cross_entropy<>, of<"a", "label">, per_sample>>;
int width = net::n;
