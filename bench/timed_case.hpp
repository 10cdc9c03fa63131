// bench/timed_case.hpp -- a benchmark's case: made from settings, then run and timed step by step.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "measure.hpp"
#include "relreason/backend/cpu/dispatch.hpp"

namespace bench {

struct settings {
  std::string data;
  int threads = 1;
  bool bf16 = false;
  std::size_t batch = 0;  // 0: as many as its table row says
  relreason::precision arithmetic() const { return bf16 ? relreason::precision::bf16 : relreason::precision::full; }
  const relreason::kernels<float>& kernel() const { return relreason::select_kernels<float>(relreason::isa::automatic, arithmetic()); }
};

class timed_case {
 public:
  virtual ~timed_case() = default;
  virtual void step() = 0;
  double gflop = 0, input_mb = 0;  // of one step
  std::size_t batch = 0;
  const char* instructions = "";
};

inline void warm(timed_case& c, int least) {  // and for a second; 0: not at all
  const auto start = std::chrono::steady_clock::now();
  for (int steps = 0; steps < least || (least > 0 && seconds_since(start) < 1); ++steps) c.step();
}
inline double timed_ms(timed_case& c) {
  const auto start = std::chrono::steady_clock::now();
  c.step();
  return 1e3 * seconds_since(start);
}

}  // namespace bench
