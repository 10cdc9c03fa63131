// relreason/report/report_numbers.hpp -- the numbers of a report as HTML: facts, charts, accuracies, mistakes, the model's table.
// Charts and the heat map are frames here, which the page's script fills from the page's data.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "relreason/report/report_data.hpp"
#include "relreason/report/report_model.hpp"
#include "relreason/report/report_text.hpp"

namespace relreason::report::detail {

inline constexpr std::size_t most_mistakes = 12;

// Systems keep their color through the page, in the order in which they first appear.
class colors_of_systems {
 public:
  int operator()(const std::string& name) { return numbers_.try_emplace(name, static_cast<int>(numbers_.size())).first->second; }
  std::string style(const std::string& name) { return "var(--s" + std::to_string((*this)(name) % 4) + ")"; }
  std::string dot(const std::string& name) { return "<span class=\"dot\" style=\"background:" + style(name) + "\"></span>"; }

 private:
  std::map<std::string, int> numbers_;
};

inline std::string bar_html(double share, const std::string& color) {
  return "<span class=\"bar\" aria-hidden=\"true\"><b style=\"width:" + format("%.1f", 100 * share) + "%;background:" + color + "\"></b></span>";
}

inline std::string section_html(const char* id, const char* title, const std::string& note, const std::string& content) {
  return std::string("<section id=\"") + id + "\"><h2>" + title + "</h2><p class=\"note\">" + note + "</p>" + content + "</section>\n";
}

inline std::string facts_html(const run& r, colors_of_systems& colors) {
  std::string out = r.headlines.empty() ? "" : "<div class=\"headlines\">";
  for (const auto& h : r.headlines)
    out += "<div><div class=\"soft\">" + colors.dot(h.name) + html(h.name) + "</div><div class=\"big\">" + html(h.value) +
           "</div><div class=\"soft\">" + html(h.note) + "</div></div>";
  if (!r.headlines.empty()) out += "</div>\n";
  if (r.facts.empty()) return out;
  out += "<dl class=\"facts\">";
  for (const auto& f : r.facts) out += "<div><dt>" + html(f.name) + "</dt><dd>" + html(f.value) + "</dd></div>";
  return out + "</dl>\n";
}

inline std::string charts_html(const run& r, colors_of_systems& colors) {
  if (r.charts.empty()) return {};
  std::string out = "<noscript><p>The curves need scripts.</p></noscript><div class=\"charts\">";
  for (std::size_t k = 0; k < r.charts.size(); ++k) {
    const auto& c = r.charts[k];
    out += "<div class=\"card chart\" data-chart=\"" + std::to_string(k) + "\"><h3>" + html(c.title) +
           (c.y == scale::logarithmic ? " <span class=\"soft\">(logarithmic)</span>" : "") + "</h3><div class=\"legend\">";
    std::vector<std::string> named;
    bool dashed = false;
    for (const auto& curve : c.curves) {
      dashed |= curve.dashed;
      if (std::find(named.begin(), named.end(), curve.name) != named.end()) continue;
      named.push_back(curve.name);
      out += "<span><i style=\"border-color:" + colors.style(curve.name) + "\"></i>" + html(curve.name) + "</span>";
    }
    if (dashed) out += "<span><i class=\"dashed\"></i>in training</span>";
    out += "</div><div class=\"read\" aria-live=\"polite\"></div></div>";
  }
  return section_html("curves", "Curves", "Point at a chart, or focus it and use the arrow keys, to read values.", out + "</div>");
}

inline std::string share_cell(const count& c, const std::string& color) {
  if (c.total == 0) return "<td class=\"soft\">none</td>";
  const double share = static_cast<double>(c.right) / static_cast<double>(c.total);
  return "<td><div class=\"share\" title=\"" + with_commas(c.right) + " of " + with_commas(c.total) + "\"><span>" + percent(share) + "</span>" +
         bar_html(share, color) + "</div></td>";
}

// How many questions were counted: one number where all systems saw as many.
inline std::string totals_of(const accuracy_row& row) {
  std::string out;
  for (std::size_t i = 0; i < row.systems.size(); ++i)
    if (i == 0 || row.systems[i].total != row.systems[0].total) out += (i ? " / " : "") + with_commas(row.systems[i].total);
  return out;
}

inline std::string accuracies_html(const run& r, colors_of_systems& colors) {
  if (r.accuracies.empty()) return {};
  std::string out = "<div class=\"tables\">";
  for (const auto& t : r.accuracies) {
    out += "<div class=\"card scroll\"><h3>" + html(t.title) + "</h3><table><thead><tr><th scope=\"col\">" + html(t.first_column) + "</th>";
    for (const auto& s : t.systems) out += "<th scope=\"col\">" + colors.dot(s) + html(s) + "</th>";
    out += "<th scope=\"col\" class=\"count\">questions</th></tr></thead><tbody>";
    for (const auto& row : t.rows) {
      out += "<tr><th scope=\"row\">" + html(row.name) + "</th>";
      for (std::size_t s = 0; s < t.systems.size(); ++s) out += share_cell(row.systems[s], colors.style(t.systems[s]));
      out += "<td class=\"count\">" + totals_of(row) + "</td></tr>";
    }
    out += "</tbody></table></div>";
  }
  return section_html("accuracy", "Accuracy", "Share of questions answered right.", out + "</div>");
}

inline std::string mistakes_html(const confusion_matrix& c) {
  struct mistake {
    std::size_t label, predicted;
    std::int64_t count;
  };
  std::vector<mistake> all;
  const std::size_t n = c.labels.size();
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      if (i != j && c.counts[i * n + j] > 0) all.push_back({i, j, c.counts[i * n + j]});
  std::stable_sort(all.begin(), all.end(), [](const mistake& a, const mistake& b) { return a.count > b.count; });
  if (all.empty()) return "<p class=\"soft\">No mistakes.</p>";
  std::string out = "<ol class=\"mistakes\">";
  for (std::size_t k = 0; k < std::min(all.size(), most_mistakes); ++k)
    out += "<li><span>" + html(c.labels[all[k].label]) + " <span class=\"soft\">taken for</span> " + html(c.labels[all[k].predicted]) +
           "</span><span class=\"soft\">" + with_commas(all[k].count) + "</span></li>";
  return out + "</ol>";
}

inline std::string confusion_html(const run& r) {
  if (r.confusion.labels.empty()) return {};
  std::string note = "Rows are true answers, columns predictions" + (r.confusion_of.empty() ? "" : " of " + html(r.confusion_of)) +
                     ". A cell is as strong as its share of the row (by square root, so that rare mistakes can be seen).";
  if (!r.confusion.groups.empty()) note += " Frames are kinds of answers: outside a frame the answer is of the wrong kind.";
  return section_html("mistakes", "Mistakes", note,
                      "<div class=\"confusion\"><div class=\"card\" id=\"heat\"><div class=\"read\" aria-live=\"polite\"></div></div>"
                      "<div><h3>Most frequent</h3>" +
                          mistakes_html(r.confusion) + "</div></div>");
}

inline std::string model_table_html(const std::vector<model_line>& model) {
  std::string out = "<div class=\"card scroll\"><table><thead><tr>";
  for (const char* column : {"name", "operation", "reads", "space"}) out += std::string("<th scope=\"col\">") + column + "</th>";
  for (const char* column : {"width", "parameters", "FLOPs", "bytes"}) out += std::string("<th scope=\"col\" class=\"count\">") + column + "</th>";
  out += "</tr></thead><tbody>";
  for (const auto& l : model) {
    std::string reads;
    for (const auto& name : l.reads) reads += (reads.empty() ? "" : ", ") + name;
    out += "<tr><th scope=\"row\">" + html(l.name) + "</th><td class=\"long\">" + html(l.operation) + "</td><td>" + html(reads) + "</td><td>" +
           html(l.space) + "</td>";
    for (const double v : {static_cast<double>(l.width), static_cast<double>(l.parameters), l.flops, l.bytes})
      out += "<td class=\"count\">" + (v > 0 && v < 9e18 ? with_commas(std::llround(v)) : std::string()) + "</td>";
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

inline std::string model_html(const run& r) {
  if (r.model.empty() && r.model_text.empty()) return {};
  std::string out;
  if (!r.model.empty())
    out += "<div class=\"card scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Drawing of the model\">" + model_svg(r.model) + "</div>" +
           model_table_html(r.model);
  if (!r.model_text.empty()) out += "<details><summary>As text</summary><pre>" + html(r.model_text) + "</pre></details>";
  return section_html("model", "Model",
                      "Each box is one equation; arrows lead from what it reads" +
                          (r.model_sizes.empty() ? std::string(".") : ". FLOPs and bytes are for " + html(r.model_sizes) + ", forward."),
                      out);
}

}  // namespace relreason::report::detail
