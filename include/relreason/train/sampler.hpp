// relreason/train/sampler.hpp -- which items an epoch visits, in which order.
// Source: "Re-implementing and Extending Relation Network for R-CBIR" and branch batched-classes of its code.
// An order depends on seed, epoch and batch size alone, so a stopped epoch goes on from any batch.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/philox.hpp"

namespace relreason {

// order(seed, epoch, batch): item numbers; batch i of the epoch is [i batch, (i + 1) batch) of them, the last one may be short.
template <class Sampler>
concept sampler = requires(const Sampler& s, std::uint64_t seed, int epoch, int batch) {
  { s.order(seed, epoch, batch) } -> std::same_as<std::vector<std::int32_t>>;
  { s.text() } -> std::convertible_to<std::string>;
};

// The batches of an order of n items, by offsets.
struct batch_offsets {
  std::size_t n_items = 0, batch = 1;
  std::size_t count() const { return (n_items + batch - 1) / batch; }
  std::size_t first(std::size_t i) const { return i * batch; }
  std::size_t last(std::size_t i) const { return std::min(n_items, (i + 1) * batch); }
};

namespace detail {

// The items of each group, group after group: those of group k are [first[k], first[k + 1]) of items.
struct grouped_items {
  std::vector<std::size_t> first;
  std::vector<std::int32_t> items;
};

inline void check_item_count(std::string_view sampler, std::size_t n) {
  if (n == 0) fail(sampler, ": no items; does the split have questions?");
  if (n > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) fail(sampler, ": ", n, " items; at most 2147483647 can be numbered");
}

inline void check_batch(std::string_view sampler, int batch) {
  if (batch < 1) fail(sampler, ": a batch of ", batch, " items; wanted at least 1");
}

inline grouped_items group_items(std::string_view sampler, const std::vector<std::int32_t>& groups, int n_groups) {
  check_item_count(sampler, groups.size());
  if (n_groups < 1) fail(sampler, ": ", n_groups, " groups; wanted at least 1");
  grouped_items result;
  result.first.assign(static_cast<std::size_t>(n_groups) + 1, 0);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] < 0 || groups[i] >= n_groups) fail(sampler, ": item ", i, " has group ", groups[i], "; wanted 0 to ", n_groups - 1);
    ++result.first[static_cast<std::size_t>(groups[i]) + 1];
  }
  for (std::size_t k = 1; k < result.first.size(); ++k) result.first[k] += result.first[k - 1];
  result.items.resize(groups.size());
  auto next = result.first;
  for (std::size_t i = 0; i < groups.size(); ++i) result.items[next[static_cast<std::size_t>(groups[i])]++] = static_cast<std::int32_t>(i);
  return result;
}

inline random_stream epoch_stream(const char* sampler, std::uint64_t seed, int epoch) {
  return {seed, stream_of(sampler) + static_cast<std::uint64_t>(epoch), 0};
}

// Fisher-Yates, from the back.
inline void shuffle_items(std::int32_t* items, std::size_t n, random_stream& random) {
  for (std::size_t left = n; left > 1; --left) std::swap(items[left - 1], items[random.below(static_cast<std::uint32_t>(left))]);
}

}  // namespace detail

// Every item once per epoch, in random order; the last batch may be short. What the published runs used.
class shuffle {
 public:
  explicit shuffle(std::size_t n_items) : n_items_(n_items) { detail::check_item_count("shuffle", n_items); }

  std::vector<std::int32_t> order(std::uint64_t seed, int epoch, int batch) const {
    detail::check_batch("shuffle", batch);
    std::vector<std::int32_t> items(n_items_);
    for (std::size_t i = 0; i < n_items_; ++i) items[i] = static_cast<std::int32_t>(i);
    auto random = detail::epoch_stream("sampler.shuffle", seed, epoch);
    detail::shuffle_items(items.data(), items.size(), random);
    return items;
  }
  std::string text() const { return "shuffle"; }

 private:
  std::size_t n_items_;
};

// As many draws per epoch as there are items, with replacement, item i with weight N / count(answer of i):
// an answer uniform among those that occur, then one of its items uniformly.
class answer_balanced {
 public:
  answer_balanced(const std::vector<std::int32_t>& answers, int n_answers) : items_(detail::group_items("answer_balanced", answers, n_answers)) {
    for (std::size_t k = 0; k + 1 < items_.first.size(); ++k)
      if (items_.first[k] < items_.first[k + 1]) present_.push_back(k);
  }

  std::vector<std::int32_t> order(std::uint64_t seed, int epoch, int batch) const {
    detail::check_batch("answer_balanced", batch);
    auto random = detail::epoch_stream("sampler.answer_balanced", seed, epoch);
    std::vector<std::int32_t> drawn(items_.items.size());
    for (auto& item : drawn) {
      const std::size_t k = present_[random.below(static_cast<std::uint32_t>(present_.size()))];
      const std::size_t first = items_.first[k], count = items_.first[k + 1] - first;
      item = items_.items[first + random.below(static_cast<std::uint32_t>(count))];
    }
    return drawn;
  }
  std::string text() const { return "answer-balanced"; }

 private:
  detail::grouped_items items_;
  std::vector<std::size_t> present_;  // answers that occur
};

// Each batch holds items of one class, drawn uniformly among the classes that still have a whole batch; no item twice in an epoch.
// An epoch has sum over classes of floor(count / batch) batches, all of them full.
class single_class {
 public:
  single_class(const std::vector<std::int32_t>& classes, int n_classes) : items_(detail::group_items("single_class", classes, n_classes)) {}

  std::vector<std::int32_t> order(std::uint64_t seed, int epoch, int batch) const {
    detail::check_batch("single_class", batch);
    const auto size = static_cast<std::size_t>(batch);
    auto random = detail::epoch_stream("sampler.single_class", seed, epoch);
    auto items = items_.items;
    auto next = items_.first;  // of each class, the first item not yet used
    std::vector<std::size_t> open;
    const auto left = [&](std::size_t k) { return items_.first[k + 1] - next[k]; };
    for (std::size_t k = 0; k + 1 < items_.first.size(); ++k) {
      detail::shuffle_items(items.data() + next[k], left(k), random);
      if (left(k) >= size) open.push_back(k);
    }
    if (open.empty()) fail("single_class: no class has ", batch, " items, the size of a batch; use a smaller batch");
    std::vector<std::int32_t> drawn;
    drawn.reserve(items.size());
    while (!open.empty()) {
      const std::size_t pick = random.below(static_cast<std::uint32_t>(open.size())), k = open[pick];
      const auto from = items.begin() + static_cast<std::ptrdiff_t>(next[k]);
      drawn.insert(drawn.end(), from, from + batch);
      next[k] += size;
      if (left(k) < size) open.erase(open.begin() + static_cast<std::ptrdiff_t>(pick));
    }
    return drawn;
  }
  std::string text() const { return "single-class"; }

 private:
  detail::grouped_items items_;
};

inline constexpr std::array<std::string_view, 3> sampler_names{"shuffle", "answer-balanced", "single-class"};

// One of the samplers that ship, chosen at run time.
class any_sampler {
 public:
  using one = std::variant<shuffle, answer_balanced, single_class>;
  explicit any_sampler(one which) : which_(std::move(which)) {}

  std::vector<std::int32_t> order(std::uint64_t seed, int epoch, int batch) const {
    return std::visit([&](const auto& s) { return s.order(seed, epoch, batch); }, which_);
  }
  std::string text() const {
    return std::visit([](const auto& s) { return s.text(); }, which_);
  }

 private:
  one which_;
};

// answers[i] and class_of_answer[answers[i]] are the answer and the answer's class of item i.
inline any_sampler make_sampler(std::string_view name, const std::vector<std::int32_t>& answers, const std::vector<std::int32_t>& class_of_answer) {
  const int n_answers = static_cast<int>(class_of_answer.size());
  if (name == "shuffle") return any_sampler(shuffle(answers.size()));
  if (name == "answer-balanced") return any_sampler(answer_balanced(answers, n_answers));
  if (name != "single-class") fail("make_sampler: no sampler is called \"", name, "\"; choose one of shuffle, answer-balanced, single-class");
  std::vector<std::int32_t> classes;
  int n_classes = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] < 0 || answers[i] >= n_answers) fail("make_sampler: item ", i, " has answer ", answers[i], "; wanted 0 to ", n_answers - 1);
    classes.push_back(class_of_answer[static_cast<std::size_t>(answers[i])]);
    n_classes = std::max(n_classes, classes.back() + 1);
  }
  return any_sampler(single_class(classes, n_classes));
}

static_assert(sampler<shuffle> && sampler<answer_balanced> && sampler<single_class> && sampler<any_sampler>);

}  // namespace relreason
