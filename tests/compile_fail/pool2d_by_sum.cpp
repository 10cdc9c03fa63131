// tests/compile_fail/pool2d_by_sum.cpp
// expect: relreason::pool2d: the first argument must be by_max or by_mean
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

using net = model<input<"x", maps<3, 8, 8>, scene>, let<"y", pool2d<by_sum>, of<"x">>>;
int width = net::n;
