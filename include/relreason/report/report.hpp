// relreason/report/report.hpp -- one self-contained HTML page about a training run: curves, accuracies, mistakes, scenes with the pairs used, the model.
// Everything but curves, heat map and filters is there without scripts; the page loads nothing from anywhere (its content policy forbids it).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/report/json_writer.hpp"
#include "relreason/report/report_data.hpp"
#include "relreason/report/report_model.hpp"
#include "relreason/report/report_page.hpp"
#include "relreason/report/report_svg.hpp"

namespace relreason::report {

namespace detail {

inline constexpr std::size_t most_points = 1200;  // of one curve in the page: more than a chart has pixels
inline constexpr std::size_t most_pairs = 5, most_mistakes = 10, most_answers = 5;

// Keeps of every stretch its lowest and highest point and the gaps, so that no peak is lost.
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

// 12345 -> 12,345
inline std::string with_commas(std::int64_t v) {
  std::string digits = std::to_string(v);
  for (int at = static_cast<int>(digits.size()) - 3; at > (v < 0 ? 1 : 0); at -= 3) digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

inline std::string percent(double share) { return format("%.1f %%", 100 * share); }

// Systems keep their color through the page, in the order in which they first appear.
class colors_of_systems {
 public:
  int operator()(const std::string& name) { return numbers_.try_emplace(name, static_cast<int>(numbers_.size())).first->second; }
  std::string style(const std::string& name) { return "var(--s" + std::to_string((*this)(name) % 4) + ")"; }
  std::string dot(const std::string& name) { return "<span class=\"dot\" style=\"background:" + style(name) + "\"></span>"; }

 private:
  std::map<std::string, int> numbers_;
};

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
  if (c.counts.size() != n * n || (!c.groups.empty() && c.groups.size() != n))
    fail("report: confusion of ", n, " labels has ", c.groups.size(), " groups and ", c.counts.size(), " counts; wanted ", n, " (or none) and ",
         n * n);
  for (const auto v : c.counts)
    if (v < 0) fail("report: confusion has the count ", v, "; wanted 0 or more");
}

inline std::string data_json(const run& r, colors_of_systems& colors) {
  json_writer j(json_place::html);
  j.begin_object().key("charts").begin_array();
  for (const auto& c : r.charts) {
    j.begin_object().member("title", c.title).member("x_title", c.x_title);
    j.member("y", c.y == scale::percent ? "percent" : c.y == scale::logarithmic ? "logarithmic" : "number").key("curves").begin_array();
    for (const auto& curve : c.curves) {
      j.begin_object().member("name", curve.name).member("dashed", curve.dashed).member("color", colors(curve.name)).key("points").begin_array();
      for (const auto& p : thinned(curve.points)) j.begin_array().value(p.x).value(p.y).end_array();
      j.end_array().end_object();
    }
    j.end_array().end_object();
  }
  j.end_array().key("confusion").begin_object().key("labels").begin_array();
  for (const auto& l : r.confusion.labels) j.value(l);
  j.end_array().key("groups").begin_array();
  for (std::size_t i = 0; i < r.confusion.labels.size(); ++i) j.value(r.confusion.groups.empty() ? std::string() : r.confusion.groups[i]);
  j.end_array().key("counts").begin_array();
  for (const auto v : r.confusion.counts) j.value(v);
  j.end_array().end_object().end_object();
  return j.text();
}

inline std::string facts_html(const run& r, colors_of_systems& colors) {
  std::string out;
  if (!r.headlines.empty()) {
    out += "<div class=\"headlines\">";
    for (const auto& h : r.headlines)
      out += "<div><div class=\"soft\">" + colors.dot(h.name) + html(h.name) + "</div><div class=\"big\">" + html(h.value) +
             "</div><div class=\"soft\">" + html(h.note) + "</div></div>";
    out += "</div>\n";
  }
  if (r.facts.empty()) return out;
  out += "<dl class=\"facts\">";
  for (const auto& f : r.facts) {
    const bool wide = f.value.size() > 60;
    out += std::string("<div class=\"fact") + (wide ? " wide" : "") + "\"><dt>" + html(f.name) + "</dt><dd>" + (wide ? "<code>" : "") +
           html(f.value) + (wide ? "</code>" : "") + "</dd></div>";
  }
  return out + "</dl>\n";
}

inline std::string charts_html(const run& r, colors_of_systems& colors) {
  if (r.charts.empty()) return {};
  std::string out =
      "<section id=\"curves\"><h2>Curves</h2><p class=\"note\">Point at a chart, or focus it and use the arrow keys, to read values.</p>"
      "<noscript><p>The curves need scripts.</p></noscript><div class=\"charts\">";
  for (std::size_t k = 0; k < r.charts.size(); ++k) {
    const auto& c = r.charts[k];
    out += "<div class=\"card chart\" data-chart=\"" + std::to_string(k) + "\"><h3>" + html(c.title) +
           (c.y == scale::logarithmic ? " <span class=\"soft\">(logarithmic)</span>" : "") + "</h3>";
    out += "<div class=\"read\" aria-live=\"polite\"></div><div class=\"legend\">";
    std::vector<std::string> named;
    bool dashed = false;
    for (const auto& curve : c.curves) {
      dashed |= curve.dashed;
      if (std::find(named.begin(), named.end(), curve.name) != named.end()) continue;
      named.push_back(curve.name);
      out += "<span><i style=\"border-color:" + colors.style(curve.name) + "\"></i>" + html(curve.name) + "</span>";
    }
    if (dashed) out += "<span><i class=\"dashed\"></i>on training questions</span>";
    out += "</div></div>";
  }
  return out + "</div></section>\n";
}

inline std::string share_cell(const count& c, const std::string& color) {
  if (c.total == 0) return "<td class=\"soft\">none</td>";
  const double share = static_cast<double>(c.right) / static_cast<double>(c.total);
  return "<td><div class=\"share\" title=\"" + with_commas(c.right) + " of " + with_commas(c.total) + "\"><span>" + percent(share) +
         "</span><span class=\"bar\" aria-hidden=\"true\"><b style=\"width:" + format("%.1f", 100 * share) + "%;background:" + color +
         "\"></b></span></div></td>";
}

inline std::string table_html(const accuracy_table& t, colors_of_systems& colors) {
  std::string out = "<div class=\"card scroll\"><h3>" + html(t.title) + "</h3><table><thead><tr><th scope=\"col\">" + html(t.first_column) + "</th>";
  for (const auto& s : t.systems) out += "<th scope=\"col\">" + colors.dot(s) + html(s) + "</th>";
  out += "<th scope=\"col\" class=\"count\">questions</th></tr></thead><tbody>";
  for (const auto& row : t.rows) {
    std::int64_t most = 0;
    out += "<tr><th scope=\"row\">" + html(row.name) + "</th>";
    for (std::size_t s = 0; s < t.systems.size(); ++s) {
      out += share_cell(row.systems[s], colors.style(t.systems[s]));
      most = std::max(most, row.systems[s].total);
    }
    out += "<td class=\"count\">" + with_commas(most) + "</td></tr>";
  }
  return out + "</tbody></table></div>";
}

inline std::string accuracies_html(const run& r, colors_of_systems& colors) {
  if (r.accuracies.empty()) return {};
  std::string out = "<section id=\"accuracy\"><h2>Accuracy</h2><p class=\"note\">Share of questions answered right.</p><div class=\"tables\">";
  for (const auto& t : r.accuracies) out += table_html(t, colors);
  return out + "</div></section>\n";
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
  return "<section id=\"mistakes\"><h2>Mistakes</h2><p class=\"note\">Rows are true answers, columns predictions" +
         (r.confusion_of.empty() ? std::string() : " of " + html(r.confusion_of)) +
         ". A cell's strength is the share of its row (by square root, so that rare mistakes can be seen); frames are kinds of answers: outside a "
         "frame the answer is of "
         "the wrong kind.</p><div class=\"confusion\"><div class=\"card\" id=\"heat\"><div class=\"read\" "
         "aria-live=\"polite\"></div></div><div><h3>Most frequent</h3>" +
         mistakes_html(r.confusion) + "</div></div></section>\n";
}

inline std::string pair_list_html(const sample& s) {
  const int n = static_cast<int>(s.scene.objects.size());
  if (s.pair_weights.empty() || n == 0) return {};
  std::string out = "<details open><summary>Pairs used most</summary><ol class=\"pair-list\">";
  const auto shares = shares_of(s.pair_weights, n);
  for (std::size_t k = 0; k < std::min(shares.size(), most_pairs) && shares[k].share > 0; ++k) {
    const auto& p = shares[k];
    const auto name = [&](int i) { return std::to_string(i + 1) + " " + words_of(s.scene.objects[static_cast<std::size_t>(i)]); };
    out += "<li tabindex=\"0\" data-line=\"" + std::to_string(std::min(p.a, p.b)) + "-" + std::to_string(std::max(p.a, p.b)) + "\"><span>" +
           html(name(p.a)) + (p.a == p.b ? " <span class=\"soft\">itself</span>" : " <span class=\"soft\">with</span> " + html(name(p.b))) +
           "</span><span class=\"soft\">" + percent(p.share) + "</span></li>";
  }
  return out + "</ol></details>";
}

inline std::string sample_html(const sample& s, const std::string& color) {
  const bool right = s.answer == s.prediction;
  std::string out = std::string("<article class=\"card sample ") + (right ? "is-right" : "is-wrong") + "\" data-verdict=\"" +
                    (right ? "right" : "wrong") + "\" data-type=\"" + html(s.type) + "\">" + scene_svg(s.scene, s.pair_weights) +
                    "<div class=\"body\"><h3>" + html(s.question) + "</h3><div class=\"verdict\"><span class=\"tag\">" + (right ? "right" : "wrong") +
                    "</span>";
  if (right) out += "<span>Answer <b>" + html(s.answer) + "</b></span>";
  else out += "<span>Predicted <b>" + html(s.prediction) + "</b></span><span>True answer <b>" + html(s.answer) + "</b></span>";
  out += "<span class=\"soft\">" + html(s.type) + "</span></div><div class=\"top\">";
  for (std::size_t k = 0; k < std::min(s.probabilities.size(), most_answers); ++k) {
    const auto& [name, p] = s.probabilities[k];
    const double share = std::isfinite(p) ? std::clamp(p, 0., 1.) : 0;
    out += std::string("<span") + (name == s.answer ? " class=\"answer\"" : "") + ">" + html(name) +
           "</span><span class=\"bar\" aria-hidden=\"true\"><b style=\"width:" + format("%.1f", 100 * share) + "%;background:" + color +
           "\"></b></span><span>" + percent(share) + "</span>";
  }
  return out + "</div>" + pair_list_html(s) + "</div></article>\n";
}

inline std::string samples_html(const run& r, const std::string& color) {
  if (r.samples.empty()) return {};
  std::vector<const sample*> order;
  std::vector<std::string> types;
  for (const auto& s : r.samples) {
    order.push_back(&s);
    if (std::find(types.begin(), types.end(), s.type) == types.end()) types.push_back(s.type);
  }
  std::stable_partition(order.begin(), order.end(), [](const sample* s) { return s->answer != s->prediction; });
  std::sort(types.begin(), types.end());
  std::string out =
      "<section id=\"samples\"><h2>Questions about scenes</h2><p class=\"note\">Wrong answers first. A line between two objects is as strong as that "
      "pair's part of the sum "
      "that the network answers from; a ring is the pair of an object with itself. Scenes are drawn from their descriptions.</p><div "
      "class=\"filters\" hidden>"
      "<button type=\"button\" data-show=\"all\" aria-pressed=\"true\">All</button><button type=\"button\" data-show=\"wrong\" "
      "aria-pressed=\"false\">Wrong</button>"
      "<button type=\"button\" data-show=\"right\" aria-pressed=\"false\">Right</button><label><span class=\"unseen\">Question type</span><select "
      "id=\"type\">"
      "<option value=\"\">All question types</option>";
  for (const auto& t : types) out += "<option value=\"" + html(t) + "\">" + html(t) + "</option>";
  out +=
      "</select></label><button type=\"button\" id=\"pairs\" aria-pressed=\"true\">Pairs</button><span id=\"shown\" class=\"soft\" "
      "aria-live=\"polite\"></span></div><div class=\"samples\">\n";
  for (const sample* s : order) out += sample_html(*s, color);
  return out + "</div></section>\n";
}

inline std::string model_html(const run& r) {
  if (r.model.empty() && r.model_text.empty()) return {};
  std::string out =
      "<section id=\"model\"><h2>Model</h2><p class=\"note\">Each box is one equation; arrows lead from what it reads. FLOPs and bytes are per "
      "sample, forward.</p><div class=\"card\">";
  if (!r.model.empty()) {
    out += "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Drawing of the model\">" + model_svg(r.model) +
           "</div></div><div class=\"card scroll\" style=\"margin-top:16px\"><table><thead><tr><th scope=\"col\">name</th><th "
           "scope=\"col\">operation</th><th scope=\"col\">reads</th>"
           "<th scope=\"col\">space</th><th scope=\"col\" class=\"count\">width</th><th scope=\"col\" class=\"count\">parameters</th><th "
           "scope=\"col\" class=\"count\">FLOPs</th>"
           "<th scope=\"col\" class=\"count\">bytes</th></tr></thead><tbody>";
    for (const auto& l : r.model) {
      std::string reads;
      for (const auto& name : l.reads) reads += (reads.empty() ? "" : ", ") + name;
      const auto number = [](double v) { return std::isfinite(v) && v > 0 && v < 9e18 ? with_commas(std::llround(v)) : std::string(); };
      out += "<tr><th scope=\"row\">" + html(l.name) + "</th><td>" + html(l.operation) + "</td><td>" + html(reads) + "</td><td>" + html(l.space) +
             "</td><td class=\"count\">" + number(l.width) + "</td><td class=\"count\">" + number(static_cast<double>(l.parameters)) +
             "</td><td class=\"count\">" + number(l.flops) + "</td><td class=\"count\">" + number(l.bytes) + "</td></tr>";
    }
    out += "</tbody></table>";
  }
  if (!r.model_text.empty()) out += "<details><summary>As text</summary><pre>" + html(r.model_text) + "</pre></details>";
  return out + "</div></section>\n";
}

inline std::string style_with_dark() {
  std::string style = page_style;
  for (auto at = style.find("DARK"); at != style.npos; at = style.find("DARK")) style.replace(at, 4, dark_colors);
  return style;
}

inline std::string links_html(const run& r) {
  std::string out = "<nav aria-label=\"Sections\">";
  const auto link = [&](bool there, const char* to, const char* text) {
    out += there ? std::string("<a href=\"#") + to + "\">" + text + "</a>" : std::string();
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
  for (const auto& c : r.charts)
    for (const auto& curve : c.curves) colors(curve.name);
  const std::string sample_color = r.confusion_of.empty() ? "var(--s0)" : colors.style(r.confusion_of);
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<title>" +
      html(r.title) + "</title>\n<style>" + detail::style_with_dark() + "</style>\n</head>\n<body>\n" + scene_gradients();
  out += "<header><div><h1>" + html(r.title) + "</h1><div class=\"soft\">" + html(r.subtitle) + "</div>" + detail::links_html(r) +
         "</div><button type=\"button\" class=\"theme\" id=\"theme\" hidden>Dark</button></header>\n<main>\n";
  out += detail::facts_html(r, colors) + detail::charts_html(r, colors) + detail::accuracies_html(r, colors) + detail::confusion_html(r) +
         detail::samples_html(r, sample_color) + detail::model_html(r);
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
