// tests/report/report_model.test.cpp -- boxes stand to the right of what they read, arrows run from box to box, no two boxes overlap.
#include "relreason/report/report_model.hpp"

#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/markup.hpp"

using namespace relreason::report;

namespace {

model_line line(const std::string& name, std::vector<std::string> reads, const std::string& kind = "value") {
  return {name, "mlp", "scene", kind, 8, 10, 1, 1, std::move(reads)};
}
// A chain w -> q -> r -> a -> loss with the inputs o and answer on the way, as the Relation Network has.
std::vector<model_line> network() {
  return {line("o", {}, "input"),     line("w", {}, "input"), line("answer", {}, "input"),          line("q", {"w"}),
          line("r", {"o", "o", "q"}), line("a", {"r"}),       line("loss", {"a", "answer"}, "loss")};
}
struct box {
  double x, y, width, height;
};
std::map<std::string, box> boxes_of(const std::string& svg) {
  std::map<std::string, box> out;
  box last{};
  for (const auto& e : elements_of(svg)) {
    if (e.name == "rect") last = {e.number("x"), e.number("y"), e.number("width"), e.number("height")};
    if (e.is("name")) out[e.text] = last;
  }
  return out;
}

}  // namespace

TEST_CASE("A line stands one layer right of the highest it reads, an input just left of its first reader") {
  const auto b = boxes_of(detail::model_svg(network()));
  REQUIRE(b.size() == 7);
  const auto layer = [&](const char* name) { return std::lround((b.at(name).x - b.at("w").x) / detail::layer_width); };
  CHECK(layer("w") == 0);
  CHECK(layer("q") == 1);
  CHECK(layer("o") == 1);
  CHECK(layer("r") == 2);
  CHECK(layer("a") == 3);
  CHECK(layer("answer") == 3);
  CHECK(layer("loss") == 4);
}

TEST_CASE("No two boxes overlap and all lie inside the drawing") {
  std::vector<model_line> wide{line("x", {}, "input")};
  for (int i = 0; i < 9; ++i) wide.push_back(line("y" + std::to_string(i), {"x"}));
  wide.push_back(line("z", {"x", "y0", "y8"}));
  for (const auto& model : {network(), wide}) {
    const auto svg = detail::model_svg(model);
    const auto all = elements_of(svg);
    const auto b = boxes_of(svg);
    CHECK(b.size() == model.size());
    for (const auto& [name, one] : b) {
      CHECK((one.x >= 0 && one.y >= 0));
      CHECK(one.x + one.width <= all[0].number("width"));
      CHECK(one.y + one.height <= all[0].number("height"));
      for (const auto& [other_name, other] : b)
        if (name != other_name) {
          const bool apart =
              one.x + one.width <= other.x || other.x + other.width <= one.x || one.y + one.height <= other.y || other.y + other.height <= one.y;
          INFO(name << " and " << other_name);
          CHECK(apart);
        }
    }
  }
}

TEST_CASE("An arrow leads from the right side of what is read to the left side of the reader; what is read twice has one") {
  const auto svg = detail::model_svg({line("x", {}, "input"), line("y", {"x", "x"})});
  const auto b = boxes_of(svg);
  std::vector<page_element> arrows;
  for (const auto& e : all_of(elements_of(svg), "path"))
    if (e.attributes.count("marker-end")) arrows.push_back(e);
  REQUIRE(arrows.size() == 1);
  double x0, y0, x1, y1, x2, y2, x3, y3;
  REQUIRE(std::sscanf(arrows[0].attributes.at("d").c_str(), "M%lf %lfC%lf %lf %lf %lf %lf %lf", &x0, &y0, &x1, &y1, &x2, &y2, &x3, &y3) == 8);
  CHECK(x0 == b.at("x").x + b.at("x").width);
  CHECK(y0 == b.at("x").y + b.at("x").height / 2);
  CHECK(x3 == b.at("y").x);
  CHECK(y3 == b.at("y").y + b.at("y").height / 2);
}

TEST_CASE("Names that nobody defined, later lines and a line that reads itself are no arrows and no endless loop") {
  const auto svg = detail::model_svg({line("a", {"b", "nobody", "a"}), line("b", {"a"})});
  CHECK(boxes_of(svg).size() == 2);
  int arrows = 0;
  for (const auto& e : elements_of(svg)) arrows += e.attributes.count("marker-end") > 0;
  CHECK(arrows == 1);
}

TEST_CASE("An empty model is an empty drawing; hostile names stay text") {
  CHECK(boxes_of(detail::model_svg({})).empty());
  const auto all = elements_of(detail::model_svg({line("</g><script>\"'&", {}, "input")}));
  CHECK(all_of(all, "script").empty());
  CHECK(all_of(all, "title")[0].text == "&lt;/g&gt;&lt;script&gt;&quot;&#39;&amp; = mlp");
}

TEST_CASE("Long text is cut at whole characters, text that fits is not cut") {
  CHECK(detail::shortened("abcde", 5) == "abcde");
  CHECK(detail::shortened("abcdef", 5) == "abcd\xE2\x80\xA6");
  CHECK(detail::shortened("\xC3\xA9\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9\xE2\x80\xA6");
  CHECK(detail::shortened("\xC3\xA9\xC3\xA9", 2) == "\xC3\xA9\xC3\xA9");
  CHECK(detail::shortened("", 3).empty());
}
