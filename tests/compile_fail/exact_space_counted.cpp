// tests/compile_fail/exact_space_counted.cpp
// expect: relreason::batch: the space has exactly as many entries as its type says; nobody counts them
#include "relreason/core/batch.hpp"
#include "relreason/message/pool.hpp"

using namespace relreason;
struct scene : sample {};
struct cell : exactly<9, scene> {};

using net = model<input<"x", features<3>, cell>, let<"y", pool<cell>, of<"x">>>;
void fill(batch<net>& b) { b.count<cell>(9); }
