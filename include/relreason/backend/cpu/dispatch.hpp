// relreason/backend/cpu/dispatch.hpp -- chooses the kernel set: what the caller or RELREASON_ISA asks for, else the best this processor has.
#pragma once

#include <cstdlib>
#include <string_view>
#include <type_traits>

#include "relreason/backend/cpu/kernels_avx2.hpp"
#include "relreason/backend/cpu/kernels_avx512.hpp"
#include "relreason/backend/cpu/kernels_bf16.hpp"
#include "relreason/backend/cpu/kernels_portable.hpp"
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

inline isa isa_named(std::string_view name) {
  if (name.empty()) return isa::automatic;
  if (name == "portable") return isa::portable;
  if (name == "avx2") return isa::avx2;
  if (name == "avx512") return isa::avx512;
  fail("select_kernels: RELREASON_ISA is \"", name, "\"; allowed are portable, avx2 and avx512; unset it to let the processor decide");
}

inline isa resolve(isa wanted) {
  const char* source = "the caller";
  if (wanted == isa::automatic) {
    const char* variable = std::getenv("RELREASON_ISA");  // NOLINT(concurrency-mt-unsafe): read only, while a model is set up
    wanted = variable ? isa_named(variable) : isa::automatic;
    source = "RELREASON_ISA";
  }
  if (wanted == isa::automatic) return supported(isa::avx512) ? isa::avx512 : supported(isa::avx2) ? isa::avx2 : isa::portable;
  if (!supported(wanted))
    fail("select_kernels: ", source, " asks for ", wanted == isa::avx2 ? "avx2 (with fma)" : "avx512 (f, vl, dq and bw)",
         ", which this processor or its system lacks; ask for ", wanted == isa::avx512 && supported(isa::avx2) ? "avx2, " : "",
         "portable, or let the processor decide");
  return wanted;
}

}  // namespace cpu

// The kernel set for element type T. The double sets are portable whatever is wanted: they serve gradient checks.
template <class T>
const kernels<T>& select_kernels(isa wanted = isa::automatic, precision p = precision::full) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "relreason::select_kernels: the element type must be float or double");
  if constexpr (std::is_same_v<T, double>) {
    if (p == precision::bf16) fail("select_kernels: bf16 products are computed for float models only; this one is double; ask for precision::full");
    return cpu::panel_kernels<cpu::portable<double>>::table;
  } else {
    [[maybe_unused]] const isa found = cpu::resolve(wanted);
    const bool rounded = p == precision::bf16;
#if defined(__x86_64__)
    if (found == isa::avx512 && rounded && supports_bf16()) return cpu::avx512_bf16::table;
    if (found == isa::avx512) return rounded ? cpu::rounded_kernels<cpu::avx512>::table : cpu::panel_kernels<cpu::avx512>::table;
    if (found == isa::avx2) return rounded ? cpu::rounded_kernels<cpu::avx2>::table : cpu::panel_kernels<cpu::avx2>::table;
#endif
    return rounded ? cpu::rounded_kernels<cpu::portable<float>>::table : cpu::panel_kernels<cpu::portable<float>>::table;
  }
}

}  // namespace relreason
