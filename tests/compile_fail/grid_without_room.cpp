// tests/compile_fail/grid_without_room.cpp
// expect: relreason::grid_objects: at_most<n, ...> has no room for all cells of the maps
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

using net = model<input<"x", maps<3, 4, 4>, scene>, let<"y", grid_objects<few>, of<"x">>>;
int width = net::n;
