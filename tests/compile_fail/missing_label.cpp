// tests/compile_fail/missing_label.cpp
// expect: relreason::cross_entropy: the second value must be a label<classes>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x">>, minimize<cross_entropy<>, of<"a", "x">>>;
int width = net::n;
