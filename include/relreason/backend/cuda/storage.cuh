// relreason/backend/cuda/storage.cuh -- memory of a system, and copies between it and the host: one interface for a GPU and for host systems.
#pragma once

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

#include "relreason/backend/cuda/system.cuh"
#include "relreason/core/arena.hpp"
#if defined(__CUDACC__)
#include "relreason/backend/cuda/memory.cuh"
#include "relreason/backend/cuda/stream.cuh"
#endif

namespace relreason::device {

// block: owned memory that the system's code may touch, where it is short an error that ends in a hint; staging: host memory from which copies to
// it run beside other work; ahead: a copy that start() begins, from any thread, and that the system's later work waits for after finish().
template <class System>
struct storage {
  using block = memory;
  using staging = memory;
  struct ahead {
    void start(const System&, void* to, const void* from, std::size_t bytes) { copy({}, to, from, bytes); }
    void finish(const System&) {}
  };
  static block make(const System&, std::size_t bytes, const char*, const std::string& = {}) { return block(bytes); }
  static std::size_t available(const System&) { return std::numeric_limits<std::size_t>::max(); }
  static void copy(const System&, void* to, const void* from, std::size_t bytes) {
    if (bytes && to != from) std::memcpy(to, from, bytes);
  }
  static void wait(const System&) {}
};

#if defined(__CUDACC__)
template <>
struct storage<cuda_system> {
  using block = device_memory;
  using staging = pinned_memory;
  class ahead {
   public:
    void start(const cuda_system&, void* to, const void* from, std::size_t bytes) {
      device::copy(on_.get(), static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
      done_.record(on_);
    }
    void finish(const cuda_system& system) const { done_.hold(system.stream); }

   private:
    stream on_;
    event done_;
  };
  static block make(const cuda_system& on, std::size_t bytes, const char* what, const std::string& hint = "use a smaller batch") {
    block b(bytes, what, hint);
    zero(on.stream, b.data(), bytes);  // rows beyond a batch's are read where sizes are rounded up: they must be numbers
    return b;
  }
  static std::size_t available(const cuda_system&) {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "asking for free device memory");
    return free;
  }
  static void copy(const cuda_system& on, void* to, const void* from, std::size_t bytes) {
    device::copy(on.stream, static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes);
  }
  static void wait(const cuda_system& on) { check(cudaStreamSynchronize(on.stream), "waiting for the device"); }
};
#endif

// Memory for the parts of long sums. It grows until it has met the largest batch, then stays. While a step is captured nothing may be
// allocated: then it only notes what is missing, the capture is dropped, and the step runs as it is after grow().
template <class System>
class scratch_memory {
 public:
  std::string hint = "use a smaller batch";  // for whom there is no memory

  void* at_least(const System& on, std::size_t bytes) {
    wanted_ = std::max(wanted_, bytes);
    if (!capturing_) grow(on);
    return block_.data();
  }
  // Whether it had to. Some more than wanted, where there is room.
  bool grow(const System& on) {
    if (wanted_ <= block_.bytes()) return false;
    const std::size_t most = std::exchange(wanted_, 0);  // what does not fit now must not be asked for again
    storage<System>::wait(on);
    block_ = {};
    const std::size_t more = most + most / 4;
    block_ = storage<System>::make(on, more < storage<System>::available(on) ? more : most, "the parts of long sums", hint);
    wanted_ = most;
    return true;
  }
  void capturing(bool now) { capturing_ = now; }
  bool too_small() const { return wanted_ > block_.bytes(); }
  std::size_t bytes() const { return block_.bytes(); }

 private:
  typename storage<System>::block block_;
  std::size_t wanted_ = 0;
  bool capturing_ = false;
};

}  // namespace relreason::device
