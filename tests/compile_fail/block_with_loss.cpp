// tests/compile_fail/block_with_loss.cpp
// expect: relreason::block: losses, outputs, and operations that couple graphs or fill a space belong in the model, not in a block
#include "relreason/core/block.hpp"
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using learner = block<of<"x", "label">, let<"z", linear<2>, of<"x">>, minimize<cross_entropy<>, of<"z", "label">>>;
using net = model<input<"x", features<3>, scene>, input<"label", label<2>, scene>, let<"a", learner, of<"x", "label">>>;
int width = net::n;
