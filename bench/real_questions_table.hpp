// bench/real_questions_table.hpp -- 898 questions about real scenes, their folds, and the table of what systems answer right.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "relreason/data/clevr_files.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/metric/interval.hpp"
#include "relreason/train/clevr_questions.hpp"
#include "relreason/train/sampler.hpp"

namespace real_questions {

using namespace relreason;
using indices = std::vector<std::int32_t>;

constexpr int n_folds = 5;
constexpr std::uint64_t seed = 1;

struct dataset {
  std::vector<clevr::question> questions;
  scene_questions set;
};

inline dataset load(const std::string& folder) {
  const auto scenes = clevr::read_scenes(folder + "/scenes/CLEVR_train_scenes_first1000.json.gz");
  dataset d;
  for (auto& q : clevr::read_questions(folder + "/questions/CLEVR_train_first1000_qa.json.gz"))
    if (!q.program.empty()) d.questions.push_back(std::move(q));
  d.set = clevr::encode<clevr::ordinal7>(scenes, d.questions, clevr::join(scenes, d.questions), clevr::dictionary::closed(), clevr::answer_list());
  return d;
}

// The questions of one fold, and of the others: those to learn from and, of every eighth scene, those that say when to stop.
struct fold {
  int number;
  indices learn, stop, test;
};
inline fold make_fold(const scene_questions& set, int k) {
  const auto order = shuffle(set.scenes()).order(seed, 0, 1);
  std::vector<int> place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) place[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  fold f{k, {}, {}, {}};
  for (std::size_t q = 0; q < set.size(); ++q) {
    const int at = place[static_cast<std::size_t>(set.scene[q])];
    (at % n_folds == k ? f.test : at / n_folds % 8 == 0 ? f.stop : f.learn).push_back(static_cast<std::int32_t>(q));
  }
  return f;
}

inline std::string percent(const metric::interval& i) {
  char text[64];
  std::snprintf(text, sizeof text, "%.1f (%.1f to %.1f)", 100 * i.estimate, 100 * i.low, 100 * i.high);
  return text;
}

struct table {
  const dataset& d;
  indices question_only;  // answers of the network that sees no scene
  std::string text =
      "| system | all questions, % | over folds, % | count, % | query attribute, % | others, % | right where the LSTM is wrong : the reverse |\n"
      "| --- | --- | --- | --- | --- | --- | --- |\n";

  template <class Answer>
  indices row(const char* name, const std::vector<fold>& folds, Answer&& answer_fold) {
    std::fprintf(stderr, "%s\n", name);
    indices answer(d.questions.size(), -1);
    metric::tally all, types[3];
    std::vector<double> shares;
    int only_this = 0, only_other = 0;
    for (const fold& f : folds) {
      answer_fold(f, answer);
      metric::tally own;
      for (const std::int32_t i : f.test) {
        const auto q = static_cast<std::size_t>(i);
        const auto type = static_cast<clevr::question_type>(d.set.type[q]);
        const bool right = answer[q] == d.set.label[q], other = !question_only.empty() && question_only[q] == d.set.label[q];
        own += {right, 1};
        types[type == clevr::question_type::count ? 0 : type == clevr::question_type::query_attribute ? 1 : 2] += {right, 1};
        only_this += right && !other, only_other += other && !right;
      }
      all += own;
      shares.push_back(own.share());
    }
    text += std::string("| ") + name + " | " + percent(metric::wilson(all.right, all.total)) + " | " + percent(metric::student_interval(shares));
    for (const auto& t : types) text += " | " + percent(metric::wilson(t.right, t.total));
    text += " | " + (question_only.empty() ? "" : std::to_string(only_this) + " : " + std::to_string(only_other)) + " |\n";
    return answer;
  }
};

}  // namespace real_questions
