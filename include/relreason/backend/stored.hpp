// relreason/backend/stored.hpp -- where the numbers of pair layers lie: as T, or, on a device, as bf16; a pointer that knows which.
// bf16 between the layers; arithmetic and sums in T.
#pragma once

#include <cstddef>
#include <type_traits>

#include "relreason/backend/cuda/arithmetic.cuh"
#include "relreason/core/error.hpp"

namespace relreason {

// What is read is exact; what is written is rounded to nearest even where it is stored as bf16.
template <class T>
struct stored {
  using bf16 = std::conditional_t<std::is_const_v<T>, const device::bf16, device::bf16>;
  T* at = nullptr;
  bool as_bf16 = false;  // then `at` is the address of an array of bf16

  stored() = default;
  RELREASON_HD stored(std::nullptr_t) {}
  RELREASON_HD stored(T* p) : at(p) {}
  RELREASON_HD stored(bf16* p) : at(reinterpret_cast<T*>(p)), as_bf16(true) {}
  RELREASON_HD stored(T* p, bool two_bytes) : at(p), as_bf16(two_bytes) {}
  template <class U, class = std::enable_if_t<std::is_same_v<const U, T> && !std::is_const_v<U>>>
  RELREASON_HD stored(const stored<U>& other) : at(other.at), as_bf16(other.as_bf16) {}

  // For code that knows T alone, as the CPU's does.
  operator T*() const {
    if (as_bf16) fail("stored: numbers in bf16 were asked for as numbers of ", sizeof(T), " bytes; this is a bug of relreason");
    return at;
  }
  explicit operator bool() const { return at != nullptr; }
  RELREASON_HD bf16* halves() const { return reinterpret_cast<bf16*>(at); }
  RELREASON_HD stored operator+(std::size_t n) const { return as_bf16 ? stored(halves() + n) : stored(at + n); }
  RELREASON_HD std::remove_const_t<T> get(std::size_t i) const { return as_bf16 ? static_cast<T>(static_cast<float>(halves()[i])) : at[i]; }
  RELREASON_HD void set(std::size_t i, T value) const {
    if (as_bf16) halves()[i] = bf16(static_cast<float>(value));
    else at[i] = value;
  }
  // f(pointer), as the numbers lie there.
  template <class F>
  void typed(const F& f) const {
    as_bf16 ? f(halves()) : f(at);
  }
};

}  // namespace relreason
