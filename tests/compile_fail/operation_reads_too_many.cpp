// tests/compile_fail/operation_reads_too_many.cpp
// expect: relreason::model: an operation cannot read this number of values
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"w", ids<3>, scene>, let<"a", embedding<2>, of<"w", "w">>>;
int width = net::n;
