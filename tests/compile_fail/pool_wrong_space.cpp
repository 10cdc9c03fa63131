// tests/compile_fail/pool_wrong_space.cpp
// expect: relreason::pool: its value must lie on the space that it pools
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", pool<object>, of<"x">>>;
int width = net::n;
