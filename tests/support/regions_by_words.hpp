// tests/support/regions_by_words.hpp -- regions o of two numbers, words s of one, and what g makes of their pairs, small enough to compute by hand.
#pragma once

#include <algorithm>
#include <vector>

#include "relreason/core/batch.hpp"
#include "relreason/core/parameters.hpp"

// Scenes of 3 x 2, 2 x 0, 1 x 1 and 0 x 2 regions "x" and words "t".
template <class M, class Region, class Word>
relreason::batch<M, double> scenes_by_hand() {
  relreason::batch<M, double> b;
  const auto add = [&](std::vector<double> regions, std::vector<double> words) {
    b.add_sample();
    b.template count<Region>(static_cast<int>(regions.size() / 2));
    b.template count<Word>(static_cast<int>(words.size()));
    b.template push<"x">(regions.data(), regions.size());
    b.template push<"t">(words.data(), words.size());
  };
  add({1, 0, 0, 2, -3, 1}, {1, -2});
  add({1, 0, 0, 2}, {});
  add({4, 1}, {0});
  add({}, {1, -2});
  return b;
}
template <class M, class Region, class Word>
relreason::limits<M> limits_by_hand() {
  relreason::limits<M> at{.samples = 4};
  at.template set<Region>(3).template set<Word>(2);
  return at;
}
// g = relu([2 s + o0 - o1 ; -s + 3 o1 + 1]) of the line "r"; weights of an aggregator are 0, 1, 2, ..
template <class M>
relreason::parameters<M, double> weights_by_hand() {
  relreason::parameters<M, double> p;
  const std::vector<double> weight{2, 1, -1, -1, 0, 3};
  std::copy(weight.begin(), weight.end(), p.find("r.g.0.weight"));
  p.find("r.g.0.bias")[1] = 1;
  for (const auto& e : p.table().entries)
    if (e.path == "r.agg.weight")
      for (std::size_t k = 0; k < e.count; ++k) p.data()[e.offset + k] = static_cast<double>(k);
  return p;
}
