// tests/compile_fail/too_many_reads.cpp
// expect: relreason::model: an equation reads at most eight values
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", add, of<"x", "x", "x", "x", "x", "x", "x", "x", "x">>>;
int width = net::n;
