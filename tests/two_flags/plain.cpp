// tests/two_flags/plain.cpp -- compiled with -O2.
#include "exchange.hpp"

#define UNIT plain_unit
#include "unit.inc"
