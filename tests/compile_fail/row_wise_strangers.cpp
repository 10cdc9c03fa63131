// tests/compile_fail/row_wise_strangers.cpp
// expect: relreason: a row-wise operation reads values of spaces that do not contain each other; one must be the other's parent
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

struct word : each<scene> {};
using net = model<input<"o", features<3>, object>, input<"w", features<3>, word>, let<"a", linear<2>, of<"o", "w">>>;
int width = net::n;
