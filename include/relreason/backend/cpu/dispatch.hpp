// relreason/backend/cpu/dispatch.hpp -- chooses the kernel set: what the caller or RELREASON_ISA asks for, else the best this processor has.
#pragma once

#include <type_traits>

#include "relreason/backend/cpu/kernels_avx2.hpp"
#include "relreason/backend/cpu/kernels_avx512.hpp"
#include "relreason/backend/cpu/kernels_bf16.hpp"
#include "relreason/backend/cpu/kernels_portable.hpp"
#include "relreason/backend/cpu/processor.hpp"
#include "relreason/core/error.hpp"

namespace relreason {

// The kernel set for element type T. The double sets are portable whatever is wanted: they serve gradient checks.
template <class T>
const kernels<T>& select_kernels(isa wanted = isa::automatic, precision p = precision::full) {
  static_assert(std::is_same_v<T, float> || std::is_same_v<T, double>, "relreason::select_kernels: the element type must be float or double");
  if (p == precision::tf32) fail("select_kernels: tf32 products are computed on CUDA devices only; ask for precision::full or precision::bf16");
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
