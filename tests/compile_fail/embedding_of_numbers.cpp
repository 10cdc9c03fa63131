// tests/compile_fail/embedding_of_numbers.cpp
// expect: relreason::embedding: it reads ids<words>, not numbers
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
struct scene : sample {};
struct object : each<scene> {};

using net = model<input<"x", features<3>, object>, let<"a", embedding<2>, of<"x">>>;
int width = net::n;
