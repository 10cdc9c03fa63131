// relreason/core/input_table.hpp -- all rows of an input that a data set has: a device may hold them, so that batches name rows instead of copying them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "relreason/core/name.hpp"
#include "relreason/core/rows_view.hpp"

namespace relreason {

// Of features numbers, of pixels bytes; rows of the input's width.
struct input_table {
  name input;
  rows_view<const float> numbers = {};
  rows_view<const std::uint8_t> bytes = {};

  int rows() const { return numbers.data ? numbers.rows : bytes.rows; }
  int width() const { return numbers.data ? numbers.width : bytes.width; }
  const void* data() const { return numbers.data ? static_cast<const void*>(numbers.data) : bytes.data; }
  std::size_t size_bytes() const { return numbers.size() * sizeof(float) + bytes.size(); }
};

}  // namespace relreason
