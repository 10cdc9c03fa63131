// tests/compile_fail/operation_reads_too_many.cpp
// expect: relreason::model: what an equation names is not an operation, or it reads another number of values
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"w", ids<3>, scene>, let<"a", embedding<2>, of<"w", "w">>>;
int width = net::n;
