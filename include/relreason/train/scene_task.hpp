// relreason/train/scene_task.hpp -- questions about scenes as a task: what training_run learns from, and how it is judged.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/metric/accuracy.hpp"
#include "relreason/train/examples.hpp"
#include "relreason/train/sampler.hpp"
#include "relreason/train/task.hpp"

namespace relreason {

// M has the inputs "o" on Object, or "image", or neither; "w" on Word, "answer"; and the logits "a". The sets must outlive the task. Questions are
// padded to the longest of their step in training, and to the longest of both sets in validation. Pictures are changed by `change` in training,
// never in validation.
template <class M, class Object, class Word>
class scene_task {
 public:
  using model = M;
  static constexpr name output = "a";

  scene_task(const scene_questions& training, const scene_questions& validation, metric::answer_scheme scheme,
             std::optional<augmentation> change = std::nullopt)
      : training_(training),
        validation_(validation),
        scheme_(std::move(scheme)),
        change_(change),
        pad_(std::max(training.longest(), validation.longest())) {
    check(training, "training");
    check(validation, "validation");
  }

  const scene_questions& validation() const { return validation_; }
  const metric::answer_scheme& scheme() const { return scheme_; }
  int padding_length() const { return pad_; }

  any_sampler sampler(const std::string& name) const {
    return make_sampler(name, {training_.label.begin(), training_.label.end()}, scheme_.class_of);
  }
  limits<M> capacity(int samples) const {
    limits<M> at{.samples = samples};
    if constexpr (M::template space<Object>() >= 0) at.template set<Object>(std::max({1, training_.most_objects(), validation_.most_objects()}));
    return at.template set<Word>(std::max(1, pad_));
  }
  void fill(batch<M>& to, std::span<const std::int32_t> items, std::span<const std::int32_t> step, int epoch = 1) const {
    int longest = 0;
    for (const std::int32_t q : step) longest = std::max(longest, training_.length(static_cast<std::size_t>(q)));
    training_.template fill<Object, Word>(to, items, longest, {change_ ? &*change_ : nullptr, static_cast<std::uint64_t>(epoch)});
  }
  std::vector<input_table> tables() const { return training_.template tables<M>(change_.has_value()); }
  validation_result validate(const answers_of<M>& answers) const {
    double loss = 0;
    const auto result = evaluate(answers, &loss);
    return {loss / static_cast<double>(validation_.size()), result.overall().share(), {{"invalid", result.invalid().share()}}};
  }
  std::string item(std::int32_t question) const { return "question " + std::to_string(question); }
  void describe(std::map<std::string, std::string>& settings) const {
    settings["questions"] = std::to_string(training_.size()) + " about " + std::to_string(training_.scenes()) + " scenes";
    settings["padding_length"] = std::to_string(pad_);
    if constexpr (has_input<M, "image">) settings["augmentation"] = change_ ? change_->text() : "none";
  }

  // Accuracies on the validation set by type of question and class of answer; adds up the loss where it is asked for.
  metric::accuracy evaluate(const answers_of<M>& answers, double* loss = nullptr) const {
    metric::accuracy result(scheme_);
    row_judge<M, output, "answer"> judge(answers);
    std::vector<std::int32_t> all(validation_.size());
    std::iota(all.begin(), all.end(), 0);
    const auto most = static_cast<std::size_t>(judge.samples());
    batch<M> b;
    for (std::size_t first = 0; first < all.size(); first += most) {
      const auto part = std::span<const std::int32_t>(all).subspan(first, std::min(most, all.size() - first));
      validation_.template fill<Object, Word>(b, part, pad_);
      const auto& verdicts = judge(b, loss);
      for (std::size_t i = 0; i < part.size(); ++i) result.add(verdicts[i], validation_.label[first + i], validation_.type[first + i]);
    }
    return result;
  }

  metric::accuracy evaluate(const parameters<M>& weights, const limits<M>& at, const kernels<float>& kernel, executor& threads) const {
    return evaluate(answers_on_cpu<output>(weights, at, kernel, threads));
  }

 private:
  static constexpr int classes = M::info[static_cast<std::size_t>(M::template find<"a">())].width;
  static void check(const scene_questions& s, const char* which) {
    if (s.size() == 0) fail("scene_task: there are no ", which, " questions");
    for (std::size_t q = 0; q < s.size(); ++q)
      if (s.label[q] < 0 || s.label[q] >= classes)
        fail("scene_task: ", which, " question ", q, " has label ", s.label[q], "; wanted an answer, 0 to ", classes - 1);
    if constexpr (has_input<M, "o">)
      if (constexpr int width = M::info[static_cast<std::size_t>(M::template find<"o">())].width; s.object_width != width)
        fail("scene_task: ", which, " objects have ", s.object_width, " numbers; the model wants ", width);
    if constexpr (has_input<M, "image">) check_pictures<M>(s, std::string("scene_task: ") + which);
  }

  const scene_questions &training_, &validation_;
  metric::answer_scheme scheme_;
  std::optional<augmentation> change_;
  int pad_;
};

}  // namespace relreason
