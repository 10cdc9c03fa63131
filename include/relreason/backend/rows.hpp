// relreason/backend/rows.hpp -- element-wise passes over rows for callers without a kernel set: portable, no dispatch. Same bits as row_kernels.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "relreason/backend/cpu/rows_portable.hpp"
#include "relreason/core/philox.hpp"

namespace relreason::rows_of {

template <class T>
inline void add(std::size_t n, T* to, const T* from) {
  cpu::portable_rows<T>->add(n, to, from);
}
template <class T>
inline void scale(std::size_t n, T* to, T by) {
  cpu::portable_rows<T>->scale(n, to, by);
}
template <class T>  // to += by * from
inline void add_scaled(std::size_t n, T* to, T by, const T* from) {
  cpu::portable_rows<T>->add_scaled(n, to, by, from);
}
template <class T>
inline T dot(std::size_t n, const T* a, const T* b) {
  T s = 0;
  for (std::size_t i = 0; i < n; ++i) s += a[i] * b[i];
  return s;
}
template <class T>
inline void make_bits(std::size_t n, const T* from, std::uint32_t* bits) {
  std::fill_n(bits, (n + 31) / 32, 0u);
  for (std::size_t i = 0; i < n; ++i)
    if (from[i] > 0) bits[i / 32] |= 1u << (i % 32);
}

// Drops percent of the entries and scales the others by 1 / (1 - percent / 100). Entry i of the stream decides; calling it again on a
// gradient applies the same mask.
template <class T>
inline void dropout(std::size_t n, T* x, int percent, std::uint64_t seed, std::uint64_t stream, std::uint64_t first) {
  const auto below = static_cast<std::uint32_t>(static_cast<std::uint64_t>(percent) * 0x100000000u / 100);
  const T keep = static_cast<T>(100.0 / (100 - percent));
  philox::block b{};
  for (std::size_t i = 0; i < n; ++i) {
    const std::uint64_t position = first + i;
    if (i == 0 || position % 4 == 0) b = philox::at(seed, stream, position / 4);
    x[i] = b.v[position % 4] < below ? T(0) : x[i] * keep;
  }
}
// The stream of one layer of one line in one step.
constexpr std::uint64_t dropout_stream(std::uint64_t line, int layer, std::uint64_t step) {
  return (line ^ (step * 0x9e3779b97f4a7c15u)) + static_cast<std::uint64_t>(layer + 1) * 0xd1b54a32d192ed03u;
}

}  // namespace relreason::rows_of
