// tests/data/sort_of_clevr.test.cpp -- rasters, every kind of question on objects placed by hand, vectors, the draws and what they give.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/sort_of_clevr.hpp"
#include "support/message_of.hpp"

using namespace relreason::sort_of_clevr;

namespace {

constexpr auto sq = form::square, ci = form::circle;
enum color : std::uint8_t { red, green, blue, orange, gray, yellow };

// Red in the middle; green 12 below and blue 20 right of it; the others along the picture's edges.
const scene spread{{{37, 37, sq}, {37, 49, ci}, {57, 37, sq}, {5, 5, ci}, {69, 69, ci}, {6, 69, sq}}};

std::string ask(const scene& s, kind what, int subtype, color a, color b = red, bool legacy = false) {
  question q;
  q.what = what;
  q.subtype = static_cast<std::uint8_t>(subtype);
  q.a = a;
  q.b = b;
  return std::string(answers[answer_of(s, q, legacy)]);
}
std::string unary(const scene& s, int subtype, color a) { return ask(s, kind::unary, subtype, a); }
std::string binary(const scene& s, int subtype, color a, bool legacy = false) { return ask(s, kind::binary, subtype, a, red, legacy); }
std::string ternary(const scene& s, int subtype, color a, color b) { return ask(s, kind::ternary, subtype, a, b); }

// '#' where a pixel is not white.
std::vector<std::string> around(const relreason::image& picture, int x, int y, int reach) {
  std::vector<std::string> rows;
  for (int dy = -reach; dy <= reach; ++dy) {
    std::string& row = rows.emplace_back();
    for (int dx = -reach; dx <= reach; ++dx) {
      const std::uint8_t* p = picture.at(x + dx, y + dy);
      row += p[0] == 255 && p[1] == 255 && p[2] == 255 ? '.' : '#';
    }
  }
  return rows;
}

const data_set& standard_1000() {
  static const data_set d = [] {
    options o;
    o.n_train = 800;
    relreason::serial_executor serial;
    return generate(o, serial);
  }();
  return d;
}

}  // namespace

TEST_CASE("sort of clevr: a circle is OpenCV's filled one of radius 5, a square has 11 x 11 pixels", "[data][sort_of_clevr]") {
  const auto picture = draw(spread);
  REQUIRE(picture.width == 75);
  REQUIRE(picture.height == 75);
  REQUIRE(picture.channels == 3);
  const std::vector<std::string> circle{".............",  //
                                        "......#......",  //
                                        "...#######...",  //
                                        "..#########..",  //
                                        "..#########..",  //
                                        "..#########..",  //
                                        ".###########.",  //
                                        "..#########..",  //
                                        "..#########..",  //
                                        "..#########..",  //
                                        "...#######...",  //
                                        "......#......",  //
                                        "............."};
  CHECK(around(picture, 37, 49, 6) == circle);
  auto square = around(picture, 57, 37, 6);
  CHECK(square.front() == std::string(13, '.'));
  CHECK(square.back() == std::string(13, '.'));
  for (std::size_t y = 1; y < 12; ++y) CHECK(square[y] == ".###########.");
}

TEST_CASE("sort of clevr: each object has its color, the rest is white", "[data][sort_of_clevr]") {
  const auto picture = draw(spread);
  const std::array<std::array<int, 3>, 6> wanted{{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 156, 0}, {128, 128, 128}, {255, 255, 0}}};
  for (std::size_t i = 0; i < 6; ++i) {
    const auto* p = picture.at(spread[i].x, spread[i].y);
    CHECK(std::array<int, 3>{p[0], p[1], p[2]} == wanted[i]);
  }
  std::map<std::array<int, 3>, int> count;
  for (int y = 0; y < 75; ++y)
    for (int x = 0; x < 75; ++x) {
      const auto* p = picture.at(x, y);
      ++count[{p[0], p[1], p[2]}];
    }
  CHECK(count.size() == 7);
  CHECK(count[{255, 0, 0}] == 121);
  CHECK(count[{255, 156, 0}] == 81);
  CHECK(count[{255, 255, 255}] == 75 * 75 - 3 * 121 - 3 * 81);
}

TEST_CASE("sort of clevr: x is the column, y the row", "[data][sort_of_clevr]") {
  const auto picture = draw(spread);
  const auto* p = picture.at(6, 69);
  const auto* q = picture.at(69, 6);
  CHECK((p[0] == 255 && p[1] == 255 && p[2] == 0));
  CHECK((q[0] == 255 && q[1] == 255 && q[2] == 255));
}

TEST_CASE("sort of clevr: an object outside the picture is refused", "[data][sort_of_clevr]") {
  scene s = spread;
  s[3].x = 4;
  CHECK(contains(message_of([&] { draw(s); }), "object 3 (orange) is at 4, 5; wanted 5 to 69"));
  s[3].x = 70;
  CHECK(contains(message_of([&] { draw(s); }), "is at 70, 5"));
}

TEST_CASE("sort of clevr: non-relational questions", "[data][sort_of_clevr]") {
  CHECK(unary(spread, 0, red) == "square");
  CHECK(unary(spread, 0, green) == "circle");
  // 37 < 37.5 <= 38
  scene s = spread;
  CHECK(unary(s, 1, red) == "yes");
  CHECK(unary(s, 2, red) == "yes");
  s[red].x = 38;
  CHECK(unary(s, 1, red) == "no");
  CHECK(unary(s, 2, red) == "yes");
  s[red] = {37, 38, sq};
  CHECK(unary(s, 1, red) == "yes");
  CHECK(unary(s, 2, red) == "no");
}

TEST_CASE("sort of clevr: closest and farthest", "[data][sort_of_clevr]") {
  CHECK(binary(spread, 0, red) == "circle");    // green, 12
  CHECK(binary(spread, 0, green) == "square");  // red
  // Squared distances from red: orange 32^2 + 32^2 = 2048, gray the same, yellow 31^2 + 32^2 = 1985. Equal ones: the first, orange, a circle.
  CHECK(binary(spread, 1, red) == "circle");
  scene s = spread;
  s[orange].shape = sq;
  CHECK(binary(s, 1, red) == "square");
  s[gray] = {69, 68, ci};  // 32^2 + 31^2
  CHECK(binary(s, 1, red) == "square");
  s[orange] = {6, 5, sq};  // now yellow, orange and gray are all at 1985: orange comes first
  CHECK(binary(s, 1, red) == "square");
  s[orange].shape = ci;
  CHECK(binary(s, 1, red) == "circle");
  CHECK(binary(s, 1, orange) == "circle");  // gray
}

TEST_CASE("sort of clevr: the legacy distance 999 makes a lonely object its own closest one", "[data][sort_of_clevr]") {
  // Orange's closest is red at 32^2 + 32^2 = 2048 > 999.
  CHECK(binary(spread, 0, orange) == "square");
  CHECK(binary(spread, 0, orange, true) == "circle");
  // 27^2 + 16^2 = 985 <= 999: red is closer than 999.
  scene s = spread;
  s[orange] = {10, 21, ci};
  CHECK(binary(s, 0, orange) == "square");
  CHECK(binary(s, 0, orange, true) == "square");
}

TEST_CASE("sort of clevr: others of the same shape", "[data][sort_of_clevr]") {
  CHECK(binary(spread, 2, red) == "2");  // blue, yellow
  CHECK(binary(spread, 2, gray) == "2");
  scene s = spread;
  for (auto& o : s) o.shape = ci;
  CHECK(binary(s, 2, red) == "5");
  s[yellow].shape = sq;
  CHECK(binary(s, 2, red) == "4");
  CHECK(binary(s, 2, yellow) == "0");
}

TEST_CASE("sort of clevr: objects in the box between two", "[data][sort_of_clevr]") {
  CHECK(ternary(spread, 0, orange, gray) == "4");  // all others: yellow at (6, 69) lies on no border but x 6 is within [5, 69]
  CHECK(ternary(spread, 0, gray, orange) == "4");
  CHECK(ternary(spread, 0, orange, red) == "0");
  CHECK(ternary(spread, 0, green, blue) == "1");  // red is its upper left corner: borders count
  scene s = spread;
  s[red] = {36, 37, sq};
  CHECK(ternary(s, 0, green, blue) == "0");
  CHECK(ternary(s, 0, red, blue) == "0");  // a box without height holds what has the same y
  s[green] = {47, 37, ci};
  CHECK(ternary(s, 0, red, blue) == "1");
}

TEST_CASE("sort of clevr: objects on the line through two", "[data][sort_of_clevr]") {
  // Through red (37, 37) and blue (57, 37): y = 37. Green, 12 below, is just near enough.
  CHECK(ternary(spread, 1, red, blue) == "yes");
  scene s = spread;
  s[green].y = 50;
  CHECK(ternary(s, 1, red, blue) == "no");
  CHECK(ternary(s, 1, orange, gray) == "yes");  // the diagonal: red
  // The line does not end at the two: through orange (5, 5) and red (37, 37) goes to gray.
  CHECK(ternary(s, 1, orange, red) == "yes");
  // Vertical distance, not the shortest one: m = 3; at x 41 the line is at 49, gray at 36 is 13 above it, though 13 / sqrt(10) = 4.1 away.
  scene t{{{37, 37, sq}, {42, 52, ci}, {5, 5, sq}, {5, 69, ci}, {41, 36, sq}, {69, 69, sq}}};
  CHECK(ternary(t, 1, red, green) == "no");
  t[gray].y = 37;
  CHECK(ternary(t, 1, red, green) == "yes");
}

TEST_CASE("sort of clevr: a line straight up meets only objects of its x near the first object's y", "[data][sort_of_clevr]") {
  scene s{{{37, 37, sq}, {37, 69, ci}, {5, 5, sq}, {38, 48, ci}, {69, 5, sq}, {69, 69, sq}}};
  CHECK(ternary(s, 1, red, green) == "no");  // orange is one pixel beside it
  s[orange].x = 37;
  CHECK(ternary(s, 1, red, green) == "yes");  // 11 below red
  CHECK(ternary(s, 1, green, red) == "no");   // 21 above green
  s[orange].y = 50;
  CHECK(ternary(s, 1, red, green) == "no");
}

TEST_CASE("sort of clevr: obtuse triangles", "[data][sort_of_clevr]") {
  // With red (20, 20) and green (40, 20): blue (20, 40) right-angled; orange (30, 25) obtuse; gray (60, 20) on their line;
  // yellow (30, 45): sides 20^2 = 400, 10^2 + 25^2 = 725 twice: acute.
  scene s{{{20, 20, sq}, {40, 20, ci}, {20, 40, sq}, {30, 25, ci}, {60, 20, sq}, {30, 45, sq}}};
  CHECK(ternary(s, 2, red, green) == "2");
  CHECK(ternary(s, 2, green, red) == "2");
  s[blue] = {21, 40, sq};  // 400, 401, 361 + 400 = 761 < 801
  CHECK(ternary(s, 2, red, green) == "1");
  s[gray] = {60, 21, sq};
  CHECK(ternary(s, 2, red, green) == "2");
}

TEST_CASE("sort of clevr: vectors of 18 and of 11", "[data][sort_of_clevr]") {
  const auto ones = [](const auto& v) {
    std::vector<int> at;
    for (std::size_t i = 0; i < v.size(); ++i) {
      CHECK((v[i] == 0 || v[i] == 1));
      if (v[i] == 1) at.push_back(static_cast<int>(i));
    }
    return at;
  };
  question q{kind::unary, 2, yellow, red, 0};
  CHECK(ones(question_vector(q)) == std::vector<int>{5, 12, 17});
  CHECK(ones(short_question_vector(q)) == std::vector<int>{5, 6, 10});
  q = {kind::binary, 0, green, red, 0};
  CHECK(ones(question_vector(q)) == std::vector<int>{1, 13, 15});
  CHECK(ones(short_question_vector(q)) == std::vector<int>{1, 7, 8});
  q = {kind::ternary, 1, red, gray, 0};
  CHECK(ones(question_vector(q)) == std::vector<int>{0, 10, 14, 16});
  CHECK(contains(message_of([&] { short_question_vector(q); }), "found a ternary question"));
}

TEST_CASE("sort of clevr: questions that make no sense are refused", "[data][sort_of_clevr]") {
  CHECK(contains(message_of([] { answer_of(spread, {kind::ternary, 0, 2, 2, 0}); }), "colors 2 and 2"));
  CHECK(contains(message_of([] { answer_of(spread, {kind::unary, 3, 2, 0, 0}); }), "subtype 3"));
  CHECK(contains(message_of([] { answer_of(spread, {kind::unary, 0, 6, 0, 0}); }), "colors 6"));
}

TEST_CASE("sort of clevr: questions in words", "[data][sort_of_clevr]") {
  CHECK(text_of({kind::unary, 0, blue, red, 0}) == "What is the shape of the blue object?");
  CHECK(text_of({kind::ternary, 1, blue, gray, 0}) == "Does an object lie on the line through the blue and the gray one?");
}

TEST_CASE("sort of clevr: middles lie in [5, 70) and 10 pixels apart", "[data][sort_of_clevr]") {
  std::set<int> seen;
  for (const auto& e : standard_1000().train)
    for (std::size_t i = 0; i < 6; ++i) {
      const object& o = e.objects[i];
      seen.insert(o.x);
      seen.insert(1000 + o.y);
      for (std::size_t j = 0; j < i; ++j) {
        const int dx = o.x - e.objects[j].x, dy = o.y - e.objects[j].y;
        CHECK(dx * dx + dy * dy >= 100);
      }
    }
  CHECK(seen.size() == 130);  // every place is used: 65 columns and 65 rows
  CHECK(*seen.begin() == 5);
  CHECK(*seen.rbegin() == 1069);
}

TEST_CASE("sort of clevr: ten questions of each kind, in order, that agree with their scene", "[data][sort_of_clevr]") {
  for (const auto& e : standard_1000().test) {
    REQUIRE(e.questions.size() == 30);
    for (std::size_t i = 0; i < 30; ++i) {
      const question& q = e.questions[i];
      CHECK(static_cast<std::size_t>(q.what) == i / 10);
      CHECK(q.answer == answer_of(e.objects, q));
    }
    CHECK(e.picture == draw(e.objects));
  }
}

TEST_CASE("sort of clevr: colors, subtypes and shapes are uniform; ternary questions never ask about yellow", "[data][sort_of_clevr]") {
  std::array<std::array<int, 6>, 3> asked{};
  std::array<std::array<int, 3>, 3> subtypes{};
  std::set<std::pair<int, int>> pairs;
  int circles = 0;
  for (const auto& e : standard_1000().train) {
    for (const auto& o : e.objects) circles += o.shape == ci;
    for (const auto& q : e.questions) {
      const auto k = static_cast<std::size_t>(q.what);
      ++asked[k][q.a];
      ++subtypes[k][q.subtype];
      if (q.what == kind::ternary) pairs.insert({q.a, q.b});
    }
  }
  // 8,000 questions of a kind: deviations of sqrt(n p (1 - p)), four of them allowed.
  const auto near = [](int found, double n, double p) { return std::abs(found - n * p) < 4 * std::sqrt(n * p * (1 - p)); };
  for (std::size_t k = 0; k < 3; ++k)
    for (const int n : subtypes[k]) CHECK(near(n, 8000, 1. / 3));
  for (std::size_t k = 0; k < 2; ++k)
    for (const int n : asked[k]) CHECK(near(n, 8000, 1. / 6));
  for (std::size_t c = 0; c < 5; ++c) CHECK(near(asked[2][c], 8000, 1. / 5));
  CHECK(asked[2][yellow] == 0);
  CHECK(pairs.size() == 20);  // ordered pairs of two different ones of five
  CHECK(near(circles, 4800, .5));
}

TEST_CASE("sort of clevr: answers are spread as chance wants", "[data][sort_of_clevr]") {
  std::array<std::array<int, 10>, 9> found{};
  for (const auto& e : standard_1000().train)
    for (const auto& q : e.questions) ++found[3 * static_cast<std::size_t>(q.what) + q.subtype][q.answer];
  const auto total = [](const std::array<int, 10>& a) {
    int n = 0;
    for (const int v : a) n += v;
    return n;
  };
  // Ten questions share a scene, so a count of about 2,670 deviates like one of at least 800 independent scenes.
  const auto share = [&](std::size_t type, std::size_t answer) { return found[type][answer] / static_cast<double>(total(found[type])); };
  const auto near = [](double s, double p) { return std::abs(s - p) < 4 * std::sqrt(p * (1 - p) / 800); };
  for (const std::size_t type : {0u, 3u, 4u}) CHECK(near(share(type, square_), .5));  // shapes, of a, its closest and its farthest
  for (const std::size_t type : {1u, 2u}) CHECK(near(share(type, yes), 33. / 65));    // places 5 to 37 of 5 to 69
  constexpr std::array<double, 6> binomial{1. / 32, 5. / 32, 10. / 32, 10. / 32, 5. / 32, 1. / 32};
  for (std::size_t c = 0; c < 6; ++c) CHECK(near(share(5, count_0 + c), binomial[c]));
  for (const std::size_t type : {6u, 8u})  // at most four others
    for (std::size_t a = 0; a < 10; ++a) CHECK((found[type][a] > 0) == (a >= count_0 && a <= count_0 + 4));
  for (std::size_t a = 0; a < 10; ++a) CHECK((found[7][a] > 0) == (a <= no));
}

TEST_CASE("sort of clevr: test samples come first, whatever follows; a sample depends on seed and number only", "[data][sort_of_clevr]") {
  const auto& d = standard_1000();
  options o;
  const auto same = [](const example& a, const example& b) {
    return a.picture == b.picture &&
           std::equal(a.questions.begin(), a.questions.end(), b.questions.begin(), b.questions.end(),
                      [](const question& p, const question& q) { return question_vector(p) == question_vector(q) && p.answer == q.answer; });
  };
  REQUIRE(d.test.size() == 200);
  REQUIRE(d.train.size() == 800);
  CHECK(same(d.test[7], make_example(o, 7)));
  CHECK(same(d.train[0], make_example(o, 200)));
  CHECK_FALSE(same(d.test[7], make_example(o, 8)));
  o.seed = 2;
  CHECK_FALSE(same(d.test[7], make_example(o, 7)));
}

TEST_CASE("sort of clevr: the legacy switch changes answers to the closest-to question only", "[data][sort_of_clevr]") {
  options o;
  o.legacy_closest = true;
  int changed = 0;
  for (int i = 0; i < 200; ++i) {
    const auto e = make_example(o, i);
    const auto& fixed = standard_1000().test[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < e.questions.size(); ++k) {
      if (e.questions[k].answer == fixed.questions[k].answer) continue;
      ++changed;
      CHECK(e.questions[k].what == kind::binary);
      CHECK(e.questions[k].subtype == 0);
      CHECK(e.questions[k].answer == detail::shape_answer(e.objects[e.questions[k].a]));
    }
  }
  CHECK(changed > 0);
}

TEST_CASE("sort of clevr: the same samples for any number of threads", "[data][sort_of_clevr][threads]") {
  options o;
  o.n_test = 20, o.n_train = 30;
  relreason::thread_pool threads(3);
  const auto d = generate(o, threads);
  for (std::size_t i = 0; i < 20; ++i) CHECK(d.test[i].picture == make_example(o, static_cast<int>(i)).picture);
  for (std::size_t i = 0; i < 30; ++i) CHECK(d.train[i].picture == make_example(o, static_cast<int>(20 + i)).picture);
}

TEST_CASE("sort of clevr: options out of range are refused by name", "[data][sort_of_clevr]") {
  relreason::serial_executor serial;
  options o;
  o.n_test = -1;
  CHECK(contains(message_of([&] { generate(o, serial); }), "n_test is -1; wanted 0 to 1,000,000"));
  o.n_test = 0, o.n_train = 1'000'001;
  CHECK(contains(message_of([&] { generate(o, serial); }), "n_train is 1000001"));
  o.n_train = 1, o.questions_per_kind = -2;
  CHECK(contains(message_of([&] { generate(o, serial); }), "questions_per_kind is -2"));
  o.n_train = 0, o.questions_per_kind = 10;
  CHECK(generate(o, serial).train.empty());
}
