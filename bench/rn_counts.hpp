// bench/rn_counts.hpp -- the least work of the Relation Networks measured: FLOPs, and bytes that must cross the memory of a device.
// tests/cuda/bench_counts.test.cpp counts the same by hand.
#pragma once

#include <map>
#include <utility>

#include "relreason/core/describe.hpp"
#include "rn_models.hpp"

namespace bench {

// FLOPs of one forward pass by describe: the first layer on objects, equal pairs once, words without their pads.
template <class M>
double forward_gflop(const scenes& s, std::size_t samples) {
  std::map<std::pair<int, int>, double> known;
  double sum = 0;
  for (std::size_t k = 0; k < samples; ++k) {
    const std::size_t i = k % s.size();
    const int objects = s.counts[i], words = s.lengths.empty() ? 0 : s.lengths[i];
    double& flops = known[{objects, words}];
    if (flops == 0) {
      limits<M> at;
      at.samples = 1;
      if constexpr (std::is_same_v<M, rn_core>) at.template set<thing>(objects);
      else at.template set<object>(objects).template set<word>(words);
      for (const auto& line : describe_lines_of<M>(at)) flops += line.flops;
    }
    sum += flops;
  }
  return 1e-9 * sum;
}

// forward; forward and backward; and the optimizer too.
enum class work { forward, gradients, step };
// Two products more for every one of the forward pass: by its inputs and by its weights.
constexpr double passes(work w) { return w == work::forward ? 1 : 3; }

// What a sample reads and writes beside the weights and pair layers, in numbers of 4 bytes; g has four layers of this width.
template <class M>
struct shape_of;
template <>
struct shape_of<rn_core> {
  static constexpr int width = 256, result = 256, padded_to = 0;
  static constexpr double inputs(int objects, int, work w) { return 26.0 * objects + 128 + (w == work::forward ? 0 : 256); }
};
template <>
struct shape_of<rn_state> {
  static constexpr int width = 512, result = models::answers, padded_to = models::slots;
  static constexpr double inputs(int objects, int words, work w) { return 7.0 * objects + words + (w == work::forward ? 0 : 1); }
};

// Rows of g in one scene: pads are one object more (message/pair_rows.hpp).
template <class M>
constexpr double rows_of_g(int objects) {
  const double n = objects < shape_of<M>::padded_to ? objects + 1 : objects;
  return n * n;
}
// Policy "store": the results of layers 2 and 3, in bf16 where products are (2 bytes a number, else 4), and one bit for each of layer 4; layer 1 is
// built again.
template <class M>
constexpr double kept_bytes_a_row(precision p = precision::full) {
  return 2 * (p == precision::bf16 ? 2.0 : 4.0) * shape_of<M>::width + shape_of<M>::width / 8.0;
}

// Bytes that must cross the memory even if every pass were fused: inputs and weights once; forward: the result; gradients: those of the weights
// written, and what the backward pass keeps written and read; step: Adam reads the gradients, reads and writes both moments, writes the weights.
template <class M>
double least_bytes(const scenes& s, std::size_t samples, work w, precision p = precision::full) {
  const auto weights = static_cast<double>(parameters<M>::count());
  double numbers = weights, kept = 0;
  for (std::size_t k = 0; k < samples; ++k) {
    const std::size_t i = k % s.size();
    numbers += shape_of<M>::inputs(s.counts[i], s.lengths.empty() ? 0 : s.lengths[i], w);
    if (w == work::forward) numbers += shape_of<M>::result;
    else kept += 2 * kept_bytes_a_row<M>(p) * rows_of_g<M>(s.counts[i]);
  }
  if (w != work::forward) numbers += weights;
  if (w == work::step) numbers += 6 * weights;
  return 4 * numbers + kept;
}

}  // namespace bench
