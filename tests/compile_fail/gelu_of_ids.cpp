// tests/compile_fail/gelu_of_ids.cpp
// expect: relreason::gelu: it reads numbers, not ids or labels
#include "relreason/core/model.hpp"
#include "relreason/nn/gelu.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"w", ids<5>, scene>, let<"y", gelu<>, of<"w">>>;
int width = net::n;
