// relreason/train/task.hpp -- what a training run asks of its task: batches, capacities, and a verdict. docs/policies/task.md has an example.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/batch.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/train/answers.hpp"

namespace relreason {

// How validation came out. The weights of the highest accuracy are kept; more values go into the log under their names.
struct validation_result {
  double loss = 0, accuracy = 0;
  std::vector<std::pair<std::string, double>> more = {};
};

// Samples whose greatest logit is that of their "answer".
template <class M>
std::uint64_t right_answers(const batch<M>& b, const float* logits, int classes) {
  std::uint64_t right = 0;
  for (const auto answer : b.template values<"answer">()) {
    right += metric::largest_of(logits, classes) == answer;
    logits += classes;
  }
  return right;
}

// train/scene_task.hpp, attribute_task.hpp and sort_of_clevr_task.hpp ship. fill may take the epoch too, from 1, as fill(b, items, items, epoch): where
// what is filled in changes with it, as augmented pictures do.
template <class T>
concept training_task = requires(const T t, batch<typename T::model>& b, std::span<const std::int32_t> items,
                                 const answers_of<typename T::model>& answers, std::map<std::string, std::string>& settings) {
  { T::output } -> std::convertible_to<name>;                                                            // the value whose rows right() reads
  { t.sampler(std::string()).order(std::uint64_t{}, 1, 1) } -> std::same_as<std::vector<std::int32_t>>;  // the sampler of that name
  { t.capacity(1) } -> std::same_as<limits<typename T::model>>;                                          // for steps of so many samples
  t.fill(b, items, items);                                                                               // items of a part; of its whole step
  { t.right(b, static_cast<const float*>(nullptr)) } -> std::convertible_to<std::uint64_t>;              // samples of b that are right
  { t.validate(answers) } -> std::same_as<validation_result>;                                            // answers(batch, rows of the output)
  { t.item(1) } -> std::convertible_to<std::string>;                                                     // "question 1", for messages
  t.describe(settings);                                                                                  // what a resumed run must share
};

}  // namespace relreason
