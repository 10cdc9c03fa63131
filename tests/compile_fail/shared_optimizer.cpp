// tests/compile_fail/shared_optimizer.cpp
// expect: relreason::shared: no key is optimizer, which stands before the optimizer's arrays in a checkpoint
#include "relreason/core/model.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", features<3>, scene>, let<"a", shared<"optimizer", linear<2>>, of<"x">>>;
int width = net::n;
