// tests/compile_fail/empty_model.cpp
// expect: relreason::model: a model needs at least one line
#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;
using net = model<>;
int width = net::n;
