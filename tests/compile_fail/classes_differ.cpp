// tests/compile_fail/classes_differ.cpp
// expect: relreason::cross_entropy: the number of logits must equal the label's classes
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net =
    model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"a", linear<2>, of<"x">>, minimize<cross_entropy<>, of<"a", "label">>>;
int width = net::n;
