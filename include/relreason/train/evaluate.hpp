// relreason/train/evaluate.hpp -- answers of a model over many questions, in batches of fixed size.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "relreason/loss/cross_entropy.hpp"
#include "relreason/train/answers.hpp"
#include "relreason/train/examples.hpp"

namespace relreason {

// Logits "a" for questions; on the CPU every answer has the same bits alone and in any batch, for any number of threads.
template <class M, class Object, class Word>
class answerer {
 public:
  explicit answerer(answers_of<M> answers) : answers_(std::move(answers)) {}
  answerer(const parameters<M>& weights, const limits<M>& at, const kernels<float>& kernel, executor& threads)
      : answers_(answers_on_cpu<"a">(weights, at, kernel, threads)) {}

  // each(question, logits) in order.
  template <class Each>
  void answer(const scene_questions& from, std::span<const std::int32_t> questions, int padded, Each&& each) {
    const auto most = static_cast<std::size_t>(answers_.samples);
    logits_.resize(most * classes);
    for (std::size_t first = 0; first < questions.size(); first += most) {
      const auto part = questions.subspan(first, std::min(most, questions.size() - first));
      from.fill<Object, Word>(batch_, part, padded);
      answers_(batch_, logits_.data());
      for (std::size_t i = 0; i < part.size(); ++i) each(part[i], logits_.data() + i * classes);
    }
  }

 private:
  static constexpr auto classes = static_cast<std::size_t>(M::info[static_cast<std::size_t>(M::template find<"a">())].width);
  answers_of<M> answers_;
  batch<M> batch_;
  std::vector<float> logits_;
};

}  // namespace relreason
