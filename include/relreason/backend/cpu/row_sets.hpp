// relreason/backend/cpu/row_sets.hpp -- the element-wise passes by instruction set. All give the same bits: only the speed depends on the choice.
#pragma once

#include <type_traits>

#include "relreason/backend/cpu/processor.hpp"
#include "relreason/backend/cpu/rows_avx2.hpp"
#include "relreason/backend/cpu/rows_avx512.hpp"
#include "relreason/backend/cpu/rows_portable.hpp"

namespace relreason {

// For callers that were not handed a kernel set: RELREASON_ISA where the processor has it, else the best.
template <class T>
const row_kernels<T>& select_rows() {
#if defined(__x86_64__)
  if constexpr (std::is_same_v<T, float>) {
    const isa found = cpu::resolve_quietly();
    if (found == isa::avx512) return cpu::rows_avx512::table;
    if (found == isa::avx2) return cpu::rows_avx2::table;
  }
#endif
  return *cpu::portable_rows<T>;
}

}  // namespace relreason
