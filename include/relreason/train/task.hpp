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
#include "relreason/train/answers.hpp"

namespace relreason {

// How validation came out. The weights of the highest accuracy are kept; more values go into the log under their names.
struct validation_result {
  double loss = 0, accuracy = 0;
  std::vector<std::pair<std::string, double>> more = {};
};

// train/scene_task.hpp, attribute_task.hpp and sort_of_clevr_task.hpp ship. fill may take the epoch too, from 1, as fill(b, items, items, epoch): where
// what is filled in changes with it, as augmented pictures do. Samples that are right are counted by the loss of the output, where the step runs; a
// verdict of the task's own is right(b, rows): how many samples of b are right by the output's rows, which are then brought to the host. tables(), if
// there, lists inputs that a device may hold (core/input_table.hpp); fill adds these by push_rows().
template <class T>
concept training_task = requires(const T t, batch<typename T::model>& b, std::span<const std::int32_t> items,
                                 const answers_of<typename T::model>& answers, std::map<std::string, std::string>& settings) {
  { T::output } -> std::convertible_to<name>;                                                            // the value that is judged
  { t.sampler(std::string()).order(std::uint64_t{}, 1, 1) } -> std::same_as<std::vector<std::int32_t>>;  // the sampler of that name
  { t.capacity(1) } -> std::same_as<limits<typename T::model>>;                                          // for steps of so many samples
  t.fill(b, items, items);                                                                               // items of a part; of its whole step
  { t.validate(answers) } -> std::same_as<validation_result>;                                            // answers(batch, rows of the output)
  { t.item(1) } -> std::convertible_to<std::string>;                                                     // "question 1", for messages
  t.describe(settings);                                                                                  // what a resumed run must share
};

template <class T>
concept judging_task = requires(const T t, const batch<typename T::model>& b) {
  { t.right(b, static_cast<const float*>(nullptr)) } -> std::convertible_to<std::uint64_t>;
};

}  // namespace relreason
