// relreason/train/evaluate.hpp -- answers of a model over many questions, in batches of fixed size.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/train/examples.hpp"

namespace relreason {

// Logits "a" for questions; every answer has the same bits alone and in any batch, for any number of threads.
template <class M, class Object, class Word>
class answerer {
 public:
  answerer(const parameters<M>& weights, const limits<M>& at, const kernels<float>& kernel, executor& threads)
      : predictor_(weights, at, kernel),
        workspace_(predictor_, &threads),
        classes_(M::info[static_cast<std::size_t>(M::template find<"a">())].width) {}

  // each(question, logits) in order.
  template <class Each>
  void answer(const scene_questions& from, std::span<const std::int32_t> questions, int padded, Each&& each) {
    const auto most = static_cast<std::size_t>(predictor_.planned().samples);
    logits_.resize(most * static_cast<std::size_t>(classes_));
    for (std::size_t first = 0; first < questions.size(); first += most) {
      const auto part = questions.subspan(first, std::min(most, questions.size() - first));
      from.fill<Object, Word>(batch_, part, padded);
      predictor_.run(workspace_, batch_, {logits_.data()});
      for (std::size_t i = 0; i < part.size(); ++i) each(part[i], logits_.data() + i * static_cast<std::size_t>(classes_));
    }
  }

 private:
  using predictor_type = predictor<M, float, "a">;
  predictor_type predictor_;
  typename predictor_type::workspace workspace_;
  batch<M> batch_;
  std::vector<float> logits_;
  int classes_;
};

}  // namespace relreason
