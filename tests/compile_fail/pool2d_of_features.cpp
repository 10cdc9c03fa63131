// tests/compile_fail/pool2d_of_features.cpp
// expect: relreason::pool2d: it reads maps<channels, height, width>, not plain features, ids or labels
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

using net = model<input<"x", features<9>, scene>, let<"y", pool2d<by_max>, of<"x">>>;
int width = net::n;
