// tests/compile_fail/conv_unknown_option.cpp
// expect: relreason::conv2d: an option must be kernel<n>, stride<n>, padding<n> or no_bias
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

using net = model<input<"x", maps<3, 8, 8>, scene>, let<"y", conv2d<4, kernel<3>, relu<>>, of<"x">>>;
int width = net::n;
