// tests/compile_fail/conv_of_features.cpp
// expect: relreason::conv2d: it reads maps<channels, height, width>, not plain features, ids or labels
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

using net = model<input<"x", features<12>, scene>, let<"y", conv2d<4, kernel<3>>, of<"x">>>;
int width = net::n;
