// tests/compile_fail/pick_no_subset.cpp
// expect: relreason::pick: its space must be a some<...>, a listed subset
#include "relreason/core/model.hpp"
#include "relreason/graph/pick.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"o", features<3>, object>, let<"a", pick<object>, of<"o">>>;
int width = net::n;
