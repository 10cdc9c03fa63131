// tests/cuda/arithmetic.test.cpp -- device arithmetic has the bits of the CPU backend.
#include "relreason/backend/cuda/arithmetic.cuh"

#include <cstdint>

#include "catch.hpp"
#include "relreason/backend/cpu/kernels_bf16.hpp"

using namespace relreason;

TEST_CASE("bf16: rounding agrees with the CPU's for every upper half and every kind of lower half") {
  long different = 0, nan_lost = 0;
  for (std::uint32_t upper = 0; upper < 0x10000; ++upper) {
    for (const std::uint32_t lower : {0u, 1u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const float x = device::float_of(upper << 16 | lower);
      different += device::to_bf16(x) != cpu::bf16_bits(x);
      nan_lost += x != x && device::from_bf16(device::to_bf16(x)) == device::from_bf16(device::to_bf16(x));
    }
  }
  CHECK(different == 0);
  CHECK(nan_lost == 0);
  CHECK(device::from_bf16(device::to_bf16(1.00390625f)) == 1.0f);       // 1 + 2^-8: a tie, to even
  CHECK(device::from_bf16(device::to_bf16(1.01171875f)) == 1.015625f);  // 1 + 3 * 2^-8: a tie, to even
  CHECK(device::operand<true>(3.14159274f) == 3.140625f);
  CHECK(device::operand<false>(3.14159274f) == 3.14159274f);
}
