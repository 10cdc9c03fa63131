// relreason/report/report.hpp -- one self-contained HTML page about a training run: curves, accuracies, mistakes, scenes with pairs, the model.
// Everything but curves, heat map and filters is there without scripts; the page loads nothing from anywhere (its content policy forbids it).
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/report/json_writer.hpp"
#include "relreason/report/report_data.hpp"
#include "relreason/report/report_numbers.hpp"
#include "relreason/report/report_page.hpp"
#include "relreason/report/report_samples.hpp"
#include "relreason/report/report_text.hpp"

namespace relreason::report {

namespace detail {

inline constexpr std::size_t most_points = 1200;  // of one curve in the page: more than a chart has pixels

// Keeps of every stretch its lowest and highest point and a gap, so that no peak is lost.
inline std::vector<point> thinned(const std::vector<point>& all) {
  if (all.size() <= most_points) return all;
  std::vector<point> out;
  const std::size_t stretches = most_points / 3;
  for (std::size_t k = 0; k < stretches; ++k) {
    const std::size_t first = all.size() * k / stretches, last = all.size() * (k + 1) / stretches;
    std::size_t low = last, high = last, gap = last;
    for (std::size_t i = first; i < last; ++i) {
      if (!std::isfinite(all[i].y)) {
        gap = i;
        continue;
      }
      if (low == last || all[i].y < all[low].y) low = i;
      if (high == last || all[i].y >= all[high].y) high = i;
    }
    std::vector<std::size_t> kept{low, high, gap};
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    for (const std::size_t i : kept)
      if (i < last) out.push_back(all[i]);
  }
  return out;
}

inline void check(const run& r) {
  for (const auto& t : r.accuracies)
    for (const auto& row : t.rows) {
      if (row.systems.size() != t.systems.size())
        fail("report: row ", row.name, " of table ", t.title, " has counts of ", row.systems.size(), " systems; wanted ", t.systems.size());
      for (const auto& c : row.systems)
        if (c.right < 0 || c.right > c.total) fail("report: row ", row.name, " of table ", t.title, " has ", c.right, " right of ", c.total);
    }
  const auto& c = r.confusion;
  const std::size_t n = c.labels.size();
  if (c.counts.size() != n * n) fail("report: confusion of ", n, " labels has ", c.counts.size(), " counts; wanted ", n * n);
  if (!c.groups.empty() && c.groups.size() != n)
    fail("report: confusion of ", n, " labels has ", c.groups.size(), " groups; wanted one each or none");
  for (const auto v : c.counts)
    if (v < 0) fail("report: confusion has the count ", v, "; wanted 0 or more");
}

inline void put_chart(json_writer& j, const chart& c, colors_of_systems& colors) {
  j.begin_object().member("title", c.title).member("x_title", c.x_title);
  j.member("y", c.y == scale::percent ? "percent" : c.y == scale::logarithmic ? "logarithmic" : "number").key("curves").begin_array();
  for (const auto& curve : c.curves) {
    j.begin_object().member("name", curve.name).member("dashed", curve.dashed).member("color", colors(curve.name)).key("points").begin_array();
    for (const auto& p : thinned(curve.points)) j.begin_array().value(p.x).value(p.y).end_array();
    j.end_array().end_object();
  }
  j.end_array().end_object();
}

// What the page's script draws from: {"charts": [...], "confusion": {"labels", "groups", "counts"}}.
inline std::string data_json(const run& r, colors_of_systems& colors) {
  json_writer j(json_place::html);
  const auto list = [&](const char* name, const auto& values) {
    j.key(name).begin_array();
    for (const auto& v : values) j.value(v);
    j.end_array();
  };
  j.begin_object().key("charts").begin_array();
  for (const auto& c : r.charts) put_chart(j, c, colors);
  j.end_array().key("confusion").begin_object();
  list("labels", r.confusion.labels);
  list("groups", r.confusion.groups);
  list("counts", r.confusion.counts);
  return j.end_object().end_object().text();
}

inline std::string style_with_dark() {
  std::string style = page_style;
  for (auto at = style.find("DARK"); at != style.npos; at = style.find("DARK")) style.replace(at, 4, dark_colors);
  return style;
}

inline std::string links_html(const run& r) {
  std::string out = "<nav aria-label=\"Sections\">";
  const auto link = [&](bool there, const char* to, const char* text) {
    if (there) out += std::string("<a href=\"#") + to + "\">" + text + "</a>";
  };
  link(!r.charts.empty(), "curves", "Curves");
  link(!r.accuracies.empty(), "accuracy", "Accuracy");
  link(!r.confusion.labels.empty(), "mistakes", "Mistakes");
  link(!r.samples.empty(), "samples", "Questions");
  link(!r.model.empty() || !r.model_text.empty(), "model", "Model");
  return out + "</nav>";
}

}  // namespace detail

// The whole page as text. Counts that do not fit each other are an error that names them.
inline std::string page_of(const run& r) {
  detail::check(r);
  detail::colors_of_systems colors;
  for (const auto& h : r.headlines) colors(h.name);
  std::string out = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>)";
  out += html(r.title) + "</title>\n<style>" + detail::style_with_dark() + "</style>\n</head>\n<body>\n" + scene_gradients();
  out += "<header><div><h1>" + html(r.title) + "</h1><div class=\"soft\">" + html(r.subtitle) + "</div>" + detail::links_html(r) +
         "</div><button type=\"button\" class=\"theme\" id=\"theme\" hidden>Dark</button></header>\n<main>\n";
  out += detail::facts_html(r, colors) + "\n";
  out += detail::charts_html(r, colors);
  out += detail::accuracies_html(r, colors);
  out += detail::confusion_html(r);
  out += detail::samples_html(r, r.confusion_of.empty() ? "var(--s0)" : colors.style(r.confusion_of));
  out += detail::model_html(r);
  out += "</main>\n<footer>Written by relreason.</footer>\n<script type=\"application/json\" id=\"data\">" + detail::data_json(r, colors) +
         "</script>\n<script>" + detail::page_script + "</script>\n</body>\n</html>\n";
  return out;
}

// Replaces the file as a whole: who reads it meanwhile sees the old page or the new one.
inline void write(const run& r, const std::string& path) {
  const std::string page = page_of(r);
  atomic_file file(path);
  file.write(page);
  file.commit();
}

}  // namespace relreason::report
