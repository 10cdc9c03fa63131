// relreason/backend/cuda/memory.cuh -- device and pinned host memory, allocated once at plan time, and copies on a stream.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "relreason/backend/cuda/error.cuh"
#include "relreason/backend/cuda/stream.cuh"

namespace relreason::device {

inline std::string bytes_text(std::size_t bytes) {
  if (bytes < (std::size_t{1} << 20)) return std::to_string(bytes) + " bytes";
  return std::to_string(bytes >> 20) + " MiB";
}

// What an allocation that failed says. The hint names the next step, for instance the batch size that would fit.
inline std::string no_memory_text(std::size_t asked, std::size_t free, std::size_t total, std::string_view what, std::string_view hint) {
  std::string text = "device memory for ";
  text += what;
  text += ": asked for " + bytes_text(asked) + ", free are " + bytes_text(free) + " of " + bytes_text(total) + "; ";
  text += hint;
  return text;
}

// An owned block; Free gives it back.
template <cudaError_t (*Free)(void*)>
class owned_memory {
 public:
  owned_memory() = default;
  owned_memory(owned_memory&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  owned_memory& operator=(owned_memory&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~owned_memory() {
    if (data_) (void)Free(data_);
  }

  std::byte* data() const { return static_cast<std::byte*>(data_); }
  std::size_t bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 protected:
  explicit owned_memory(std::size_t bytes) : bytes_(bytes) {}
  void* data_ = nullptr;
  std::size_t bytes_ = 0;
};

// On the current device, aligned to at least 256 bytes. Its contents are undefined.
class device_memory : public owned_memory<cudaFree> {
 public:
  device_memory() = default;
  explicit device_memory(std::size_t bytes, std::string_view what = "arrays", std::string_view hint = "use a smaller batch") : owned_memory(bytes) {
    if (bytes == 0) return;
    const cudaError_t status = cudaMalloc(&data_, bytes);
    if (status == cudaErrorMemoryAllocation) {
      (void)cudaGetLastError();
      std::size_t free = 0, total = 0;
      check(cudaMemGetInfo(&free, &total), "asking for free device memory");
      fail(no_memory_text(bytes, free, total, what, hint));
    }
    check(status, "allocating device memory");
  }
};

// Host memory that copies to and from the device may read and write while the host goes on.
class pinned_memory : public owned_memory<cudaFreeHost> {
 public:
  pinned_memory() = default;
  explicit pinned_memory(std::size_t bytes) : owned_memory(bytes) {
    if (bytes == 0) return;
    const std::string what = "pinning " + bytes_text(bytes) + " of host memory";
    check(cudaMallocHost(&data_, bytes), what.c_str());
  }
};

// n elements, in the stream's order, between any two of host and device. From host memory that is not pinned the call itself may wait.
template <class T>
void copy(cudaStream_t on, T* to, const std::type_identity_t<T>* from, std::size_t n) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (n) check(cudaMemcpyAsync(to, from, n * sizeof(T), cudaMemcpyDefault, on), "copying to or from the device");
}

template <class T>
void zero(cudaStream_t on, T* to, std::size_t n) {
  static_assert(std::is_trivially_copyable_v<T>);
  if (n) check(cudaMemsetAsync(to, 0, n * sizeof(T), on), "clearing device memory");
}

}  // namespace relreason::device
