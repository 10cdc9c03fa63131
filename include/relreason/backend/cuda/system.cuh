// relreason/backend/cuda/system.cuh -- where device code runs: a CUDA stream, or the host through Thrust's serial and OpenMP systems.
// Everything above it is written once, as function objects that each() calls; tests run it on the host systems, without a GPU or nvcc.
#pragma once

#include <cstddef>

#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system/cpp/execution_policy.h>
#if defined(_OPENMP)
#include <thrust/system/omp/execution_policy.h>
#endif
#if defined(__CUDACC__)
#include <thrust/system/cuda/execution_policy.h>

#include "relreason/backend/cuda/error.cuh"
#endif

#include "relreason/backend/host_device.hpp"

namespace relreason::device {

// A system provides policy(): a Thrust execution policy, and on_host: whether host code may read its memory.
struct serial_system {
  static constexpr bool on_host = true;
  static constexpr const char* name = "thrust serial";
  auto policy() const { return thrust::cpp::par; }
};
#if defined(_OPENMP)
struct openmp_system {
  static constexpr bool on_host = true;
  static constexpr const char* name = "thrust openmp";
  auto policy() const { return thrust::omp::par; }
};
#endif
#if defined(__CUDACC__)
struct cuda_system {
  static constexpr bool on_host = false;
  static constexpr const char* name = "cuda";
  cudaStream_t stream = nullptr;
  auto policy() const { return thrust::cuda::par_nosync.on(stream); }
};
#endif

#if defined(__CUDACC__)
namespace detail {

inline constexpr unsigned items_per_block = 256;
template <class F>
__global__ void __launch_bounds__(items_per_block) run_items(std::size_t n, F f) {
  const std::size_t i = static_cast<std::size_t>(blockIdx.x) * items_per_block + threadIdx.x;
  if (i < n) f(i);
}

}  // namespace detail
#endif

// f(i) for i in [0, n), in any order. On CUDA asynchronous, in the stream's order, without allocation: it may be captured in a graph. A kernel of
// our own there: Thrust's would report a failed launch as an exception of its own, and takes longer to compile.
template <class System, class F>
void each(const System& system, std::size_t n, const F& f) {
  if (n == 0) return;
#if defined(__CUDACC__)
  if constexpr (!System::on_host) {
    const std::size_t blocks = (n + detail::items_per_block - 1) / detail::items_per_block;
    if (blocks > 0x7fffffff) fail("device::each: ", n, " items are more than one launch can hold; use smaller batches");
    detail::run_items<<<static_cast<unsigned>(blocks), detail::items_per_block, 0, system.stream>>>(n, f);
    return check_launch("device::each");
  }
#endif
  thrust::for_each_n(system.policy(), thrust::counting_iterator<std::size_t>(0), n, f);
}

}  // namespace relreason::device
