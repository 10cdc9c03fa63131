// relreason/core/arena.hpp -- memory planned once: an owning block on huge pages, and a cursor that hands it out.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstring>
#include <memory>
#include <utility>

#include "relreason/core/error.hpp"

namespace relreason {

// An owned, zeroed, 2 MB aligned block; large ones ask for huge pages. First touch is the caller's thread.
class memory {
 public:
  memory() = default;
  explicit memory(std::size_t bytes) : bytes_(bytes) {
    if (bytes == 0) return;
    constexpr std::size_t huge = std::size_t{2} << 20;
    mapped_ = bytes >= huge ? (bytes + huge - 1) / huge * huge + huge : (bytes + 4095) / 4096 * 4096;
    map_ = ::mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map_ == MAP_FAILED) {
      map_ = nullptr;
      fail("memory: the system refused ", bytes, " bytes; use smaller batches, or fewer threads (each has its own workspace)");
    }
    data_ = static_cast<std::byte*>(map_);
    if (bytes >= huge) {
      const auto offset = reinterpret_cast<std::size_t>(map_) % huge;
      if (offset) data_ += huge - offset;
      ::madvise(data_, mapped_ - huge, MADV_HUGEPAGE);
    }
  }
  memory(memory&& other) noexcept { *this = std::move(other); }
  memory& operator=(memory&& other) noexcept {
    std::swap(map_, other.map_);
    std::swap(data_, other.data_);
    std::swap(mapped_, other.mapped_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~memory() {
    if (map_) ::munmap(map_, mapped_);
  }

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_);
  }

 private:
  void* map_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t mapped_ = 0, bytes_ = 0;
};

// A cursor over a block, 64-byte aligned. Without a block it only measures: the same code plans and runs.
class arena {
 public:
  arena() = default;
  arena(std::byte* data, std::size_t bytes) : data_(data), capacity_(bytes) {}

  template <class T>
  T* take(std::size_t n) {
    const std::size_t start = used_;
    used_ = (used_ + n * sizeof(T) + 63) / 64 * 64;
    if (used_ > peak_) peak_ = used_;
    if (!data_) return nullptr;
    if (used_ > capacity_) fail("arena: ", used_, " bytes are wanted but ", capacity_, " were planned; this is a bug of relreason");
    return reinterpret_cast<T*>(data_ + start);
  }
  template <class T>
  T* take_zeroed(std::size_t n) {
    T* p = take<T>(n);
    if (p) std::memset(static_cast<void*>(p), 0, n * sizeof(T));
    return p;
  }

  bool measuring() const { return data_ == nullptr; }
  std::size_t used() const { return used_; }
  std::size_t peak() const { return peak_; }
  void reset(std::size_t to = 0) { used_ = to; }

 private:
  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0, used_ = 0, peak_ = 0;
};

}  // namespace relreason
