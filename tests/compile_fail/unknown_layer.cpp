// tests/compile_fail/unknown_layer.cpp
// expect: relreason::mlp: a layer must be relu<width>, gelu<width>, gelu_tanh<width>, linear<width> or dropout<percent>
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, scene>, let<"a", mlp<scene, linear<2>>, of<"x">>>;
int width = net::n;
