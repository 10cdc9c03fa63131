// relreason/train/sort_of_clevr_report.hpp -- the report of a run on Sort-of-CLEVR: curves by kind of question, accuracies, mistakes, model.
// The page is report/report.hpp's; on request another finished run stands beside.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "relreason/train/clevr_report.hpp"
#include "relreason/train/sort_of_clevr_task.hpp"

namespace relreason {

namespace detail {

// Accuracy on the validation set of one kind, for each run that learned it.
inline void add_kind_chart(report::run& to, std::string_view kind, const std::vector<std::string>& systems, const std::vector<std::string>& logs) {
  report::chart chart{"Accuracy, " + std::string(kind), "step", report::scale::percent, {}};
  for (std::size_t i = 0; i < systems.size(); ++i) {
    report::curve c{systems[i], {}};
    for (const auto& e : read_log(logs[i]))
      if (const auto v = e.find(kind); v && e.event == "validation") c.points.push_back({static_cast<double>(e.step), *v});
    if (!c.points.empty()) chart.curves.push_back(std::move(c));
  }
  to.charts.push_back(std::move(chart));
}

}  // namespace detail

// Writes report.html (and shares.tsv) into the run's folder, of the weights as they are; `compare` is the folder of another finished run, or empty.
template <class Task, class Optimizer, template <class, class, name...> class Trainer>
void write_sort_of_clevr_report(training_run<Task, Optimizer, Trainer>& run, const std::string& compare = "") {
  using M = typename Task::model;
  run.inner().refresh();
  const auto found = run.task().evaluate(answers_on_cpu<"a">(run.weights(), run.planned(), run.inner().kernel(), run.threads()));
  std::vector<accuracy_shares> shares{shares_of(found)};
  save_shares(shares[0], run.path("shares.tsv"));
  std::vector<std::string> systems{detail::label_of(run.path(""))}, logs{run.path("log.jsonl")};
  if (!compare.empty()) {
    shares.push_back(read_shares(compare + "/shares.tsv"));
    systems.push_back(detail::label_of(compare));
    if (systems[1] == systems[0]) systems[1] = compare;
    logs.push_back(compare + "/log.jsonl");
  }
  report::run r;
  r.title = "Sort-of-CLEVR";
  r.subtitle = "What " + systems[0] + " learned of squares and circles";
  for (std::size_t i = 0; i < systems.size(); ++i) detail::add_curves(r, systems[i], logs[i]);
  for (const auto k : run.task().kinds()) detail::add_kind_chart(r, sort_of_clevr::kind_names[static_cast<std::size_t>(k)], systems, logs);
  detail::add_accuracies(r, found.scheme(), systems, shares);
  r.confusion_of = systems[0];
  r.confusion = detail::confusion_of(found);
  r.model_sizes = "one question";
  r.model = report::lines_of(describe_lines_of<M>({}));
  r.model_text = describe<M>({});
  r.facts = {{"parameters", report::with_commas(static_cast<std::int64_t>(parameters<M>::count()))},
             {"steps", report::with_commas(static_cast<std::int64_t>(run.inner().steps))},
             {"kernels", run.inner().instructions()}};
  detail::add_settings(r, run.record().settings);
  report::write(r, run.path("report.html"));
}

}  // namespace relreason
