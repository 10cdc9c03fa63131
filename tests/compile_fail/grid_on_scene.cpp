// tests/compile_fail/grid_on_scene.cpp
// expect: relreason::grid_objects: the objects must lie on an exactly<n, ...>, each<...> or at_most<n, ...> space of the space of the maps
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

using net = model<input<"x", maps<3, 4, 4>, scene>, let<"y", grid_objects<scene>, of<"x">>>;
int width = net::n;
