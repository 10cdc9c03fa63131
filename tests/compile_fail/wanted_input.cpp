// tests/compile_fail/wanted_input.cpp
// expect: relreason::gradient_program: a wanted name must be that of an equation whose result is numbers, on a space that the batch counts
#include "relreason/core/gradient.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net =
    model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"a", linear<2>, of<"x">>, minimize<cross_entropy<>, of<"a", "label">>>;
int bytes = sizeof(gradient_program<net, float, "label">);
