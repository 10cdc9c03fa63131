// relreason/backend/cuda/stream.cuh -- an owned CUDA stream, and events on it.
#pragma once

#include <utility>

#include "relreason/backend/cuda/error.cuh"

namespace relreason::device {

// Does not wait for the default stream, nor that for it.
class stream {
 public:
  stream() { check(cudaStreamCreateWithFlags(&handle_, cudaStreamNonBlocking), "creating a stream"); }
  stream(stream&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  stream& operator=(stream&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~stream() {
    if (handle_) (void)cudaStreamDestroy(handle_);
  }

  cudaStream_t get() const { return handle_; }
  // Waits for all work so far; what failed in it is reported here.
  void synchronize() const { check(cudaStreamSynchronize(handle_), "waiting for the device"); }

 private:
  cudaStream_t handle_ = nullptr;
};

class event {
 public:
  explicit event(bool timed = false) {
    check(cudaEventCreateWithFlags(&handle_, timed ? cudaEventDefault : cudaEventDisableTiming), "creating an event");
  }
  event(event&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  event& operator=(event&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~event() {
    if (handle_) (void)cudaEventDestroy(handle_);
  }

  void record(const stream& on) { check(cudaEventRecord(handle_, on.get()), "recording an event"); }
  void synchronize() const { check(cudaEventSynchronize(handle_), "waiting for an event"); }
  // Later work of `waiting` starts after this event.
  void hold(cudaStream_t waiting) const { check(cudaStreamWaitEvent(waiting, handle_, 0), "letting a stream wait"); }
  bool reached() const {
    const cudaError_t status = cudaEventQuery(handle_);
    if (status != cudaErrorNotReady) check(status, "asking for an event");
    return status == cudaSuccess;
  }
  // Milliseconds from this event to a later one; both timed and reached.
  float milliseconds_to(const event& later) const {
    float ms = 0;
    check(cudaEventElapsedTime(&ms, handle_, later.handle_), "reading the time between two events");
    return ms;
  }

 private:
  cudaEvent_t handle_ = nullptr;
};

}  // namespace relreason::device
