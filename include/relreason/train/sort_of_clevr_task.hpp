// relreason/train/sort_of_clevr_task.hpp -- Sort-of-CLEVR as a task: questions of the chosen kinds about pictures drawn in memory; accuracy by kind.
// Source: kimhc6028/relational-networks (main.py): every question is a sample of its own, and each optimizer step is about one kind of question.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "relreason/core/input_table.hpp"
#include "relreason/data/sort_of_clevr_kinds.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/train/sampler.hpp"
#include "relreason/train/task.hpp"

namespace relreason {

namespace sort_of_clevr {

// Question types are the nine kinds with their subtypes: type_of(q).
inline metric::answer_scheme scheme() {
  return {.answers = {answers.begin(), answers.end()},
          .class_of = {0, 0, 1, 1, 2, 2, 2, 2, 2, 2},
          .classes = {"yes or no", "shape", "count"},
          .types = {"non-relational: shape", "non-relational: left", "non-relational: top", "binary: shape of closest", "binary: shape of farthest",
                    "binary: count of same shape", "ternary: count in box", "ternary: any on line", "ternary: count of obtuse triangles"}};
}
inline int type_of(const question& q) { return static_cast<int>(q.what) * static_cast<int>(n_subtypes) + q.subtype; }

inline metric::tally of_kind(const metric::accuracy& a, kind k) {
  metric::tally sum;
  question q{k};
  for (q.subtype = 0; q.subtype < n_subtypes; ++q.subtype) sum += a.by_type(type_of(q));
  return sum;
}

// Every batch is full and of one kind; kinds take turns, the last one first (ternary, binary, non-relational). Items that fill no batch are left out.
class kinds_in_turn {
 public:
  explicit kinds_in_turn(std::vector<std::vector<std::int32_t>> items_of_kinds) : of_kind_(std::move(items_of_kinds)) {}

  std::vector<std::int32_t> order(std::uint64_t seed, int epoch, int batch) const {
    relreason::detail::check_batch("kinds_in_turn", batch);
    auto random = relreason::detail::epoch_stream("sampler.kinds-in-turn", seed, epoch);
    auto items = of_kind_;
    std::size_t rounds = items.empty() ? 0 : items[0].size();
    const auto size = static_cast<std::size_t>(batch);
    for (auto& list : items) {
      relreason::detail::shuffle_items(list.data(), list.size(), random);
      rounds = std::min(rounds, list.size() / size);
    }
    if (rounds == 0) fail("kinds_in_turn: a kind of question has fewer than ", batch, " samples, the size of a batch; use a smaller batch");
    std::vector<std::int32_t> drawn;
    for (std::size_t r = 0; r < rounds; ++r)
      for (auto list = items.rbegin(); list != items.rend(); ++list)
        drawn.insert(drawn.end(), list->data() + r * size, list->data() + (r + 1) * size);
    return drawn;
  }
  std::string text() const { return "in-turn"; }

 private:
  std::vector<std::vector<std::int32_t>> of_kind_;
};

// In turn, or all kinds mixed.
struct task_sampler {
  std::variant<kinds_in_turn, shuffle> which;
  std::vector<std::int32_t> order(std::uint64_t seed, int epoch, int batch) const {
    return std::visit([&](const auto& s) { return s.order(seed, epoch, batch); }, which);
  }
  std::string text() const {
    return std::visit([](const auto& s) { return s.text(); }, which);
  }
};
static_assert(sampler<task_sampler>);

}  // namespace sort_of_clevr

// M has the inputs "image" (pixels), "q" (18 numbers) and "answer", and logits "a": models/sort_of_clevr.hpp.
// Samplers: "in-turn" (the original's) and "shuffle". All pictures stay in memory, 17 kB each.
template <class M>
class sort_of_clevr_task {
 public:
  using model = M;
  static constexpr name output = "a";

  sort_of_clevr_task(const sort_of_clevr::options& o, const sort_of_clevr::kind_list& kinds, executor& threads) : options_(o), kinds_(kinds) {
    if (kinds.empty()) fail("sort_of_clevr_task: no kind of question is chosen; wanted at least one");
    sort_of_clevr::check(o);
    validation_ = part(o, 0, o.n_test, kinds, "validation", threads);
    training_ = part(o, o.n_test, o.n_train, kinds, "training", threads);
    constexpr std::array all{sort_of_clevr::kind::unary, sort_of_clevr::kind::binary, sort_of_clevr::kind::ternary};
    sort_of_clevr::question q;
    for (const auto what : all)
      for (q.what = what, q.subtype = 0; q.subtype < sort_of_clevr::n_subtypes; ++q.subtype)
        for (q.a = 0; q.a < sort_of_clevr::n_objects; ++q.a)
          for (q.b = 0; q.b < sort_of_clevr::n_objects; ++q.b) {
            const auto v = sort_of_clevr::question_vector(q);
            question_rows_.insert(question_rows_.end(), v.begin(), v.end());
          }
  }

  std::size_t size() const { return training_.items.size(); }  // questions to learn from
  const sort_of_clevr::kind_list& kinds() const { return kinds_; }

  sort_of_clevr::task_sampler sampler(const std::string& name) const {
    if (name == "shuffle") return {shuffle(size())};
    if (name != "in-turn") fail("sort_of_clevr_task: no sampler is called \"", name, "\"; choose one of in-turn, shuffle");
    std::vector<std::vector<std::int32_t>> items(kinds_.size());
    for (std::size_t i = 0; i < size(); ++i) {
      const auto at = std::find(kinds_.begin(), kinds_.end(), training_.question(i).what) - kinds_.begin();
      items[static_cast<std::size_t>(at)].push_back(static_cast<std::int32_t>(i));
    }
    return {sort_of_clevr::kinds_in_turn(std::move(items))};
  }
  limits<M> capacity(int samples) const { return {.samples = samples}; }
  void fill(batch<M>& to, std::span<const std::int32_t> items, std::span<const std::int32_t>) const {
    to.clear();
    for (const std::int32_t i : items) add(to, training_, static_cast<std::size_t>(i));
  }
  // All questions that there are, and the pictures to learn from.
  std::vector<input_table> tables() const { return {{"q", question_table()}, {"image", {}, training_.picture_table()}}; }
  validation_result validate(const answers_of<M>& answers) const {
    double loss = 0;
    const auto found = evaluate(answers, &loss);
    validation_result result{loss / static_cast<double>(validation_.items.size()), found.overall().share()};
    for (const auto k : kinds_) result.more.emplace_back(sort_of_clevr::kind_names[static_cast<std::size_t>(k)], of_kind(found, k).share());
    return result;
  }
  std::string item(std::int32_t i) const {
    const auto& [sample, place] = training_.items[static_cast<std::size_t>(i)];
    return "question " + std::to_string(place) + " about picture " + std::to_string(sample);
  }
  void describe(std::map<std::string, std::string>& settings) const {
    settings["pictures"] = std::to_string(options_.n_train) + " after " + std::to_string(options_.n_test) + " for validation";
    settings["questions_per_kind"] = std::to_string(options_.questions_per_kind);
    settings["kinds"] = text_of(kinds_);
    settings["world_seed"] = std::to_string(options_.seed);
    settings["closest"] = options_.legacy_closest ? "legacy" : "fixed";
  }

  // Accuracies on the validation set by kind and subtype; adds up the loss where it is asked for.
  metric::accuracy evaluate(const answers_of<M>& answers, double* loss = nullptr) const {
    metric::accuracy result(sort_of_clevr::scheme());
    row_judge<M, output, "answer"> judge(answers);
    const auto most = static_cast<std::size_t>(judge.samples());
    batch<M> b;
    for (std::size_t first = 0; first < validation_.items.size(); first += most) {
      const std::size_t last = std::min(first + most, validation_.items.size());
      b.clear();
      for (std::size_t i = first; i < last; ++i) add(b, validation_, i);
      const auto& verdicts = judge(b, loss);
      for (std::size_t i = first; i < last; ++i) result.add(verdicts[i - first], validation_.question(i).answer, type_of(validation_.question(i)));
    }
    return result;
  }

 private:
  static constexpr int classes = sort_of_clevr::n_answers;
  static_assert(M::info[static_cast<std::size_t>(M::template find<"a">())].width == classes,
                "relreason::sort_of_clevr_task: \"a\" must be 10 logits");

  // Pictures side by side, and their questions of the chosen kinds one after another: (sample, place in its list).
  struct part {
    static constexpr std::size_t picture_bytes = 3 * sort_of_clevr::side * sort_of_clevr::side;
    std::vector<std::uint8_t> pictures;
    std::vector<std::vector<sort_of_clevr::question>> questions;  // of each
    std::vector<std::pair<std::int32_t, std::int32_t>> items;

    part() = default;
    part(const sort_of_clevr::options& o, int first, int count, const sort_of_clevr::kind_list& kinds, const char* which, executor& threads)
        : pictures(static_cast<std::size_t>(count) * picture_bytes), questions(static_cast<std::size_t>(count)) {
      failure kept;
      threads.parallel_for(count, [&](int i) {
        kept.guard([&] {
          const auto at = static_cast<std::size_t>(i);
          auto e = sort_of_clevr::make_example(o, first + i);
          std::copy(e.picture.pixels.begin(), e.picture.pixels.end(), pictures.data() + at * picture_bytes);
          questions[at] = std::move(e.questions);
        });
      });
      kept.rethrow();
      for (std::size_t e = 0; e < questions.size(); ++e)
        for (std::size_t q = 0; q < questions[e].size(); ++q)
          if (holds(kinds, questions[e][q].what)) items.emplace_back(static_cast<std::int32_t>(e), static_cast<std::int32_t>(q));
      if (items.empty()) fail("sort_of_clevr_task: there are no ", which, " questions; wanted at least one picture and one question of each kind");
      detail::check_item_count("sort_of_clevr_task", items.size());
    }
    const sort_of_clevr::question& question(std::size_t i) const {
      return questions[static_cast<std::size_t>(items[i].first)][static_cast<std::size_t>(items[i].second)];
    }
    rows_view<const std::uint8_t> picture_table() const {
      return {pictures.data(), static_cast<int>(questions.size()), static_cast<int>(picture_bytes)};
    }
  };
  void add(batch<M>& to, const part& from, std::size_t i) const {
    const auto& q = from.question(i);
    constexpr std::size_t n = sort_of_clevr::n_objects;
    to.add_sample();
    to.template push_rows<"image">(from.picture_table(), static_cast<std::size_t>(from.items[i].first), 1);
    to.template push_rows<"q">(question_table(), (static_cast<std::size_t>(sort_of_clevr::type_of(q)) * n + q.a) * n + q.b, 1);
    to.template push<"answer">(static_cast<int>(q.answer));
  }
  rows_view<const float> question_table() const {
    constexpr int width = sort_of_clevr::question_width;
    return {question_rows_.data(), static_cast<int>(question_rows_.size()) / width, width};
  }

  sort_of_clevr::options options_;
  sort_of_clevr::kind_list kinds_;
  part training_, validation_;
  std::vector<float> question_rows_;  // by type, color a and color b
};

}  // namespace relreason
