// tests/compile_fail/ids_as_numbers.cpp
// expect: relreason: a row-wise operation reads numbers, not ids or labels; put an embedding before it
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"w", ids<9>, object>, let<"a", linear<2>, of<"w">>>;
int width = net::n;
