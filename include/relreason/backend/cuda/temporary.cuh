// relreason/backend/cuda/temporary.cuh -- where Thrust algorithms find scratch memory: a range of the caller's, never the heap or cudaMalloc.
#pragma once

#include <cstddef>
#include <mutex>

#include "relreason/backend/cuda/system.cuh"
#include "relreason/core/error.hpp"

namespace relreason::device {

// A Thrust allocator over [data, data + bytes), which must be memory of the system that uses it. Pieces begin at multiples of 256 bytes of the
// range. An algorithm returns them when it is through: on a stream the next one may use them again, for it runs after it. peak() is what the
// calls so far needed at once: run them once on a range that is large enough, then plan that much. (Under OpenMP it hangs on the threads' order;
// there Thrust takes part of a sort's scratch from the heap, and running out of this range ends the program, for OpenMP lets no error through.)
class temporary {
 public:
  using value_type = char;
  static constexpr std::size_t alignment = 256;

  temporary() = default;
  temporary(void* data, std::size_t bytes) : data_(static_cast<char*>(data)), bytes_(data ? bytes : 0) {}
  temporary(const temporary&) = delete;
  temporary& operator=(const temporary&) = delete;

  char* allocate(std::ptrdiff_t n) {
    const std::lock_guard<std::mutex> alone(lock_);
    const std::size_t wanted = rounded(n), free = bytes_ - used_;
    if (wanted > free)
      fail("device::temporary: an algorithm asks for ", wanted, " bytes of scratch, but ", free, " of ", bytes_, " are free; plan at least ",
           used_ + wanted, " bytes");
    char* const p = data_ + used_;
    used_ += wanted;
    ++pieces_;
    if (used_ > peak_) peak_ = used_;
    return p;
  }
  // The last piece is free at once, all of them when none is left.
  void deallocate(char* p, std::size_t n) {
    const std::lock_guard<std::mutex> alone(lock_);
    if (pieces_) --pieces_;
    if (pieces_ == 0) used_ = 0;
    else if (p + rounded(static_cast<std::ptrdiff_t>(n)) == data_ + used_) used_ = static_cast<std::size_t>(p - data_);
  }

  std::size_t bytes() const { return bytes_; }
  std::size_t used() const { return used_; }
  std::size_t peak() const { return peak_; }
  void reset() { used_ = pieces_ = 0; }

 private:
  static std::size_t rounded(std::ptrdiff_t n) {
    const std::size_t bytes = n > 0 ? static_cast<std::size_t>(n) : 0;
    return (bytes + alignment - 1) / alignment * alignment;
  }
  std::mutex lock_;  // Thrust's OpenMP sorts ask from all their threads
  char* data_ = nullptr;
  std::size_t bytes_ = 0, used_ = 0, pieces_ = 0, peak_ = 0;
};

// An array out of it for the length of a block. On a stream that is long enough: what is launched later runs later.
template <class T>
class temporary_array {
 public:
  temporary_array(temporary& from, std::size_t n) : from_(from), n_(n), data_(reinterpret_cast<T*>(from.allocate(bytes()))) {}
  temporary_array(const temporary_array&) = delete;
  temporary_array& operator=(const temporary_array&) = delete;
  ~temporary_array() { from_.deallocate(reinterpret_cast<char*>(data_), static_cast<std::size_t>(bytes())); }
  T* data() const { return data_; }

 private:
  std::ptrdiff_t bytes() const { return static_cast<std::ptrdiff_t>(n_ * sizeof(T)); }
  temporary& from_;
  std::size_t n_;
  T* data_;
};

// The system's policy with this scratch, for thrust::sort and its like. `scratch` must outlive the call.
inline auto policy_with(const serial_system&, temporary& scratch) { return thrust::cpp::par(scratch); }
#if defined(_OPENMP)
inline auto policy_with(const openmp_system&, temporary& scratch) { return thrust::omp::par(scratch); }
#endif
#if defined(__CUDACC__)
inline auto policy_with(const cuda_system& system, temporary& scratch) { return thrust::cuda::par_nosync(scratch).on(system.stream); }
#endif

}  // namespace relreason::device
