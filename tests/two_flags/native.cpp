// tests/two_flags/native.cpp -- compiled with -O3 -march=native -fopenmp.
#include "exchange.hpp"

#define UNIT native_unit
#include "unit.inc"
