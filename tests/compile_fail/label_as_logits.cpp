// tests/compile_fail/label_as_logits.cpp
// expect: relreason::cross_entropy: the first value must be logits, the second the label
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net =
    model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"a", linear<2>, of<"x">>, minimize<cross_entropy<>, of<"label", "a">>>;
int width = net::n;
