// tests/compile_fail/block_reads_too_little.cpp
// expect: relreason::block: it must read as many values as it names inputs
#include "relreason/core/block.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using both = block<of<"x", "y">, let<"z", linear<2>, of<"x", "y">>>;
using net = model<input<"x", features<3>, scene>, let<"a", both, of<"x">>>;
int width = net::n;
