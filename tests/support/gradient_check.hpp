// tests/support/gradient_check.hpp -- gradients against central differences, in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/gradient.hpp"

// A central difference with step 1e-6 of a double-precision loss of order 1 is exact to about 1e-9; kinks of ReLU are avoided by the data.
inline constexpr double difference_step = 1e-6, gradient_tolerance = 1e-7;

// The largest gap, relative to max(1, |gradient|), between derived and numeric gradients over all learned parameters.
template <class M>
double gradient_gap(const relreason::limits<M>& at, const relreason::batch<M, double>& b, relreason::parameters<M, double>& p,
                    relreason::step_options o = {}) {
  relreason::serial_executor serial;
  relreason::gradient_program<M, double> program(at, serial, relreason::select_kernels<double>());
  program.run(b, p, o);
  const std::vector<double> derived(program.gradients().begin(), program.gradients().end());
  double worst = 0;
  for (const auto& e : p.table().entries) {
    if (e.frozen) continue;
    for (std::size_t i = e.offset; i < e.offset + e.count; ++i) {
      const double start = p.data()[i];
      p.data()[i] = start + difference_step;
      program.run(b, p, o);
      const double above = program.loss();
      p.data()[i] = start - difference_step;
      program.run(b, p, o);
      const double below = program.loss();
      p.data()[i] = start;
      const double numeric = (above - below) / (2 * difference_step);
      worst = std::max(worst, std::abs(numeric - derived[i]) / std::max(1.0, std::abs(numeric)));
      if (!std::isfinite(numeric) || !std::isfinite(derived[i])) return 1e300;
    }
  }
  return worst;
}

// The same for models with many parameters: along one direction an array, its gradient's and random signs, each of length 1. Relative to the gradient
// of all arrays: that of a bias which batch norm takes out again is 0.
template <class M>
double gradient_gap_by_array(const relreason::limits<M>& at, const relreason::batch<M, double>& b, relreason::parameters<M, double>& p,
                             relreason::step_options o = {}) {
  relreason::thread_pool two(2);
  relreason::gradient_program<M, double> program(at, two, relreason::select_kernels<double>());
  program.run(b, p, o);
  const std::vector<double> derived(program.gradients().begin(), program.gradients().end());
  const auto length = [&](std::size_t first, std::size_t count) {
    double sum = 0;
    for (std::size_t i = first; i < first + count; ++i) sum += derived[i] * derived[i];
    return std::sqrt(sum);
  };
  const double whole = length(0, derived.size());
  relreason::random_stream random{9, 9};
  double worst = 0;
  for (const auto& e : p.table().entries) {
    if (e.frozen) continue;
    const std::vector<double> start(p.data() + e.offset, p.data() + e.offset + e.count);
    const double own = length(e.offset, e.count), each = 1 / std::sqrt(static_cast<double>(e.count));
    std::vector<double> direction(e.count);
    double slope = 0;
    for (std::size_t i = 0; i < e.count; ++i) {
      direction[i] = (own > 0 ? derived[e.offset + i] / own : 0) + (random.below(2) ? each : -each);
      slope += direction[i] * derived[e.offset + i];
    }
    const auto loss_at = [&](double step) {
      for (std::size_t i = 0; i < e.count; ++i) p.data()[e.offset + i] = start[i] + step * direction[i];
      program.run(b, p, o);
      return program.loss();
    };
    const double numeric = (loss_at(difference_step) - loss_at(-difference_step)) / (2 * difference_step);
    std::copy(start.begin(), start.end(), p.data() + e.offset);
    worst = std::max(worst, std::abs(numeric - slope) / whole);
    if (!std::isfinite(numeric) || !std::isfinite(slope)) return 1e300;
  }
  return worst;
}

// How many of the gradients are not zero: a check over zeros would pass whatever is computed.
template <class M>
double gradient_share(const relreason::limits<M>& at, const relreason::batch<M, double>& b, relreason::parameters<M, double>& p) {
  relreason::serial_executor serial;
  relreason::gradient_program<M, double> program(at, serial, relreason::select_kernels<double>());
  program.run(b, p, {});
  std::size_t all = 0, some = 0;
  for (const auto& e : p.table().entries)
    for (std::size_t i = e.offset; !e.frozen && i < e.offset + e.count; ++i, ++all) some += program.gradients()[i] != 0;
  return static_cast<double>(some) / static_cast<double>(all);
}
