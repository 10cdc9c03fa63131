// tests/compile_fail/norm_unknown_option.cpp
// expect: relreason::batch_norm: an option must be then_relu, uniform_weight or running_statistics
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

using net = model<input<"x", features<9>, scene>, let<"y", batch_norm<no_bias>, of<"x">>>;
int width = net::n;
