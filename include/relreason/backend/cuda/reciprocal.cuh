// relreason/backend/cuda/reciprocal.cuh -- division of 32-bit numbers by a divisor known beforehand: a product and two shifts.
// Source: Granlund, Montgomery, "Division by invariant integers using multiplication", PLDI 1994, Fig. 4.1; exact for every numerator.
#pragma once

#include <cstddef>
#include <cstdint>

#include "relreason/backend/host_device.hpp"

namespace relreason::device {

class reciprocal {
 public:
  reciprocal() = default;
  // A divisor of 0 counts as 1: nothing is divided by the width of an empty array.
  RELREASON_HD constexpr explicit reciprocal(std::uint32_t divisor) : divisor_(divisor ? divisor : 1) {
    std::uint32_t bits = 0;  // the least with 2^bits >= divisor
    while ((std::uint64_t{1} << bits) < divisor_) ++bits;
    factor_ = static_cast<std::uint32_t>((((std::uint64_t{1} << bits) - divisor_) << 32) / divisor_ + 1);
    first_shift_ = bits ? 1 : 0;
    second_shift_ = bits ? bits - 1 : 0;
  }

  RELREASON_HD constexpr std::uint32_t divide(std::uint32_t n) const {
    const auto high = static_cast<std::uint32_t>(std::uint64_t{factor_} * n >> 32);
    return (high + ((n - high) >> first_shift_)) >> second_shift_;
  }
  RELREASON_HD constexpr std::uint32_t divisor() const { return divisor_; }

 private:
  std::uint32_t divisor_ = 1, factor_ = 1, first_shift_ = 0, second_shift_ = 0;
};

// Where element i stands in rows of a fixed width: the column runs fastest, so neighboring threads touch neighboring addresses.
struct place {
  std::size_t row;
  std::uint32_t column;
};
class grid_width {
 public:
  grid_width() = default;
  RELREASON_HD constexpr explicit grid_width(std::size_t width) : by_(static_cast<std::uint32_t>(width)) {}
  RELREASON_HD constexpr place split(std::size_t i) const {
    if (i >> 32) return {i / by_.divisor(), static_cast<std::uint32_t>(i % by_.divisor())};
    const std::uint32_t row = by_.divide(static_cast<std::uint32_t>(i));
    return {row, static_cast<std::uint32_t>(i) - row * by_.divisor()};
  }

 private:
  reciprocal by_;
};

}  // namespace relreason::device
