// relreason/report/report.hpp -- what a run learned, as one self-contained HTML page: no network, light and dark, all numbers inside.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "relreason/core/describe.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/report/json.hpp"
#include "relreason/report/page.hpp"

namespace relreason::report {

struct curve {
  std::string system, chart;   // which model, and on which chart: loss, accuracy, rate
  std::vector<std::pair<double, double>> points;
};
struct share_row {
  std::string name;
  std::vector<double> shares;   // per system; below 0: not counted
  long long total = 0;
};
struct sample {
  clevr::scene scene;
  std::string question, answer, prediction, type;
  std::vector<std::pair<std::string, double>> top;   // likeliest answers and their probabilities
  std::vector<double> pairs;                         // objects x objects, receiver-major: size of each pair's part of r; empty if there are no pairs
};
struct run {
  std::string title, subtitle;
  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<std::string> systems;
  std::vector<curve> curves;
  std::vector<share_row> types, classes;
  std::vector<std::string> labels;                   // of the confusion matrix
  std::vector<long long> confusion;                  // labels x labels, row: truth
  std::vector<sample> samples;
  std::vector<line_text> model;
  std::string model_table;
};

namespace detail {

inline json::value scene_json(const clevr::scene& s) {
  json::value objects = json::array();
  for (const auto& o : s.objects) {
    const auto& a = o.attributes;
    objects.push(json::object()
                     .set("x", o.pixel[0]).set("y", o.pixel[1]).set("depth", o.pixel[2])
                     .set("size", clevr::sizes[a[clevr::size]]).set("color", clevr::colors[a[clevr::color]])
                     .set("material", clevr::materials[a[clevr::material]]).set("shape", clevr::shapes[a[clevr::shape]]));
  }
  return objects;
}

template <class List, class One>
json::value list_json(const List& list, One&& one) {
  json::value out = json::array();
  for (const auto& item : list) out.push(one(item));
  return out;
}

inline json::value share_json(const share_row& r) {
  return json::object().set("name", r.name).set("total", static_cast<double>(r.total)).set("shares", list_json(r.shares, [](double v) { return json::value(v); }));
}

}  // namespace detail

// The page's data, as the script in it reads them.
inline std::string data(const run& r) {
  using detail::list_json;
  const auto text = [](const std::string& s) { return json::value(s); };
  json::value d = json::object();
  d.set("title", r.title).set("subtitle", r.subtitle).set("table", r.model_table);
  d.set("systems", list_json(r.systems, text));
  d.set("facts", list_json(r.facts, [&](const auto& f) { return json::array().push(f.first).push(f.second); }));
  d.set("curves", list_json(r.curves, [](const curve& c) {
          return json::object().set("system", c.system).set("chart", c.chart).set("points", list_json(c.points, [](const auto& p) { return json::array().push(p.first).push(p.second); }));
        }));
  d.set("types", list_json(r.types, detail::share_json)).set("classes", list_json(r.classes, detail::share_json));
  d.set("labels", list_json(r.labels, text)).set("confusion", list_json(r.confusion, [](long long n) { return json::value(static_cast<double>(n)); }));
  d.set("samples", list_json(r.samples, [](const sample& s) {
          return json::object().set("objects", detail::scene_json(s.scene)).set("question", s.question).set("answer", s.answer).set("prediction", s.prediction)
              .set("type", s.type).set("top", list_json(s.top, [](const auto& t) { return json::array().push(t.first).push(t.second); }))
              .set("pairs", list_json(s.pairs, [](double v) { return json::value(v); }));
        }));
  d.set("model", list_json(r.model, [&](const line_text& l) {
          return json::object().set("name", l.name).set("operation", l.operation).set("space", l.space).set("kind", l.kind).set("width", l.width)
              .set("parameters", static_cast<double>(l.parameters)).set("reads", list_json(l.reads, text));
        }));
  return d.text();
}

// Writes the page beside the old one and puts it in its place.
inline void write(const run& r, const std::string& path) {
  std::string html = page();
  const std::string mark = "/*DATA*/";
  html.replace(html.find(mark), mark.size(), data(r));
  atomic_file file(path);
  file.write(html);
  file.commit();
}

}  // namespace relreason::report
