// examples/program_device.hpp -- where a program trains: on the CPU, or on what --device names where the program has the CUDA part of its models.
#pragma once

#include <type_traits>

#include "relreason/backend/device_name.hpp"
#include "relreason/core/error.hpp"
#include "relreason/train/device_trainer.hpp"

namespace program {

// PROGRAM_CUDA: linked with PROGRAM_cuda*.cu, which have that part.
#if defined(PROGRAM_CUDA)
inline constexpr bool has_cuda = true;
#else
inline constexpr bool has_cuda = false;
#endif

template <class M, class Optimizer, relreason::name... Wanted>
using trainer_type = std::conditional_t<has_cuda, relreason::device_trainer<M, Optimizer, Wanted...>, relreason::trainer<M, Optimizer, Wanted...>>;

inline void check(const relreason::device::device_name& device) {
  if (device.cuda && !has_cuda)
    relreason::fail("--device ", relreason::device::text_of(device), ": this program was built without CUDA; see docs/gpu.md");
}

}  // namespace program
