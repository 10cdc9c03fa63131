// tests/compile_fail/name_optimizer.cpp
// expect: relreason::model: no line is named optimizer, which stands before the optimizer's arrays in a checkpoint
#include "relreason/core/model.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", features<3>, scene>, let<"optimizer", linear<2>, of<"x">>>;
int width = net::n;
