// tests/compile_fail/unit_range_of_features.cpp
// expect: relreason::unit_range: it reads pixels<channels, height, width>
#include "relreason/core/model.hpp"
#include "relreason/nn/unit_range.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", features<3>, scene>, let<"y", unit_range, of<"x">>>;
int width = net::n;
