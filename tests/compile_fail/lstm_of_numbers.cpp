// tests/compile_fail/lstm_of_numbers.cpp
// expect: relreason::last_state: it reads ids<words>, not numbers
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, object>, let<"a", last_state<lstm<2>, embedding<2>>, of<"x">>>;
int width = net::n;
