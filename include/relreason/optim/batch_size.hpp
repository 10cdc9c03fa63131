// relreason/optim/batch_size.hpp -- a batch that grows while the learning rate stays.
// Source: "Re-implementing and Extending Relation Network for R-CBIR", after Smith et al., ICLR 2018.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "relreason/core/error.hpp"
#include "relreason/optim/text.hpp"

namespace relreason {

// min(floor(initial factor^floor(e / every)), largest), e counted from 1: 32, then 64 from epoch 45, ..., 640 from epoch 225.
struct batch_size_doubling {
  int initial = 32;
  double factor = 2;
  int every = 45, largest = 640;

  int batch(int epoch) const {
    return static_cast<int>(std::min(std::floor(initial * std::pow(factor, epoch / every)), static_cast<double>(largest)));
  }
  void check() const {
    if (initial < 1 || largest < initial) fail("batch_size_doubling: initial ", initial, ", largest ", largest, "; wanted 1 <= initial <= largest");
    if (!(factor >= 1) || !std::isfinite(factor)) fail("batch_size_doubling: factor is ", detail::number_text(factor), "; wanted a number from 1 on");
    if (every < 1) fail("batch_size_doubling: every is ", every, " epochs; wanted at least 1");
  }
  std::string text() const {
    return detail::settings_text("batch-size-doubling",
                                 {{"initial", double(initial)}, {"factor", factor}, {"every", double(every)}, {"largest", double(largest)}});
  }
};

}  // namespace relreason
