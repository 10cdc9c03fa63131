// tests/compile_fail/shortcut_narrows.cpp
// expect: relreason::padded_shortcut: it adds channels, so there must not be fewer than before
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

using net = model<input<"x", maps<8, 4, 4>, scene>, let<"y", padded_shortcut<4>, of<"x">>>;
int width = net::n;
