// tests/compile_fail/child_read_as_parent.cpp
// expect: relreason::cross_entropy: logits and label must lie on the same space
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"o", features<3>, object>, input<"label", label<2>, scene>, let<"a", linear<2>, of<"o">>,
                  minimize<cross_entropy<>, of<"a", "label">>>;
int width = net::n;
