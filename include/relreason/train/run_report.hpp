// relreason/train/run_report.hpp -- what the report of any run shows: curves, accuracies beside another run's, confusion, facts and settings.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "relreason/metric/accuracy.hpp"
#include "relreason/report/report.hpp"
#include "relreason/train/log.hpp"
#include "relreason/train/shares.hpp"

namespace relreason::detail {

// Curves of a run's log, under a system's name: what was measured in training is dashed.
inline void add_curves(report::run& to, const std::string& system, const std::string& log) {
  if (to.charts.empty())
    to.charts = {{"Loss", "step", report::scale::number, {}},
                 {"Accuracy", "step", report::scale::percent, {}},
                 {"Learning rate", "step", report::scale::logarithmic, {}}};
  const auto events = read_log(log);
  const auto add = [&](std::size_t chart, const char* event, const char* key, bool dashed) {
    report::curve c{system, {}, dashed};
    for (const auto& e : events)
      if (const auto v = e.find(key); v && e.event == event) c.points.push_back({static_cast<double>(e.step), *v});
    to.charts[chart].curves.push_back(std::move(c));
  };
  add(0, "validation", "loss", false);
  add(0, "train", "loss", true);
  add(1, "validation", "accuracy", false);
  add(1, "train", "accuracy", true);
  add(2, "train", "rate", false);
}

// The last folder's name of a path; the path itself where there is none.
inline std::string label_of(const std::string& folder) {
  const auto path = std::filesystem::absolute(folder + "/.").lexically_normal().parent_path();
  return path.has_filename() ? path.filename().string() : path.string();
}

inline void add_accuracies(report::run& r, const metric::answer_scheme& scheme, const std::vector<std::string>& systems,
                           const std::vector<accuracy_shares>& shares) {
  // What no system was asked is left out.
  const auto add_row = [&](report::accuracy_table& to, const char* kind, const std::string& name) {
    report::accuracy_row row{name, {}};
    std::int64_t asked = 0;
    for (const auto& s : shares) {
      const auto found = s.find({kind, name});
      row.systems.push_back(found == s.end() ? report::count{} : report::count{found->second.right, found->second.total});
      asked += row.systems.back().total;
    }
    if (asked > 0) to.rows.push_back(std::move(row));
  };
  report::accuracy_table types{"By question type", "question type", systems, {}}, classes{"By answer class", "answer class", systems, {}};
  add_row(types, "all", "all");
  for (const auto& name : scheme.types) add_row(types, "type", name);
  for (const auto& name : scheme.classes) add_row(classes, "class", name);
  for (std::size_t i = 0; i < systems.size(); ++i) {
    const auto& all = shares[i].at({"all", "all"});
    r.headlines.push_back({systems[i], report::percent(all.share()),
                           report::with_commas(all.right) + " of " + report::with_commas(all.total) + " validation questions"});
  }
  r.accuracies = {std::move(types), std::move(classes)};
}

inline report::confusion_matrix confusion_of(const metric::accuracy& a) {
  const auto& scheme = a.scheme();
  report::confusion_matrix c{scheme.answers, {}, {}};
  for (const int k : scheme.class_of) c.groups.push_back(scheme.classes[static_cast<std::size_t>(k)]);
  const int n = static_cast<int>(scheme.answers.size());
  for (int i = 0; i < n; ++i)
    for (int j = 0; j < n; ++j) c.counts.push_back(a.confusion(i, j));
  return c;
}

// Settings that a person reads at a glance; lists of words have lines and are left out.
inline void add_settings(report::run& r, const std::map<std::string, std::string>& settings) {
  for (const auto& [key, text] : settings) {
    if (text.find('\n') != text.npos) continue;
    std::string name = key, value = text;
    std::replace(name.begin(), name.end(), '_', ' ');
    if (value.find_first_not_of("0123456789.") == value.npos && value.find('.') != value.npos) {  // 50.000000
      value.erase(value.find_last_not_of('0') + 1);
      if (value.ends_with('.')) value.pop_back();
    }
    r.facts.push_back({name, value});
  }
}

struct begun_report {
  report::run page;
  std::vector<std::string> systems, logs;  // of this run, and of the one that it is compared with
};

// The report of a run that found `found` on its validation set; title, model and samples are still to come. Writes shares.tsv, so that another run
// can be compared with this one. `compare` is the folder of a finished run to show beside it, or empty.
template <class Run>
begun_report begin_report(Run& run, const metric::accuracy& found, const std::string& compare) {
  std::vector<accuracy_shares> shares{shares_of(found)};
  save_shares(shares[0], run.path("shares.tsv"));
  begun_report r{{}, {label_of(run.path(""))}, {run.path("log.jsonl")}};
  if (!compare.empty()) {
    shares.push_back(read_shares(compare + "/shares.tsv"));
    const auto name = label_of(compare);
    r.systems.push_back(name == r.systems[0] ? compare : name);
    r.logs.push_back(compare + "/log.jsonl");
  }
  for (std::size_t i = 0; i < r.systems.size(); ++i) add_curves(r.page, r.systems[i], r.logs[i]);
  add_accuracies(r.page, found.scheme(), r.systems, shares);
  r.page.confusion_of = r.systems[0];
  r.page.confusion = confusion_of(found);
  r.page.facts = {{"parameters", report::with_commas(static_cast<std::int64_t>(run.weights().count()))},
                  {"steps", report::with_commas(static_cast<std::int64_t>(run.inner().steps))},
                  {"kernels", run.inner().instructions()}};
  add_settings(r.page, run.record().settings);
  return r;
}

}  // namespace relreason::detail
