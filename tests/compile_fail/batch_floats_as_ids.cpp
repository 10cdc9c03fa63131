// tests/compile_fail/batch_floats_as_ids.cpp
// expect: relreason::batch: this input holds indices; push integers
#include "relreason/core/batch.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;

struct scene : sample {};
using net = model<input<"w", ids<9>, scene>, let<"e", embedding<4>, of<"w">>, let<"a", linear<2>, of<"e">>>;

void fill(batch<net>& b) { b.push<"w">(1.5f); }
