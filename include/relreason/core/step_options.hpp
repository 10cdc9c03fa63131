// relreason/core/step_options.hpp -- what one training step is told besides its batch, and how a number that is not finite is named.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>

#include "relreason/core/model.hpp"

namespace relreason {

struct step_options {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;   // counts steps (and micro-batches): the position of dropout's random numbers
  double scale = 1;         // of all gradients: 1 / micro-batches when they are accumulated
  bool accumulate = false;  // add to the gradients of the call before
};

namespace detail {

// "value "h" of sample 7 of the batch (number 2 of row 0 is nan)"; row counts within the sample.
inline std::string non_finite_text(const line_info& f, int sample, int row, int column, double found) {
  return (f.kind == line_kind::input ? "input \"" : "value \"") + std::string(f.id.view()) + "\"" +
         (f.once ? "" : " of sample " + std::to_string(sample) + " of the batch") + " (number " + std::to_string(column) + " of row " +
         std::to_string(row) + " is " +
         (std::isnan(found) ? "nan"
          : found > 0       ? "inf"
                            : "-inf") +
         ")";
}

}  // namespace detail

}  // namespace relreason
