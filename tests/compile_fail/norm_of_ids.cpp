// tests/compile_fail/norm_of_ids.cpp
// expect: relreason::batch_norm: it normalizes numbers, not ids or labels
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

using net = model<input<"x", ids<9>, scene>, let<"y", batch_norm<>, of<"x">>>;
int width = net::n;
