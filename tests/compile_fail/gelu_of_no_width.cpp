// tests/compile_fail/gelu_of_no_width.cpp
// expect: relreason::gelu: the width must be positive
#include "relreason/core/model.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", features<3>, scene>, let<"y", mlp<gelu<>, linear<2>>, of<"x">>>;
int width = net::n;
