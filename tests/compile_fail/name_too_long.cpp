// tests/compile_fail/name_too_long.cpp
// expect: relreason::name: a name has at most 23 letters
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"a_name_of_24_letters_now", features<3>, scene>, let<"a", linear<2>, of<"a_name_of_24_letters_now">>>;
int width = net::n;
