// relreason/train/sort_of_clevr_report.hpp -- the report of a run on Sort-of-CLEVR: curves by kind of question, accuracies, mistakes, model.
// The page is report/report.hpp's; on request another finished run stands beside.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "relreason/core/describe.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/run_report.hpp"
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
  auto [r, systems, logs] = detail::begin_report(run, found, compare);
  r.title = "Sort-of-CLEVR";
  r.subtitle = "What " + systems[0] + " learned of squares and circles";
  for (const auto k : run.task().kinds()) detail::add_kind_chart(r, sort_of_clevr::kind_names[static_cast<std::size_t>(k)], systems, logs);
  r.model_sizes = "one question";
  r.model = report::lines_of(describe_lines_of<M>({}));
  r.model_text = describe<M>({});
  report::write(r, run.path("report.html"));
}

}  // namespace relreason
