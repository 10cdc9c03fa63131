// tests/compile_fail/grid_wrong_count.cpp
// expect: relreason::grid_objects: exactly<n, ...> must name the number of cells of the maps
#include "relreason/core/model.hpp"
#include "relreason/nn/grid_objects.hpp"

using namespace relreason;
struct scene : sample {};
struct cell : exactly<9, scene> {};

using net = model<input<"x", maps<3, 4, 4>, scene>, let<"y", grid_objects<cell>, of<"x">>>;
int width = net::n;
