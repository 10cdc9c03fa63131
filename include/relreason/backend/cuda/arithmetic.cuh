// relreason/backend/cuda/arithmetic.cuh -- bits of floats and rounding to bf16, the same on the host and on a GPU, and as the portable CPU kernels.
#pragma once

#include <cstdint>
#include <cstring>

#include "relreason/backend/host_device.hpp"

namespace relreason::device {

RELREASON_HD inline std::uint32_t bits_of(float x) {
  std::uint32_t u = 0;
  memcpy(&u, &x, sizeof u);
  return u;
}
RELREASON_HD inline float float_of(std::uint32_t u) {
  float x = 0;
  memcpy(&x, &u, sizeof x);
  return x;
}

// Nearest even; subnormal numbers become zero and NaN stays, as cpu::bf16_bits does it.
RELREASON_HD inline std::uint16_t to_bf16(float x) {
  const std::uint32_t u = bits_of(x), magnitude = u & 0x7fffffffu;
  std::uint32_t rounded = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
  if (magnitude > 0x7f800000u) rounded = u >> 16 | 0x40u;
  if (magnitude < 0x00800000u) rounded = (u & 0x80000000u) >> 16;
  return static_cast<std::uint16_t>(rounded);
}
RELREASON_HD inline float from_bf16(std::uint16_t b) { return float_of(std::uint32_t{b} << 16); }

// A number stored in 2 bytes.
struct bf16 {
  std::uint16_t bits;
  bf16() = default;
  RELREASON_HD explicit bf16(float x) : bits(to_bf16(x)) {}
  RELREASON_HD operator float() const { return from_bf16(bits); }
};

// What a product of the given precision reads of x.
template <bool Rounded>
RELREASON_HD float operand(float x) {
  if constexpr (Rounded) return from_bf16(to_bf16(x));
  else return x;
}

}  // namespace relreason::device
