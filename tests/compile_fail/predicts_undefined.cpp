// tests/compile_fail/predicts_undefined.cpp
// expect: relreason::predictor: the model defines no value of that name
#include "relreason/core/model.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x">>>;
int bytes = sizeof(predictor<net, float, "b">);
