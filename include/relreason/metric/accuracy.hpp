// relreason/metric/accuracy.hpp -- accuracy of answers: top-k, per question type, per answer class, and the confusion matrix.
// Source: the report of "Re-implementing and Extending Relation Network for R-CBIR".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/metric/largest.hpp"

namespace relreason::metric {

struct tally {
  std::int64_t right = 0, total = 0;
  // right / total, 0 where nothing was counted.
  double share() const { return total ? static_cast<double>(right) / static_cast<double>(total) : 0; }
  tally& operator+=(const tally& other) {
    right += other.right;
    total += other.total;
    return *this;
  }
};

// The names of what is counted. class_of[a] is the class of answer a, such as number, material, color, shape, size, exist.
struct answer_scheme {
  std::vector<std::string> answers;
  std::vector<int> class_of;
  std::vector<std::string> classes, types;
  bool operator==(const answer_scheme&) const = default;
};

// Counts of predictions against labels. Counts of parts, made anywhere, merge to the counts of the whole.
class accuracy {
 public:
  explicit accuracy(answer_scheme scheme) : scheme_(std::move(scheme)), n_(scheme_.answers.size()) {
    if (n_ == 0 || scheme_.class_of.size() != n_)
      fail("accuracy: ", n_, " answers, and classes for ", scheme_.class_of.size(), " of them; wanted one class for each");
    for (std::size_t a = 0; a < n_; ++a)
      if (scheme_.class_of[a] < 0 || static_cast<std::size_t>(scheme_.class_of[a]) >= scheme_.classes.size())
        fail("accuracy: answer ", scheme_.answers[a], " has class ", scheme_.class_of[a], "; wanted 0 to ", scheme_.classes.size(), " exclusive");
    confusion_.assign(n_ * n_, 0);
    ranks_.assign(n_ + 1, 0);
    by_type_.assign(scheme_.types.size(), {});
    invalid_by_type_.assign(scheme_.types.size(), {});
  }

  const answer_scheme& scheme() const { return scheme_; }

  // One question of a type (an index, or -1 for none) with one logit for each answer.
  template <class T>
  void add(const T* logits, int label, int type = -1) {
    check("label", label, n_);
    add(verdict_of(logits, static_cast<int>(n_), label), label, type);
  }
  // The same where the logits lie elsewhere, and what is asked of them is here.
  void add(const verdict& of, int label, int type = -1) {
    if (of.largest < 0) fail("accuracy::add: no logit of a question with label ", label, " is a number");
    check("rank", of.rank, n_ + 1);
    add_prediction(of.largest, label, type);
    ++ranks_[index(of.rank)];
  }

  // The same where only the answer is known; such questions are missing from top().
  void add_prediction(int predicted, int label, int type = -1) {
    check("prediction", predicted, n_);
    check("label", label, n_);
    if (type != -1) check("question type", type, by_type_.size());
    ++confusion_[index(label) * n_ + index(predicted)];
    if (type == -1) return;
    by_type_[index(type)] += {predicted == label, 1};
    invalid_by_type_[index(type)] += {scheme_.class_of[index(predicted)] != scheme_.class_of[index(label)], 1};
  }

  void merge(const accuracy& other) {
    if (!(scheme_ == other.scheme_)) fail("accuracy::merge: the two count different answers, classes or types (", n_, " and ", other.n_, " answers)");
    for (std::size_t i = 0; i < confusion_.size(); ++i) confusion_[i] += other.confusion_[i];
    for (std::size_t i = 0; i < ranks_.size(); ++i) ranks_[i] += other.ranks_[i];
    for (std::size_t i = 0; i < by_type_.size(); ++i) by_type_[i] += other.by_type_[i];
    for (std::size_t i = 0; i < invalid_by_type_.size(); ++i) invalid_by_type_[i] += other.invalid_by_type_[i];
  }

  // How many questions with this label got this prediction.
  std::int64_t confusion(int label, int predicted) const {
    check("label", label, n_);
    check("prediction", predicted, n_);
    return confusion_[index(label) * n_ + index(predicted)];
  }

  tally by_answer(int label) const {
    tally t;
    for (std::size_t p = 0; p < n_; ++p) t += {p == index(label) ? confusion(label, static_cast<int>(p)) : 0, confusion(label, static_cast<int>(p))};
    return t;
  }
  tally by_class(int answer_class) const {
    check("class", answer_class, scheme_.classes.size());
    tally t;
    for (std::size_t a = 0; a < n_; ++a)
      if (scheme_.class_of[a] == answer_class) t += by_answer(static_cast<int>(a));
    return t;
  }
  tally by_type(int type) const {
    check("question type", type, by_type_.size());
    return by_type_[index(type)];
  }
  tally overall() const {
    tally t;
    for (std::size_t a = 0; a < n_; ++a) t += by_answer(static_cast<int>(a));
    return t;
  }

  // Questions whose label is among the k largest logits.
  tally top(int k) const {
    if (k < 1) fail("accuracy::top: k is ", k, "; wanted at least 1");
    tally t;
    for (std::size_t r = 0; r <= n_; ++r) t += {r < index(k) && r < n_ ? ranks_[r] : 0, ranks_[r]};
    return t;
  }

  // 'right' counts the predictions of another class than the label's: a color where a number was asked for.
  tally invalid() const {
    tally t;
    for (std::size_t a = 0; a < n_; ++a)
      for (std::size_t p = 0; p < n_; ++p) {
        const auto count = confusion_[a * n_ + p];
        t += {scheme_.class_of[a] != scheme_.class_of[p] ? count : 0, count};
      }
    return t;
  }
  tally invalid_of_type(int type) const {
    check("question type", type, by_type_.size());
    return invalid_by_type_[index(type)];
  }

 private:
  static std::size_t index(int i) { return static_cast<std::size_t>(i); }
  static void check(const char* what, int i, std::size_t n) {
    if (i < 0 || index(i) >= n) fail("accuracy: ", what, " ", i, "; wanted 0 to ", n, " exclusive");
  }

  answer_scheme scheme_;
  std::size_t n_;
  std::vector<std::int64_t> confusion_;  // (label, prediction)
  std::vector<std::int64_t> ranks_;      // how often the label was at each position; the last: never
  std::vector<tally> by_type_, invalid_by_type_;
};

}  // namespace relreason::metric
