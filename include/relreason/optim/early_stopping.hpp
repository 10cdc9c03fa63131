// relreason/optim/early_stopping.hpp -- when to validate, and when no further epoch is worth its time.
// Source: branch in-net-aggreg of the code of "Re-implementing and Extending Relation Network for R-CBIR".
#pragma once

#include <array>
#include <cmath>
#include <limits>

#include "relreason/core/error.hpp"

namespace relreason {

// Validates every 5 epochs and stops 50 epochs after the lowest validation loss, or at once at a loss that is not a number.
struct early_stopping {
  int every = 5, patience = 50;
  double best = std::numeric_limits<double>::infinity();
  double best_epoch = 0;  // 0: none yet

  bool validates(int epoch) const { return epoch % every == 0; }

  // Whether to stop after this epoch, whose validation loss is given.
  bool observe(int epoch, double loss) {
    if (std::isnan(loss)) return true;
    if (loss < best) {
      best = loss;
      best_epoch = epoch;
    }
    return epoch - best_epoch >= patience;
  }

  // What a checkpoint keeps.
  std::array<double, 2> state() const { return {best, best_epoch}; }
  void restore(const std::array<double, 2>& state) {
    if (std::isnan(state[0]) || !(state[1] >= 0) || !std::isfinite(state[1]))
      fail("early_stopping::restore: state (", state[0], ", ", state[1], "); wanted (lowest loss, its epoch)");
    best = state[0];
    best_epoch = state[1];
  }
  void check() const {
    if (every < 1) fail("early_stopping: every is ", every, " epochs; wanted at least 1");
    if (patience < every) fail("early_stopping: patience is ", patience, " epochs; wanted at least ", every, ", the time between two validations");
  }
};

}  // namespace relreason
