// tests/compile_fail/batch_of_no_input.cpp
// expect: relreason::batch: the model has no such input
#include "relreason/core/batch.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x">>>;
void fill(batch<net>& b) { b.push<"a">(1.f); }
