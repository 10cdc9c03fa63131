// tests/compile_fail/pool_root.cpp
// expect: relreason::pool: the space has no parent to pool to
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", pool<scene>, of<"x">>>;
int width = net::n;
