// relreason/report/report_data.hpp -- what a report shows, as plain data: whoever trains fills it, report.hpp draws it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "relreason/data/clevr.hpp"

namespace relreason::report {

struct fact {
  std::string name, value;
};

// A large number at the top of the page: {"Relation Network", "93.1 %", "9,310 of 10,000 questions"}.
struct headline {
  std::string name, value, note = {};
};

struct point {
  double x = 0, y = 0;  // not finite: a gap in the line
};

// One line of a chart; lines of the same name share a color on the whole page.
struct curve {
  std::string name;           // the system: "Relation Network"
  std::vector<point> points;  // by rising x
  bool dashed = false;        // by custom: measured in training
};

enum class scale { number, percent, logarithmic };  // percent: y of 0.5 is shown as 50 %

struct chart {
  std::string title;  // "Loss"
  std::string x_title = "step";
  scale y = scale::number;
  std::vector<curve> curves;
};

struct count {
  std::int64_t right = 0, total = 0;
};

struct accuracy_row {
  std::string name;            // "count", "query color"
  std::vector<count> systems;  // one per system of the table
};

// Systems side by side, such as a network beside its baseline.
struct accuracy_table {
  std::string title, first_column;  // "By question type", "question type"
  std::vector<std::string> systems;
  std::vector<accuracy_row> rows;
};

struct confusion_matrix {
  std::vector<std::string> labels;
  std::vector<std::string> groups;   // of each label; neighbors of one group are framed together
  std::vector<std::int64_t> counts;  // labels x labels: [true answer][prediction]
};

struct sample {
  clevr::scene scene;
  std::string picture = {};  // a PNG's bytes: shown in place of the drawn scene
  std::string type, question, answer, prediction;
  std::vector<std::pair<std::string, double>> probabilities;  // the best first
  std::vector<double> pair_weights;                           // n x n: [a * n + b] is the size of pair (a, b)'s part of r; empty: unknown
};

// A line of the model; has the fields of core/describe.hpp's line_text.
struct model_line {
  std::string name, operation, space, kind;  // kind: input, value, loss, output
  int width = 0;
  std::size_t parameters = 0;
  double flops = 0, bytes = 0;
  std::vector<std::string> reads;
};

struct run {
  std::string title, subtitle;
  std::vector<headline> headlines;
  std::vector<fact> facts;
  std::vector<chart> charts;
  std::vector<accuracy_table> accuracies;
  confusion_matrix confusion;
  std::string confusion_of;  // the system whose mistakes are shown
  std::vector<sample> samples;
  std::vector<model_line> model;
  std::string model_sizes;  // what flops and bytes count: "a question of 20 words about 6 objects"
  std::string model_text;   // describe<model>(...); optional
};

// r.model = report::lines_of(describe_lines_of<rn>(typical));
template <class Lines>
std::vector<model_line> lines_of(const Lines& lines) {
  std::vector<model_line> out;
  for (const auto& l : lines) out.push_back({l.name, l.operation, l.space, l.kind, l.width, l.parameters, l.flops, l.bytes, l.reads});
  return out;
}

}  // namespace relreason::report
