// tests/compile_fail/pixels_pushed_as_floats.cpp
// expect: relreason::batch: this input holds indices; push integers
#include "relreason/core/batch.hpp"
#include "relreason/nn/unit_range.hpp"

using namespace relreason;
struct scene : sample {};

using net = model<input<"x", pixels<3, 4, 4>, scene>, let<"y", unit_range, of<"x">>>;
void fill(batch<net>& b, const float* numbers) { b.push<"x">(numbers, 48); }
