// relreason/backend/cpu/processor.hpp -- which instruction sets this processor runs, and which to use: the caller's, RELREASON_ISA's or the best.
#pragma once

#include <cstdlib>
#include <string_view>

#include "relreason/backend/kernels.hpp"
#include "relreason/core/error.hpp"

namespace relreason {

// Whether this processor and its system run the instructions of a set.
inline bool supported([[maybe_unused]] isa wanted) {
  if (wanted == isa::automatic || wanted == isa::portable) return true;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (wanted == isa::avx2) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (!__builtin_cpu_supports("avx512f")) return false;
  return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
#else
  return false;
#endif
}
// Whether it has bf16 dot products.
inline bool supports_bf16() {
#if defined(__x86_64__)
  return supported(isa::avx512) && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

namespace cpu {

// The widest set that this processor runs.
inline isa best() { return supported(isa::avx512) ? isa::avx512 : supported(isa::avx2) ? isa::avx2 : isa::portable; }

// A set by its name in RELREASON_ISA; false, and `to` as it was, for any other text.
inline bool read_isa(std::string_view name, isa& to) {
  constexpr std::string_view names[]{"", "portable", "avx2", "avx512"};  // in the order of isa
  for (int i = 0; i < 4; ++i)
    if (name == names[i]) {
      to = static_cast<isa>(i);
      return true;
    }
  return false;
}

// The set to use: the one asked for, else that of RELREASON_ISA, else the best; an error where the processor lacks it.
inline isa resolve(isa wanted) {
  const char* source = "the caller";
  if (wanted == isa::automatic) {
    const char* variable = std::getenv("RELREASON_ISA");  // NOLINT(concurrency-mt-unsafe): read only, while a model is set up
    if (variable && !read_isa(variable, wanted))
      fail("select_kernels: RELREASON_ISA is \"", variable, "\"; allowed are portable, avx2 and avx512; unset it to let the processor decide");
    source = "RELREASON_ISA";
  }
  if (wanted == isa::automatic) return best();
  if (!supported(wanted))
    fail("select_kernels: ", source, " asks for ", wanted == isa::avx2 ? "avx2 (with fma)" : "avx512 (f, vl, dq and bw)",
         ", which this processor or its system lacks; ask for ", wanted == isa::avx512 && supported(isa::avx2) ? "avx2, " : "",
         "portable, or let the processor decide");
  return wanted;
}

// The same without an error, for row operations, whose results do not depend on it.
inline isa resolve_quietly() {
  isa wanted = isa::automatic;
  if (const char* variable = std::getenv("RELREASON_ISA")) read_isa(variable, wanted);  // NOLINT(concurrency-mt-unsafe): read only
  return wanted == isa::automatic || !supported(wanted) ? best() : wanted;
}

}  // namespace cpu
}  // namespace relreason
