// tests/compile_fail/lstm_of_one_word.cpp
// expect: relreason::last_state: its tokens must lie on an each<...> space, several per parent
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", ids<3>, scene>, let<"a", last_state<lstm<2>, embedding<2>>, of<"x">>>;
int width = net::n;
