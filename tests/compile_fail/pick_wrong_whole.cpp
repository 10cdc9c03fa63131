// tests/compile_fail/pick_wrong_whole.cpp
// expect: relreason::pick: its value must lie on the space that the subset is taken from
#include "relreason/core/model.hpp"
#include "relreason/graph/pick.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

struct word : each<scene> {};
struct masked : some<word> {};
using net = model<input<"o", features<3>, object>, let<"a", pick<masked>, of<"o">>>;
int width = net::n;
