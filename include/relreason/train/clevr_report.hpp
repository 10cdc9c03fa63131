// relreason/train/clevr_report.hpp -- the report of a run on CLEVR's scene descriptions: curves, accuracies, confusion, scenes with the pairs that were used.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "relreason/report/report.hpp"
#include "relreason/train/clevr_model.hpp"
#include "relreason/train/run.hpp"

namespace relreason {

namespace detail {

// Curves of a run's log, under a system's name: loss, accuracy (dashed in training) and rate.
inline void add_curves(report::run& to, const std::string& system, const std::string& log) {
  if (to.charts.empty())
    to.charts = {{"Loss", "step", report::scale::number, {}},
                 {"Accuracy", "step", report::scale::percent, {}},
                 {"Learning rate", "step", report::scale::logarithmic, {}}};
  report::curve loss{system, {}}, training{system, {}, true}, validation{system, {}}, rate{system, {}};
  for (const auto& e : read_log(log)) {
    const auto put = [&](report::curve& c, const char* key) {
      if (const auto v = e.find(key)) c.points.push_back({static_cast<double>(e.step), *v});
    };
    if (e.event == "train") put(loss, "loss"), put(training, "accuracy"), put(rate, "rate");
    if (e.event == "validation") put(validation, "accuracy");
  }
  to.charts[0].curves.push_back(std::move(loss));
  to.charts[1].curves.push_back(std::move(validation));
  to.charts[1].curves.push_back(std::move(training));
  to.charts[2].curves.push_back(std::move(rate));
}

// "type<TAB>right<TAB>total" lines beside a run, so that another run's report can show it.
inline void save_shares(const metric::accuracy& a, const std::string& path) {
  std::string text;
  const auto row = [&](const char* kind, const std::string& name, const metric::tally& t) {
    text += std::string(kind) + "\t" + name + "\t" + std::to_string(t.right) + "\t" + std::to_string(t.total) + "\n";
  };
  row("all", "all", a.overall());
  for (std::size_t i = 0; i < a.scheme().types.size(); ++i) row("type", a.scheme().types[i], a.by_type(static_cast<int>(i)));
  for (std::size_t i = 0; i < a.scheme().classes.size(); ++i) row("class", a.scheme().classes[i], a.by_class(static_cast<int>(i)));
  atomic_file file(path);
  file.write(text);
  file.commit();
}
inline report::count read_share(const std::string& path, const std::string& kind, const std::string& name) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    const std::string start = kind + "\t" + name + "\t";
    long long right = 0, total = 0;
    if (line.starts_with(start) && std::sscanf(line.c_str() + start.size(), "%lld\t%lld", &right, &total) == 2) return {right, total};
  }
  return {};
}

}  // namespace detail

// Up to `most` validation questions with what the network answered, one of each type in turn, wrong ones first.
template <class M, class Object, class Word>
std::vector<report::sample> sample_answers(const parameters<M>& weights, const clevr::dataset& d, const scene_questions& set,
                                           const metric::answer_scheme& scheme, int padded, std::size_t most = 24) {
  constexpr bool has_pairs = requires { typename M::template line_at<M::template find<"r">()>::bound::template side<name("pairs")>; };
  constexpr int classes = M::info[static_cast<std::size_t>(M::template find<"a">())].width;
  limits<M> at;
  if constexpr (M::template space<Object>() >= 0) at.template set<Object>(std::max(1, set.most_objects()));
  at.template set<Word>(std::max(1, padded));
  batch<M> b;
  std::vector<report::sample> right, wrong;
  std::vector<float> logits(static_cast<std::size_t>(classes)),
      pairs(static_cast<std::size_t>(set.most_objects()) * static_cast<std::size_t>(set.most_objects()) + 1);
  const auto answer = [&](std::int32_t q, auto& predict, auto& own) {
    set.fill<Object, Word>(b, std::span(&q, 1), padded);
    const auto i = static_cast<std::size_t>(q);
    report::sample s;
    s.scene = d.scenes[static_cast<std::size_t>(set.scene[i])];
    if constexpr (has_pairs) {
      predict.run(own, b, {logits.data(), pairs.data()});
      const std::size_t n = s.scene.objects.size();
      s.pair_weights.assign(pairs.begin(), pairs.begin() + static_cast<std::ptrdiff_t>(n * n));
    } else {
      predict.run(own, b, {logits.data()});
    }
    s.question = d.questions[i].text;
    s.answer = d.questions[i].answer;
    s.type = set.type[i] >= 0 ? scheme.types[static_cast<std::size_t>(set.type[i])] : "other";
    std::vector<double> p(static_cast<std::size_t>(classes));
    log_softmax(logits.data(), classes, p.data());
    std::vector<int> order(static_cast<std::size_t>(classes));
    for (int k = 0; k < classes; ++k) order[static_cast<std::size_t>(k)] = k;
    std::stable_sort(order.begin(), order.end(), [&](int x, int y) { return p[static_cast<std::size_t>(x)] > p[static_cast<std::size_t>(y)]; });
    s.prediction = scheme.answers[static_cast<std::size_t>(order[0])];
    for (std::size_t k = 0; k < 5 && k < order.size(); ++k)
      s.probabilities.emplace_back(scheme.answers[static_cast<std::size_t>(order[k])], std::exp(p[static_cast<std::size_t>(order[k])]));
    auto& to = s.answer == s.prediction ? right : wrong;
    if (to.size() < most / 2) to.push_back(std::move(s));
  };
  const auto all = [&](auto& predict, auto& own) {
    for (std::size_t q = 0; q < set.size() && right.size() + wrong.size() < most; q += 7) answer(static_cast<std::int32_t>(q), predict, own);
  };
  if constexpr (has_pairs) {
    predictor<M, float, "a", "r.pairs"> predict(weights, at, select_kernels<float>());
    typename predictor<M, float, "a", "r.pairs">::workspace own(predict);
    all(predict, own);
  } else {
    predictor<M, float, "a"> predict(weights, at, select_kernels<float>());
    typename predictor<M, float, "a">::workspace own(predict);
    all(predict, own);
  }
  wrong.insert(wrong.end(), std::make_move_iterator(right.begin()), std::make_move_iterator(right.end()));
  return wrong;
}

// Writes report.html (and shares.tsv) into the run's folder; `compare` is the folder of another run to show beside it, or empty.
template <class M, class Object, class Word>
void write_clevr_report(training_run<M, Object, Word>& run, const clevr::dataset& validation, const scene_questions& set,
                        const metric::answer_scheme& scheme, const std::string& compare) {
  const auto accuracy = run.evaluate(set);
  detail::save_shares(accuracy, run.path("shares.tsv"));
  const auto label = [](const std::string& folder) { return std::filesystem::path(folder).filename().string(); };
  const std::string own = label(std::filesystem::path(run.path("")).parent_path().string()), other = compare.empty() ? "" : compare + "/shares.tsv";
  report::run r;
  std::vector<std::string> systems{own};
  detail::add_curves(r, own, run.path("log.jsonl"));
  if (!other.empty()) {
    if (!std::filesystem::exists(other)) fail("write_clevr_report: no ", other, "; --compare wants the folder of a finished run");
    systems.push_back(label(compare));
    detail::add_curves(r, systems[1], compare + "/log.jsonl");
  }
  const auto row = [&](const char* kind, const std::string& name, const metric::tally& t) {
    report::accuracy_row to{name, {{t.right, t.total}}};
    if (!other.empty()) to.systems.push_back(detail::read_share(other, kind, name));
    return to;
  };
  const auto percent = [](const report::count& c) {
    char text[64];
    std::snprintf(text, sizeof text, "%.1f %%", c.total ? 100.0 * static_cast<double>(c.right) / static_cast<double>(c.total) : 0.0);
    return std::string(text);
  };
  report::accuracy_table types{"By question type", "question type", systems, {}}, classes{"By answer class", "answer class", systems, {}};
  types.rows.push_back(row("all", "all", accuracy.overall()));
  for (std::size_t i = 0; i < scheme.types.size(); ++i) types.rows.push_back(row("type", scheme.types[i], accuracy.by_type(static_cast<int>(i))));
  for (std::size_t i = 0; i < scheme.classes.size(); ++i)
    classes.rows.push_back(row("class", scheme.classes[i], accuracy.by_class(static_cast<int>(i))));
  for (std::size_t i = 0; i < systems.size(); ++i) {
    const auto& c = types.rows[0].systems[i];
    r.headlines.push_back({systems[i], percent(c), std::to_string(c.right) + " of " + std::to_string(c.total) + " validation questions"});
  }
  r.accuracies = {std::move(types), std::move(classes)};
  r.title = "Questions about scenes";
  r.subtitle = "What " + own + " learned, and where it fails";
  r.confusion_of = own;
  r.confusion.labels = scheme.answers;
  for (std::size_t i = 0; i < scheme.answers.size(); ++i) r.confusion.groups.push_back(scheme.classes[static_cast<std::size_t>(scheme.class_of[i])]);
  for (int i = 0; i < static_cast<int>(scheme.answers.size()); ++i)
    for (int j = 0; j < static_cast<int>(scheme.answers.size()); ++j) r.confusion.counts.push_back(accuracy.confusion(i, j));
  r.samples = sample_answers<M, Object, Word>(run.weights(), validation, set, scheme, run.padding_length());
  limits<M> typical;
  if constexpr (M::template space<Object>() >= 0) typical.template set<Object>(6);
  typical.template set<Word>(20);
  r.model = report::lines_of(describe_lines_of<M>(typical));
  r.model_text = "per sample of 6 objects and 20 words\n\n" + describe<M>(typical);
  r.facts = {
      {"parameters", std::to_string(parameters<M>::count())}, {"steps", std::to_string(run.inner().steps)}, {"kernels", run.inner().instructions()}};
  for (const auto& [key, value] : run.record().settings)
    if (value.find('\n') == value.npos) r.facts.push_back({key, value});
  report::write(r, run.path("report.html"));
}

}  // namespace relreason
