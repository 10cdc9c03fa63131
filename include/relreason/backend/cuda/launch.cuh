// relreason/backend/cuda/launch.cuh -- passes that a GPU runs a warp at a time; elsewhere one thread does what a warp does, in the same order.
#pragma once

#include <cstddef>
#include <cstring>

#include "relreason/backend/cuda/system.cuh"
#if defined(__CUDACC__)
#include "relreason/backend/cuda/error.cuh"
#endif

namespace relreason::device {

inline constexpr unsigned warp_lanes = 32;

#if defined(__CUDACC__)
namespace detail {

inline constexpr unsigned warps_per_block = 8;

// A lane's view of its warp. Tests play warps with one of their own.
struct gpu_warp {
  unsigned lane;
  RELREASON_HD unsigned word_of(unsigned mine, unsigned from) const {  // all lanes call it together
#if defined(__CUDA_ARCH__)
    return __shfl_sync(0xffffffffu, mine, static_cast<int>(from));
#else
    return from == lane ? mine : 0;
#endif
  }
};
template <class F>
__global__ void run_warps(std::size_t n, F f) {
  const std::size_t i = static_cast<std::size_t>(blockIdx.x) * warps_per_block + threadIdx.x / warp_lanes;
  if (i < n) f.warp(i, gpu_warp{threadIdx.x % warp_lanes});
}

}  // namespace detail

template <class F>
void launch_warps(const cuda_system& system, std::size_t n, const F& f) {
  constexpr std::size_t most = (std::size_t{1} << 31) - 1;
  const std::size_t blocks = (n + detail::warps_per_block - 1) / detail::warps_per_block;
  if (n == 0) return;
  if (blocks > most) fail("device::launch_warps: ", n, " warps are more than one launch can hold; use smaller batches");
  detail::run_warps<<<static_cast<unsigned>(blocks), warp_lanes * detail::warps_per_block, 0, system.stream>>>(n, f);
  check_launch("device::launch_warps");
}
#endif

// The value that lane `from` has; all lanes call it together.
template <class Warp, class Value>
RELREASON_HD Value value_of(const Warp& warp, const Value& mine, unsigned from) {
  static_assert(sizeof(Value) % 4 == 0, "relreason::device: what lanes exchange must be made of whole words");
  unsigned words[sizeof(Value) / 4];
  memcpy(words, &mine, sizeof mine);
  for (unsigned& w : words) w = warp.word_of(w, from);
  Value theirs;
  memcpy(static_cast<void*>(&theirs), words, sizeof theirs);
  return theirs;
}

// f.warp(i, w) for i in [0, n), by all lanes w of a warp together, where there are warps; else f(i), which must give the same bits.
template <class System, class F>
void each_warp(const System& system, std::size_t n, const F& f) {
  if constexpr (System::on_host) each(system, n, f);
  else launch_warps(system, n, f);
}

}  // namespace relreason::device
