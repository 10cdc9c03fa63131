// relreason/train/answers.hpp -- values of a model for batches, wherever they are computed: what a task is given to validate with.
#pragma once

#include <functional>
#include <memory>

#include "relreason/core/predictor.hpp"

namespace relreason {

// answers(batch, rows): the rows of one value for the whole batch, of at most `samples`. Holds for the weights from which it was made.
template <class M>
struct answers_of {
  int samples = 0;
  std::function<void(const batch<M>&, float* rows)> run;
  void operator()(const batch<M>& b, float* rows) const { run(b, rows); }
};

// On the CPU. Weights, kernel and threads must outlive it.
template <name Value, class M>
answers_of<M> answers_on_cpu(const parameters<M>& weights, const limits<M>& at, const kernels<float>& kernel, executor& threads) {
  using predictor_type = predictor<M, float, Value>;
  struct ready {
    predictor_type predict;
    typename predictor_type::workspace own;
    ready(const parameters<M>& w, const limits<M>& l, const kernels<float>& k, executor& e) : predict(w, l, k), own(predict, &e) {}
  };
  const auto shared = std::make_shared<ready>(weights, at, kernel, threads);
  return {at.samples, [shared](const batch<M>& b, float* rows) { shared->predict.run(shared->own, b, {rows}); }};
}

}  // namespace relreason
