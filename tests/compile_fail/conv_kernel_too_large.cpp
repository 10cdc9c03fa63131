// tests/compile_fail/conv_kernel_too_large.cpp
// expect: relreason::conv2d: the kernel is larger than the maps and their padding
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

using net = model<input<"x", maps<3, 2, 8>, scene>, let<"y", conv2d<4, kernel<3>>, of<"x">>>;
int width = net::n;
