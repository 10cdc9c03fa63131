// tests/cuda/systems.hpp -- the host systems on which device code is tested, and small arrays for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <vector>

#include "relreason/backend/cuda/system.cuh"
#include "relreason/core/philox.hpp"

#if defined(_OPENMP)
#define RELREASON_HOST_SYSTEMS relreason::device::serial_system, relreason::device::openmp_system
#else
#define RELREASON_HOST_SYSTEMS relreason::device::serial_system
#endif

namespace systems_test {

using size_list = std::initializer_list<std::size_t>;

// n numbers in (-3, 3), of a stream of their own.
template <class T>
std::vector<T> numbers(std::size_t n, std::uint64_t stream) {
  std::vector<T> x(n);
  relreason::random_stream random{17, stream};
  for (auto& v : x) v = static_cast<T>(6 * random.uniform() - 3);
  return x;
}

// n indices below `below`.
inline std::vector<int> indices(std::size_t n, int below, std::uint64_t stream) {
  std::vector<int> x(n);
  relreason::random_stream random{18, stream};
  for (auto& v : x) v = static_cast<int>(random.below(static_cast<std::uint32_t>(below)));
  return x;
}

template <class T>
bool same_bits(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
}

}  // namespace systems_test
