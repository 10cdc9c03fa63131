// tests/compile_fail/name_defined_twice.cpp
// expect: relreason::model: two lines define the same name
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", linear<2>, of<"x">>, let<"a", linear<2>, of<"x">>>;
int width = net::n;
