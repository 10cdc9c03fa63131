// relreason/metric/state_distance.hpp -- how far two scenes are apart by their ordered pairs of objects.
// Source: the state-based distances in the history of mesnico/learning-relationship-aware-visual-features (2018).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "relreason/metric/scene_graph.hpp"

namespace relreason::metric {

// fuzzy, jaccard: 1 - s / (P1 + P2 - s), with P the numbers of pairs and s their similarity; 0 for two scenes without pairs.
// exclusive_or: cells of the table of all pairs of CLEVR objects and both signs that the two do not share, 36,864 - s; never 0.
enum class state_distance { fuzzy, jaccard, exclusive_or };

// Made once for each scene. Pairs whose objects look alike count as one, the last of them.
class scene_pairs {
 public:
  explicit scene_pairs(const scene_graph& g) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint8_t> signs;
    for (int a = 0; a < g.size(); ++a)
      for (int b = 0; b < g.size(); ++b)
        if (a != b)
          signs[{g.attributes(a), g.attributes(b)}] =
              static_cast<std::uint8_t>(g.has(scene_graph::right, a, b) | g.has(scene_graph::front, a, b) << 1);
    for (const auto& [key, sign] : signs) pairs_.push_back({key.first, key.second, sign});
  }

  int size() const { return static_cast<int>(pairs_.size()); }

  double distance(const scene_pairs& other, state_distance how) const {
    if (how == state_distance::exclusive_or) return 36864 - similarity_of_alike(other, {1, 0, 0});
    const double s = how == state_distance::fuzzy ? std::min(best_similarity(other), other.best_similarity(*this))
                                                  : similarity_of_alike(other, {1, 2. / 3, 1. / 3});
    const double all = size() + other.size();
    return all > 0 ? 1 - s / (all - s) : 0;
  }

 private:
  struct one_pair {
    std::uint32_t a, b;  // attributes
    std::uint8_t signs;  // bit 0: a right of b; bit 1: a in front of b
  };
  static std::size_t unequal_signs(const one_pair& x, const one_pair& y) {
    const int differ = x.signs ^ y.signs;
    return static_cast<std::size_t>((differ & 1) + (differ >> 1));
  }

  // sum over pairs of the best of (attribute matches of both ends) / 8 times 1, 2/3 or 1/3 for 2, 1 or 0 equal signs
  double best_similarity(const scene_pairs& other) const {
    int sum = 0;  // in 24ths
    for (const one_pair& x : pairs_) {
      int best = 0;
      for (const one_pair& y : other.pairs_) {
        const int matches = 8 - detail::differing_attributes(x.a, y.a) - detail::differing_attributes(x.b, y.b);
        best = std::max(best, matches * (3 - static_cast<int>(unequal_signs(x, y))));
      }
      sum += best;
    }
    return sum / 24.;
  }

  // sum over the pairs of equal attributes that both have; by_unequal: what one counts with 0, 1 or 2 unequal signs
  double similarity_of_alike(const scene_pairs& other, const std::array<double, 3>& by_unequal) const {
    std::array<int, 3> count{};
    for (auto x = pairs_.begin(), y = other.pairs_.begin(); x != pairs_.end() && y != other.pairs_.end();) {
      const auto key = std::pair(x->a, x->b), key_y = std::pair(y->a, y->b);
      if (key == key_y) ++count[unequal_signs(*x, *y)];
      const bool next_x = key <= key_y, next_y = key_y <= key;
      x += next_x;
      y += next_y;
    }
    return count[0] * by_unequal[0] + count[1] * by_unequal[1] + count[2] * by_unequal[2];
  }

  std::vector<one_pair> pairs_;  // by attributes
};

}  // namespace relreason::metric
