// tests/embedding/mixed.hpp -- one program from a unit with exceptions (the host) and one without (a component).
#pragma once

#include <vector>

#include "product.hpp"

// Compiled without exceptions and RTTI.
std::vector<float> component_predicts(const product::net_predictor& predict, const relreason::batch<product::net>& b);
void component_fails_in_parallel(relreason::executor& threads);
