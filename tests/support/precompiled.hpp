// tests/support/precompiled.hpp -- what nearly every test includes, compiled once per test program.
#pragma once

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/gradient.hpp"
#include "relreason/core/predictor.hpp"
