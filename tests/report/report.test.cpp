// tests/report/report.test.cpp -- the page holds what it was given, well-formed whatever it was given, and loads nothing from anywhere.
#include "relreason/report/report.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/markup.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using nlohmann::json;

namespace {

// One of everything.
report::run small_run() {
  report::run r;
  r.title = "Title";
  r.subtitle = "Subtitle";
  r.headlines = {{"net", "75.0 %", "3 of 4"}};
  r.facts = {{"seed", "1"}};
  r.charts = {{"Loss", "step", report::scale::number, {{"net", {{1, 2}, {2, .5}}}, {"base", {{1, 3}}, true}}}};
  r.accuracies = {{"By type", "type", {"net", "base"}, {{"count", {{1, 2}, {0, 2}}}, {"exist", {{1500, 2000}, {0, 0}}}}}};
  r.confusion = {{"yes", "no", "red"}, {"exist", "exist", "color"}, {5, 1, 0, 2, 7, 0, 0, 3, 9}};
  r.confusion_of = "net";
  report::sample s;
  s.scene.objects.resize(2);
  s.type = "count";
  s.question = "How many?";
  s.answer = "2";
  s.prediction = "1";
  s.probabilities = {{"1", .6}, {"2", .4}};
  s.pair_weights = {0, 1, 1, 0};
  r.samples = {s};
  r.model = {{"x", "input", "scene", "input", 3, 0, 0, 0, {}}, {"y", "linear", "scene", "value", 2, 8, 12, 20, {"x"}}};
  r.model_sizes = "one scene";
  r.model_text = "x\ny\n";
  return r;
}
json data_of(const std::string& page) {
  for (const auto& e : elements_of(page))
    if (e.name == "script" && e.attributes.count("id")) return json::parse(e.text);
  return {};
}
bool inside(const page_element& e, const std::string& name) { return std::find(e.ancestors.begin(), e.ancestors.end(), name) != e.ancestors.end(); }
std::vector<report::point> curve_of(const json& data, std::size_t which = 0) {
  std::vector<report::point> out;
  for (const auto& p : data["charts"][0]["curves"][which]["points"])
    out.push_back({p[0].get<double>(), p[1].is_null() ? std::nan("") : p[1].get<double>()});
  return out;
}

}  // namespace

TEST_CASE("The page's data are the curves and the confusion that it was given") {
  const auto data = data_of(report::page_of(small_run()));
  CHECK(data["charts"] == json::parse(R"([{"title": "Loss", "x_title": "step", "y": "number", "curves": [
    {"name": "net", "dashed": false, "color": 0, "points": [[1, 2], [2, 0.5]]},
    {"name": "base", "dashed": true, "color": 1, "points": [[1, 3]]}]}])"));
  CHECK(data["confusion"] == json::parse(R"({"labels": ["yes", "no", "red"], "groups": ["exist", "exist", "color"],
    "counts": [5, 1, 0, 2, 7, 0, 0, 3, 9]})"));
}

TEST_CASE("Accuracies stand in the table in the order of the systems, with how many questions were counted") {
  std::vector<std::string> shares, titles, counts;
  for (const auto& e : elements_of(report::page_of(small_run()))) {
    if (inside(e, "table") && inside(e, "td") && e.name == "span" && !e.text.empty()) shares.push_back(e.text);
    if (e.is("share")) titles.push_back(e.attributes.at("title"));
    if (e.name == "td" && e.is("count") && inside(e, "tbody")) counts.push_back(e.text);
  }
  CHECK(shares == std::vector<std::string>{"50.0 %", "0.0 %", "75.0 %"});
  CHECK(titles == std::vector<std::string>{"1 of 2", "0 of 2", "1,500 of 2,000"});
  REQUIRE(counts.size() >= 2);
  CHECK(counts[0] == "2");
  CHECK(counts[1] == "2,000 / 0");  // the systems saw different numbers of questions
}

TEST_CASE("The most frequent mistakes are listed by count, never what is right") {
  const auto page = report::page_of(small_run());
  const auto start = page.find("<ol class=\"mistakes\">");
  REQUIRE(start != page.npos);
  std::vector<std::string> rows;
  for (const auto& e : all_of(elements_of(page.substr(start, page.find("</ol>", start) + 5 - start)), "span"))
    if (!e.text.empty()) rows.push_back(e.text);
  // Each row: what it is ("red "), "taken for", the count.
  CHECK(rows == std::vector<std::string>{"red ", "taken for", "3", "no ", "taken for", "2", "yes ", "taken for", "1"});
}

TEST_CASE("A sample's card shows question, both answers, probabilities and the pair used most") {
  const auto page = report::page_of(small_run());
  std::vector<std::string> bold, answers;
  std::string question, line, verdict, times;
  for (const auto& e : elements_of(page)) {
    if (e.name == "article") verdict = e.attributes.at("data-verdict");
    if (!inside(e, "article")) continue;
    if (e.name == "h3") question = e.text;
    if (e.name == "b" && !e.text.empty()) bold.push_back(e.text);
    if (e.is("answer")) answers.push_back(e.text);
    if (e.attributes.count("data-line")) line = e.attributes.at("data-line");
    if (e.attributes.count("title")) times = e.text;
  }
  CHECK(verdict == "wrong");
  CHECK(question == "How many?");
  CHECK(bold == std::vector<std::string>{"1", "2"});  // predicted, true
  CHECK(answers == std::vector<std::string>{"2"});
  CHECK(line == "0-1");
  CHECK(times == "2.0 \xC3\x97");  // all of the sum where an equal share is a half
}

TEST_CASE("Wrong answers stand before right ones, each kind in the given order") {
  auto r = small_run();
  const auto sample = [&](const char* question, const char* prediction) {
    auto s = r.samples[0];
    s.question = question;
    s.prediction = prediction;
    return s;
  };
  r.samples = {sample("a", "2"), sample("b", "1"), sample("c", "2"), sample("d", "0")};
  std::string order;
  for (const auto& e : elements_of(report::page_of(r)))
    if (e.name == "h3" && inside(e, "article")) order += e.text;
  CHECK(order == "bdac");
}

TEST_CASE("Hostile text stays text everywhere") {
  const std::string bad = "</script><script>alert(1)</script><img src=x onerror=\"a\">'&\xFF\x01<!--";
  auto r = small_run();
  const auto plain = elements_of(report::page_of(r));
  r.title = r.subtitle = r.confusion_of = r.model_text = r.model_sizes = bad;
  r.headlines[0] = {bad, bad, bad};
  r.facts[0] = {bad, bad};
  r.charts[0].title = r.charts[0].x_title = r.charts[0].curves[0].name = bad;
  r.accuracies[0].title = r.accuracies[0].first_column = r.accuracies[0].systems[0] = r.accuracies[0].rows[0].name = bad;
  for (auto& l : r.confusion.labels) l = bad;
  for (auto& g : r.confusion.groups) g = bad;
  auto& s = r.samples[0];
  s.type = s.question = s.answer = s.probabilities[0].first = bad;
  for (auto& l : r.model) l.name = l.operation = l.space = l.kind = bad;
  r.model[1].reads = {bad};
  const auto page = report::page_of(r);
  const auto hostile = elements_of(page);  // well-formed
  const auto count = [](const std::vector<page_element>& all, const char* name) { return all_of(all, name).size(); };
  for (const char* name : {"script", "style", "img", "article", "table", "section"}) CHECK(count(hostile, name) == count(plain, name));
  for (const auto& e : hostile) CHECK(e.attributes.count("onerror") == 0);
  // JSON gives the text back; the byte that is not UTF-8 became U+FFFD.
  CHECK(data_of(page)["charts"][0]["title"] == "</script><script>alert(1)</script><img src=x onerror=\"a\">'&\xEF\xBF\xBD\x01<!--");
}

TEST_CASE("The page loads nothing: no address is fetched, and its policy forbids it") {
  const auto page = report::page_of(small_run());
  for (const auto& e : elements_of(page)) {
    for (const char* fetching : {"src", "srcset", "data", "poster", "action", "background", "xlink:href"}) {
      INFO(e.name << " " << fetching);
      CHECK(e.attributes.count(fetching) == 0);
    }
    CHECK((e.name != "link" && e.name != "iframe" && e.name != "img" && e.name != "base" && e.name != "use"));
    if (e.attributes.count("href")) CHECK(e.attributes.at("href").substr(0, 1) == "#");
    if (e.name == "style") CHECK((e.text.find("@import") == e.text.npos && e.text.find("url(") == e.text.npos));
    if (e.name == "script")
      for (const char* fetching : {"fetch(", "XMLHttpRequest", "import(", "WebSocket", "sendBeacon", "EventSource", "Worker("})
        CHECK(e.text.find(fetching) == e.text.npos);
  }
  // The one address is the name of SVG: no more than a name.
  for (auto at = page.find("://"); at != page.npos; at = page.find("://", at + 1)) CHECK(page.substr(at - 4, 27) == "http://www.w3.org/2000/svg\"");
  CHECK(contains(page, "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\""));
}

TEST_CASE("The same run gives the same bytes") { CHECK(report::page_of(small_run()) == report::page_of(small_run())); }

TEST_CASE("A long curve is thinned; its highest and lowest points, its ends and its gaps stay") {
  report::run r;
  r.charts = {{"Loss", "step", report::scale::number, {{"net", {}}}}};
  auto& points = r.charts[0].curves[0].points;
  for (int i = 0; i < 100'000; ++i) points.push_back({static_cast<double>(i), 1 + 1e-6 * i});
  points[33'333].y = 50;
  points[66'666].y = -50;
  points[44'444].y = std::nan("");
  points[55'555].y = std::numeric_limits<double>::infinity();
  const auto kept = curve_of(data_of(report::page_of(r)));
  CHECK(kept.size() <= report::detail::most_points);
  CHECK(kept.front().x == 0);
  CHECK(kept.back().x == 99'999);
  std::map<double, double> by_x;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    by_x[kept[i].x] = kept[i].y;
    if (i > 0) CHECK(kept[i].x > kept[i - 1].x);
  }
  CHECK(by_x.at(33'333) == 50);
  CHECK(by_x.at(66'666) == -50);
  CHECK(std::isnan(by_x.at(44'444)));
  CHECK(std::isnan(by_x.at(55'555)));
}

TEST_CASE("A curve that fits is kept point by point; one of gaps alone stays gaps") {
  report::run r;
  r.charts = {{"Loss", "step", report::scale::number, {{"net", {}}, {"gaps", {}}}}};
  for (int i = 0; i < 1200; ++i) r.charts[0].curves[0].points.push_back({static_cast<double>(i), .1 * i});
  r.charts[0].curves[1].points.assign(5000, {1, std::nan("")});
  const auto data = data_of(report::page_of(r));
  const auto kept = curve_of(data);
  REQUIRE(kept.size() == 1200);
  for (int i = 0; i < 1200; ++i) CHECK(kept[static_cast<std::size_t>(i)].y == .1 * i);
  for (const auto& p : curve_of(data, 1)) CHECK(std::isnan(p.y));
}

TEST_CASE("A run without anything is a page without sections") {
  const auto all = elements_of(report::page_of({}));
  CHECK(all_of(all, "section").empty());
  CHECK(all_of(all, "a").empty());
  CHECK(all_of(all, "main").size() == 1);
}

TEST_CASE("Every link of the page leads to a section that is there") {
  const auto all = elements_of(report::page_of(small_run()));
  std::vector<std::string> links, sections;
  for (const auto& e : all_of(all, "a")) links.push_back(e.attributes.at("href"));
  for (const auto& e : all_of(all, "section")) sections.push_back("#" + e.attributes.at("id"));
  CHECK(links == sections);
  CHECK(links.size() == 5);
}

TEST_CASE("A system has one color in headlines, charts and tables") {
  const auto page = report::page_of(small_run());
  for (const auto& e : elements_of(page))
    if (e.is("dot") && inside(e, "thead"))
      CHECK((e.attributes.at("style") == "background:var(--s0)" || e.attributes.at("style") == "background:var(--s1)"));
  CHECK(contains(page, "background:var(--s0)\"></span>net</div>"));
  CHECK(contains(page, "background:var(--s0)\"></span>net</th>"));
  CHECK(contains(page, "background:var(--s1)\"></span>base</th>"));
}

TEST_CASE("Probabilities that are not finite or outside 0 to 1 are drawn as bars inside their frame") {
  auto r = small_run();
  r.samples[0].probabilities = {{"a", std::nan("")}, {"b", -1}, {"c", 7}};
  std::vector<std::string> widths;
  for (const auto& e : elements_of(report::page_of(r)))
    if (inside(e, "article") && e.name == "b" && e.attributes.count("style")) widths.push_back(e.attributes.at("style").substr(0, 12));
  CHECK(widths == std::vector<std::string>{"width:0.0%;b", "width:0.0%;b", "width:100.0%"});
}

TEST_CASE("Counts that do not fit each other are refused by name") {
  const auto refused = [](auto&& change) {
    auto r = small_run();
    change(r);
    return message_of([&] { report::page_of(r); });
  };
  CHECK(refused([](auto& r) { r.accuracies[0].rows[1].systems.pop_back(); }) ==
        "report: row exist of table By type has counts of 1 systems; wanted 2");
  CHECK(refused([](auto& r) { r.accuracies[0].rows[0].systems[1] = {3, 2}; }) == "report: row count of table By type has 3 right of 2");
  CHECK(refused([](auto& r) { r.accuracies[0].rows[0].systems[1] = {-1, 2}; }) == "report: row count of table By type has -1 right of 2");
  CHECK(refused([](auto& r) { r.confusion.counts.pop_back(); }) == "report: confusion of 3 labels has 8 counts; wanted 9");
  CHECK(refused([](auto& r) { r.confusion.groups.pop_back(); }) == "report: confusion of 3 labels has 2 groups; wanted one each or none");
  CHECK(refused([](auto& r) { r.confusion.counts[4] = -7; }) == "report: confusion has the count -7; wanted 0 or more");
  CHECK(refused([](auto& r) { r.samples[0].pair_weights.pop_back(); }) == "report: 3 pair weights for a scene of 2 objects; wanted 4 or none");
}

TEST_CASE("write() leaves the page in the file; a folder that is not there is an error and an old page stays") {
  const temporary_folder folder;
  report::write(small_run(), folder / "report.html");
  CHECK(content_of(folder / "report.html") == report::page_of(small_run()));
  CHECK(contains(message_of([&] { report::write(small_run(), folder / "none/report.html"); }), "none/report.html"));
  auto bad = small_run();
  bad.confusion.counts.clear();
  CHECK_THROWS(report::write(bad, folder / "report.html"));
  CHECK(content_of(folder / "report.html") == report::page_of(small_run()));
}

TEST_CASE("Numbers are written as people read them") {
  CHECK(report::with_commas(0) == "0");
  CHECK(report::with_commas(999) == "999");
  CHECK(report::with_commas(1000) == "1,000");
  CHECK(report::with_commas(-123456) == "-123,456");
  CHECK(report::with_commas(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
  CHECK(report::percent(.408) == "40.8 %");
  CHECK(report::html("<a href=\"x\">'&\x01") == "&lt;a href=&quot;x&quot;&gt;&#39;&amp; ");
}
