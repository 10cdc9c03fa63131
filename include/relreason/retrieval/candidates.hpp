// relreason/retrieval/candidates.hpp -- the rows that may be among the k nearest of one query, while a gallery passes by.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "relreason/retrieval/neighbors.hpp"

namespace relreason::retrieval {

// Keeps every row whose score, known up to an error, could be among the k largest, and at most about 2 k of them: when more can not be told
// apart, their exact distances decide.
class candidate_list {
 public:
  // k of a gallery of so many rows.
  candidate_list(int k, int rows) : k_(static_cast<std::size_t>(k)), room_(std::min(2 * k_ + 64, static_cast<std::size_t>(rows) + 1)) {}

  // No threshold yet: every row is a candidate.
  bool open() const { return threshold_ == -std::numeric_limits<double>::infinity(); }
  // At least k rows have a score of this or more.
  double threshold() const { return threshold_; }

  // exactly(row) is the distance that decides in the end; exactly.prefetch(row) says that it will be asked for.
  template <class Exactly>
  void add(double score, double error, int row, const Exactly& exactly) {
    if (score + error < threshold_) return;
    if (rows_.empty()) rows_.reserve(room_);
    if (rows_.size() == room_) {
      narrow();
      if (rows_.size() > k_ + (room_ - k_) / 2) resolve(exactly);
    }
    rows_.push_back({static_cast<float>(score - error), static_cast<float>(score + error), row});
  }

  void close_if_full() {
    if (open() && rows_.size() >= k_) narrow();
  }

  // The k nearest by exact distance, then index; fewer if there were fewer.
  template <class Exactly>
  std::vector<neighbor> finish(const Exactly& exactly) {
    if (rows_.size() > k_) narrow();
    std::vector<neighbor> found;
    for (const decided& d : nearest(exactly)) found.push_back(d.at);
    return found;
  }

 private:
  struct candidate {
    float low = 0, high = 0;  // bounds of the score
    int row = -1;
  };
  struct decided {
    neighbor at;
    std::size_t place;  // among the candidates
    bool operator<(const decided& o) const { return at < o.at; }
  };

  // T = a number that at least k lower bounds reach, the k-th largest or little below it: halving an interval costs fewer steps that depend on
  // each other than sorting. What lies below T for sure goes.
  void narrow() {
    float reached = std::numeric_limits<float>::infinity(), beyond = -reached;
    lows_.resize(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      lows_[i] = rows_[i].low;
      reached = std::min(reached, lows_[i]);
      beyond = std::max(beyond, lows_[i]);
    }
    for (int step = 0; step < 24; ++step) {
      const float middle = reached + (beyond - reached) / 2;
      const std::size_t count = reaching(middle);
      (count >= k_ ? reached : beyond) = middle;
      if (count == k_) break;
    }
    threshold_ = std::max(threshold_, static_cast<double>(reached));
    const auto t = static_cast<float>(threshold_);
    std::size_t kept = 0;
    for (const candidate& c : rows_) {
      rows_[kept] = c;
      kept += c.high >= t;
    }
    rows_.resize(kept);
  }

  std::size_t reaching(float t) const {
    std::uint32_t count = 0;
    for (const float low : lows_) count += low >= t;
    return count;
  }

  template <class Exactly>
  std::vector<decided> nearest(const Exactly& exactly) const {
    std::vector<decided> all;
    all.reserve(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (i + 1 < rows_.size()) exactly.prefetch(rows_[i + 1].row);
      all.push_back({{exactly(rows_[i].row), rows_[i].row}, i});
    }
    const auto last = all.begin() + static_cast<std::ptrdiff_t>(std::min(k_, all.size()));
    std::partial_sort(all.begin(), last, all.end());
    all.erase(last, all.end());
    return all;
  }

  template <class Exactly>
  void resolve(const Exactly& exactly) {
    std::vector<candidate> kept;
    kept.reserve(room_);
    for (const decided& d : nearest(exactly)) kept.push_back(rows_[d.place]);
    rows_.swap(kept);
  }

  std::size_t k_, room_;
  double threshold_ = -std::numeric_limits<double>::infinity();
  std::vector<candidate> rows_;
  std::vector<float> lows_;
};

}  // namespace relreason::retrieval
