// tests/compile_fail/batch_counts_pairs.cpp
// expect: relreason::batch: only each, links and some are counted by the batch
#include "relreason/core/batch.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};

using net = model<input<"o", features<3>, object>, let<"r", sum_over<pair, mlp<relu<4>>>, of<"o", "o">>>;
void fill(batch<net>& b) { b.count<pair>(1); }
