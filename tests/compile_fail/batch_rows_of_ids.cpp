// tests/compile_fail/batch_rows_of_ids.cpp
// expect: relreason::batch: rows of features and of pixels can stay on a device, indices cannot; push them
#include "relreason/core/batch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct word : each<scene> {};
struct net : model<input<"w", ids<5>, word>, input<"label", label<2>, scene>, let<"e", embedding<2>, of<"w">>, let<"p", pool<word>, of<"e">>,
                   let<"a", linear<2>, of<"p">>, minimize<cross_entropy<>, of<"a", "label">>> {};
void fill(batch<net>& b, rows_view<const int> words) { b.push_rows<"w">(words, 0, 1); }
