// relreason/metric/average_precision.hpp -- average precision of a ranking by scores, and its mean over labels.
// AP = sum_n (R_n - R_{n-1}) P_n over the thresholds from the highest score down; entries of equal score share a threshold, as in scikit-learn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason::metric {

// Nothing where no entry is positive: there is no recall then. A positive is any entry other than 0.
inline std::optional<double> average_precision(std::span<const float> scores, std::span<const std::uint8_t> positive) {
  if (scores.size() != positive.size())
    fail("metric::average_precision: found ", scores.size(), " scores and ", positive.size(), " labels, wanted as many of both");
  std::vector<std::pair<float, bool>> order;
  std::size_t positives = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) fail("metric::average_precision: score ", i, " is not a number, wanted one to rank by");
    order.emplace_back(scores[i], positive[i] != 0);
    positives += positive[i] != 0;
  }
  if (positives == 0) return std::nullopt;
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  double sum = 0;
  std::size_t found = 0;
  for (std::size_t i = 0; i < order.size();) {
    const std::size_t before = found;
    const float threshold = order[i].first;
    for (; i < order.size() && order[i].first == threshold; ++i) found += order[i].second;
    sum += static_cast<double>(found - before) * static_cast<double>(found) / static_cast<double>(i);
  }
  return sum / static_cast<double>(positives);
}

// Scores of several labels for many entries, row by row.
class label_ranking {
 public:
  explicit label_ranking(std::size_t labels) : scores_(labels), positive_(labels) {
    if (labels == 0) fail("metric::label_ranking: found no labels, wanted at least one");
  }

  void add(const float* scores, const float* targets) {
    for (std::size_t k = 0; k < scores_.size(); ++k) {
      scores_[k].push_back(scores[k]);
      positive_[k].push_back(targets[k] > .5f);
    }
  }
  std::size_t size() const { return scores_[0].size(); }

  std::optional<double> of_label(std::size_t k) const { return average_precision(scores_[k], positive_[k]); }
  // The mean over the labels that some entry has; 0 where there is none.
  double mean() const {
    double sum = 0;
    int labels = 0;
    for (std::size_t k = 0; k < scores_.size(); ++k)
      if (const auto one = of_label(k)) {
        sum += *one;
        ++labels;
      }
    return labels ? sum / labels : 0;
  }

 private:
  std::vector<std::vector<float>> scores_;
  std::vector<std::vector<std::uint8_t>> positive_;
};

}  // namespace relreason::metric
