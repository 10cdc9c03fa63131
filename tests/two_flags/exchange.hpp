// tests/two_flags/exchange.hpp -- what two translation units, compiled with different flags, tell each other about every public type.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "relreason/core/arena.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/clevr.hpp"

// One line per public type that a program may pass from one translation unit to another.
#define TWO_FLAGS_TYPES(X)        \
  X(relreason::philox::block)     \
  X(relreason::serial_executor)   \
  X(relreason::thread_pool)       \
  X(relreason::memory)            \
  X(relreason::arena)             \
  X(relreason::clevr::object)     \
  X(relreason::clevr::scene)      \
  X(relreason::clevr::question)   \
  X(relreason::clevr::program_node)

struct layout {
  const char* type;
  std::size_t size, alignment;
};

// What one unit made: the other reads it, changes it, destroys it.
struct parcel {
  std::vector<relreason::clevr::scene> scenes;
  relreason::memory block;
  std::vector<float> numbers;
};

struct unit {
  std::vector<layout> layouts;
  parcel (*make)(relreason::executor&);
  double (*read)(const parcel&);
  void (*unmake)(parcel);
};
unit plain_unit();
unit native_unit();
