// relreason/retrieval/ranking_page.hpp -- an HTML page of one query: its picture, how every feature and the ground truth rank a collection, and scores.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "relreason/data/atomic_file.hpp"
#include "relreason/report/report_picture.hpp"
#include "relreason/retrieval/neighbors.hpp"

namespace relreason::retrieval {

struct ranked_row {
  std::string name;  // of the feature, or "ground truth"
  std::string note;  // its scores, or nothing
  std::vector<neighbor> nearest;
};
struct ranking_page {
  std::string title, query;             // the query's file
  std::string folder;                   // of the pictures
  std::vector<std::string> names = {};  // of the pictures, by id
  std::vector<ranked_row> rows = {};
  std::vector<std::string> columns = {};  // of the table of scores
  std::vector<std::pair<std::string, std::vector<std::string>>> scores = {};
};

namespace detail {

inline constexpr const char* ranking_style = R"css(
:root { --page: #fbfbfa; --ink: #1d2127; --soft: #5b636e; --line: #e2e4e8; --card: #fff; --mark: #1c7a4d; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --page: #15181c; --ink: #e8eaed; --soft: #9aa3ad; --line: #2c3138; --card: #1d2126; --mark: #57c08d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 32px 24px 64px; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 17px; margin: 34px 0 2px; }
.soft { color: var(--soft); font-size: 13.5px; margin: 0 0 10px; }
.row { display: flex; gap: 10px; overflow-x: auto; padding-bottom: 6px; }
figure { margin: 0; flex: none; width: 150px; } figure.query { width: 300px; margin-top: 18px; }
img { display: block; width: 100%; height: auto; border-radius: 7px; border: 1px solid var(--line); background: var(--card); }
figcaption { font-size: 12.5px; color: var(--soft); margin-top: 3px; font-variant-numeric: tabular-nums; }
.agrees img { outline: 2.5px solid var(--mark); outline-offset: 1px; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 5px 18px 5px 0; border-bottom: 1px solid var(--line); white-space: nowrap; } thead th { color: var(--soft); font-weight: 500; }
)css";

inline std::string picture_figure(const ranking_page& page, const std::string& name, const std::string& caption, const char* kind) {
  std::ifstream in(page.folder + "/" + name, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  return std::string("<figure class=\"") + kind + "\">" + report::picture_html(bytes, name) + "<figcaption>" + caption + "</figcaption></figure>";
}

}  // namespace detail

// The last of the rows is the ground truth, if it is named so: pictures that are among its nearest are outlined in the others.
inline std::string page_of(const ranking_page& page) {
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\n<title>" +
      report::html(page.title) + "</title>\n<style>" + detail::ranking_style + "</style>\n</head>\n<body>\n<h1>" + report::html(page.title) +
      "</h1>\n";
  out += "<p class=\"soft\">" + report::with_commas(static_cast<std::int64_t>(page.names.size())) + " pictures of " + report::html(page.folder) +
         "</p>\n";
  out += detail::picture_figure(page, page.query, "query: " + report::html(page.query), "query") + "\n";
  const auto* truth = page.rows.empty() || page.rows.back().name != "ground truth" ? nullptr : &page.rows.back().nearest;
  for (const ranked_row& row : page.rows) {
    out += "<h2>" + report::html(row.name) + "</h2>\n<p class=\"soft\">" + report::html(row.note) + "</p>\n<div class=\"row\">";
    for (const neighbor& n : row.nearest) {
      if (n.id < 0) continue;
      const bool agrees =
          truth && &row.nearest != truth && std::any_of(truth->begin(), truth->end(), [&](const neighbor& t) { return t.id == n.id; });
      const std::string& name = page.names[static_cast<std::size_t>(n.id)];
      out += detail::picture_figure(page, name, report::format("%.3f ", n.distance) + report::html(name), agrees ? "agrees" : "other");
    }
    out += "</div>\n";
  }
  if (!page.scores.empty()) {
    out += "<h2>Scores</h2>\n<p class=\"soft\">Means over queries with 95 % intervals; higher is better.</p>\n<table><thead><tr><th>feature</th>";
    for (const auto& c : page.columns) out += "<th>" + report::html(c) + "</th>";
    out += "</tr></thead>";
    for (const auto& [name, cells] : page.scores) {
      out += "<tr><th scope=\"row\">" + report::html(name) + "</th>";
      for (const auto& cell : cells) out += "<td>" + report::html(cell) + "</td>";
      out += "</tr>";
    }
    out += "</table>\n";
  }
  return out + "</body>\n</html>\n";
}

inline void write(const ranking_page& page, const std::string& path) {
  const std::string text = page_of(page);
  atomic_file file(path);
  file.write(text);
  file.commit();
}

}  // namespace relreason::retrieval
