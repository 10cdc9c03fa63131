// tests/compile_fail/norm_in_block.cpp
// expect: relreason::block: losses, outputs, and operations that couple graphs or fill a space belong in the model, not in a block
#include "relreason/core/block.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/grid_objects.hpp"
#include "relreason/nn/pool2d.hpp"
#include "relreason/nn/relu.hpp"
#include "relreason/nn/shortcut.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};
struct few : at_most<9, scene> {};

using net = model<input<"x", features<9>, scene>, let<"y", block<of<"x">, let<"n", batch_norm<>, of<"x">>>, of<"x">>>;
int width = net::n;
