// tests/compile_fail/bi_lstm_padded.cpp
// expect: relreason::last_state: a bi_lstm reads packed sequences
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", ids<3>, object>, let<"a", last_state<bi_lstm<2>, embedding<2>, leading>, of<"x">>>;
int width = net::n;
