// tests/report/report_svg.test.cpp -- objects stand at their pixels, pairs join the right objects, strangeness in numbers never breaks the drawing.
#include "relreason/report/report_svg.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "support/markup.hpp"
#include "support/message_of.hpp"

using namespace relreason;
using namespace relreason::report;

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN(), infinite = std::numeric_limits<double>::infinity();

clevr::object object_at(double x, double y, double depth, std::uint8_t shape = 0) {
  clevr::object o;
  o.attributes = {1, 4, 1, shape};  // small red metal
  o.pixel = {x, y, depth};
  return o;
}
clevr::scene three() {
  clevr::scene s;
  s.objects = {object_at(100, 50, 12), object_at(200, 150, 9, 1), object_at(300, 250, 10, 2)};
  return s;
}
// Of n x n pairs all are 0 but the given.
std::vector<double> only(std::size_t n, std::size_t a, std::size_t b) {
  std::vector<double> sizes(n * n, 0);
  sizes[a * n + b] = 2;
  return sizes;
}
// The circle or line of a pair.
std::vector<page_element> drawn(const clevr::scene& s, const std::vector<double>& sizes) {
  std::vector<page_element> out;
  for (const auto& e : elements_of(scene_svg(s, sizes)))
    if (e.is("pair")) out.push_back(e);
  return out;
}

}  // namespace

TEST_CASE("A pair's line runs from the one object to the other, whichever is first in the pair") {
  for (const auto& sizes : {only(3, 0, 2), only(3, 2, 0)}) {
    const auto pairs = drawn(three(), sizes);
    REQUIRE(pairs.size() == 1);
    CHECK(pairs[0].name == "line");
    CHECK(pairs[0].attributes.at("data-pair") == "0-2");
    CHECK(pairs[0].number("x1") == 100);
    CHECK(pairs[0].number("y1") == 50);
    CHECK(pairs[0].number("x2") == 300);
    CHECK(pairs[0].number("y2") == 250);
  }
}

TEST_CASE("The pair of an object with itself is a ring around it") {
  const auto pairs = drawn(three(), only(3, 1, 1));
  REQUIRE(pairs.size() == 1);
  CHECK(pairs[0].name == "circle");
  CHECK(pairs[0].attributes.at("data-pair") == "1-1");
  CHECK(pairs[0].number("cx") == 200);
  CHECK(pairs[0].number("cy") == 150);
}

TEST_CASE("pairs_of adds both orders and compares with what equal sizes would give") {
  // Sizes 1 2 / 4 1: the pair (0, 1) has 6 of 8, equal sizes would give it 2 of 4.
  const auto pairs = pairs_of({1, 2, 4, 1}, 2);
  REQUIRE(pairs.size() == 3);
  CHECK((pairs[0].a == 0 && pairs[0].b == 1));
  CHECK(pairs[0].share == .75);
  CHECK(pairs[0].times_equal == 1.5);
  CHECK((pairs[1].a == 0 && pairs[1].b == 0));
  CHECK(pairs[1].share == .125);
  CHECK(pairs[1].times_equal == .5);
  for (const auto& p : pairs_of(std::vector<double>(25, 7.), 5)) CHECK(p.times_equal == Approx(1));
}

TEST_CASE("Sizes of pairs that are negative or not finite count as nothing; the largest of numbers do not overflow") {
  const auto pairs = pairs_of({nan_value, -1, infinite, 3}, 2);
  CHECK(pairs[0].a == 1);
  CHECK(pairs[0].share == 1);
  CHECK(pairs[1].share == 0);
  const double large = std::numeric_limits<double>::max();
  CHECK(pairs_of({large, large, large, large}, 2)[0].times_equal == Approx(1));
  CHECK(drawn(three(), std::vector<double>(9, 0)).empty());
  CHECK(pairs_of({}, 0).empty());
}

TEST_CASE("A pair of three times its equal share is drawn at full strength, one of an equal share is fainter and thinner") {
  const auto all = drawn(three(), std::vector<double>(9, 1)), one = drawn(three(), only(3, 0, 1));
  REQUIRE(all.size() == 6);
  REQUIRE(one.size() == 1);
  CHECK(one[0].number("stroke-opacity") == .95);
  CHECK(one[0].number("stroke-width") == 4.5);
  for (const auto& p : all) {
    CHECK(p.number("stroke-opacity") == .45);  // .2 + .75 / 3
    CHECK(p.number("stroke-width") == 1.39);   // 1 + 3.5 / 9
  }
}

TEST_CASE("Every object has its number at its pixel, and near objects are drawn over far ones") {
  const auto all = elements_of(scene_svg(three()));
  std::vector<std::string> numbers;
  for (const auto& e : all_of(all, "text")) numbers.push_back(e.text);
  CHECK(numbers == std::vector<std::string>{"1", "3", "2"});  // depths 12, 10, 9
  const auto texts = all_of(all, "text");
  CHECK(texts[0].number("x") == 100);
  CHECK(texts[1].number("x") == 300);
  CHECK(texts[2].number("x") == 200);
}

TEST_CASE("Every gradient that a scene uses is defined once in the page's gradients") {
  std::map<std::string, int> defined;
  for (const auto& e : elements_of(scene_gradients()))
    if (e.attributes.count("id")) ++defined[e.attributes.at("id")];
  for (const auto& [id, times] : defined) CHECK(times == 1);
  int used = 0;
  for (std::uint8_t color = 0; color < 8; ++color)
    for (std::uint8_t material = 0; material < 2; ++material)
      for (std::uint8_t shape = 0; shape < 3; ++shape) {
        clevr::scene s;
        s.objects = {object_at(10, 10, 10)};
        s.objects[0].attributes = {0, color, material, shape};
        const auto text = scene_svg(s);
        for (auto at = text.find("url(#"); at != text.npos; at = text.find("url(#", at + 1), ++used)
          CHECK(defined.count(text.substr(at + 5, text.find(')', at) - at - 5)) == 1);
      }
  CHECK(used > 48);  // the floor, and at least one more for each sphere and cylinder
}

TEST_CASE("Coordinates that are not finite or far outside give a drawing of finite numbers inside the picture") {
  for (const double bad : {nan_value, infinite, -infinite, 1e308, -1e308})
    for (std::uint8_t shape = 0; shape < 3; ++shape) {
      clevr::scene s = three();
      s.objects[1] = object_at(bad, bad, bad, shape);
      s.objects[1].rotation = bad;
      const auto text = scene_svg(s, std::vector<double>(9, 1));
      CHECK(text.find("nan") == text.npos);
      CHECK(text.find("inf") == text.npos);
      for (const auto& e : all_of(elements_of(text), "text")) {
        CHECK((e.number("x") >= 0 && e.number("x") <= 480));
        CHECK((e.number("y") >= 0 && e.number("y") <= 330));
      }
    }
}

TEST_CASE("A scene without objects is an empty floor that says so") {
  const auto all = elements_of(scene_svg(clevr::scene{}));
  CHECK(all[0].attributes.at("aria-label") == "Scene of 0 objects");
  CHECK(all.size() == 2);
}

TEST_CASE("The drawing names its objects for those who cannot see it") {
  clevr::scene s = three();
  s.objects.resize(1);
  CHECK(elements_of(scene_svg(s))[0].attributes.at("aria-label") == "Scene of 1 objects: small red metal sphere");
}

TEST_CASE("Sizes of pairs for another number of objects, and attributes that do not exist, are refused by name") {
  CHECK(message_of([] { scene_svg(three(), std::vector<double>(8, 1)); }) == "report: 8 pair weights for a scene of 3 objects; wanted 9 or none");
  for (std::size_t which = 0; which < 4; ++which) {
    clevr::scene s = three();
    s.image_index = 7;
    s.objects[0].attributes[which] = 200;
    CHECK(contains(message_of([&] { scene_svg(s); }), "an object of scene 7 has an attribute beyond the lists"));
  }
}
