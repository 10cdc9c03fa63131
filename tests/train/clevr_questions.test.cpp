// tests/train/clevr_questions.test.cpp
#include "relreason/train/clevr_questions.hpp"

#include <limits>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/small_clevr.hpp"

using namespace relreason;

namespace {
template <class Encoder = clevr::ordinal7>
scene_questions encoded(const clevr::dataset& d, int width = Encoder::width) {
  return clevr::encode<Encoder>(d.scenes, d.questions, d.scene_of, clevr::dictionary::closed(), clevr::answer_list(), width, {"s.json", "q.json"});
}
}  // namespace

TEST_CASE("clevr::encode: rows of objects, ids of words, labels in the order of the answers", "[train][clevr]") {
  const auto d = small_clevr::dataset(3);
  const auto set = encoded(d);
  CHECK(set.size() == 9);
  CHECK(set.scenes() == 3);
  CHECK(set.object_count(0) == 0);
  CHECK(set.object_count(2) == 2);
  CHECK(set.most_objects() == 2);
  CHECK(set.longest() == 12);  // is there a red thing ; what is it made of ?
  const auto row = clevr::ordinal7::encode(d.scenes[2].objects[1]);
  CHECK(std::equal(row.begin(), row.end(), set.objects.end() - 7));
  const auto ids = clevr::dictionary::closed().encode(d.questions[0]);
  CHECK(std::equal(ids.begin(), ids.end(), set.tokens.begin()));
  CHECK(set.label == std::vector<std::int16_t>{0, 12, 27, 1, 12, 26, 2, 12, 27});
  CHECK(set.type[0] == -1);  // no program
}

TEST_CASE("clevr::encode: wider rows end in zeros, narrower ones are refused", "[train][clevr]") {
  const auto d = small_clevr::dataset(3);
  const auto narrow = encoded(d), wide = encoded(d, 13);
  CHECK(wide.object_width == 13);
  CHECK(wide.object_count(2) == 2);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t j = 0; j < 13; ++j) CHECK(wide.objects[13 * i + j] == (j < 7 ? narrow.objects[7 * i + j] : 0.f));
  CHECK(encoded<clevr::rgb_one_hot>(d).object_width == 13);
  CHECK(contains(message_of([&] { encoded<clevr::rgb_one_hot>(d, 7); }), "rows of 7 numbers; rgb_one_hot needs 13"));
}

TEST_CASE("clevr::encode: 12 objects fit, 13 are refused with the scene's number", "[train][clevr]") {
  auto d = small_clevr::dataset(2);
  d.scenes[1].objects.resize(12);
  CHECK(encoded(d).most_objects() == 12);
  d.scenes[1].objects.resize(13);
  CHECK(contains(message_of([&] { encoded(d); }), "clevr::encode: s.json: scene 101 has 13 objects; wanted at most 12"));
}

TEST_CASE("clevr::encode: coordinates that are no numbers, or far out, are refused with the scene's number", "[train][clevr]") {
  auto d = small_clevr::dataset(2);
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity(), 1e30}) {
    d.scenes[1].objects[0].position[1] = bad;
    CHECK(contains(message_of([&] { encoded(d); }), "clevr::encode: s.json: scene 101: object 0 is at "));
  }
}

TEST_CASE("clevr::encode: unknown words and answers are named; no answer is label -1", "[train][clevr]") {
  auto d = small_clevr::dataset(2);
  d.questions[4].answer.clear();
  CHECK(encoded(d).label[4] == -1);
  d.questions[4].answer = "maybe";
  CHECK(contains(message_of([&] { encoded(d); }), "q.json: question 4: found answer \"maybe\""));
  d.questions[4].answer = "yes";
  d.questions[3].text = "How many dragons?";
  const auto said = message_of([&] { encoded(d); });
  CHECK(contains(said, "q.json: question 3, \"How many dragons?\": found word \"dragons\""));
}

TEST_CASE("clevr::scheme_of: 28 answers in 6 classes, whatever their order", "[train][clevr]") {
  const auto s = clevr::scheme_of(clevr::answer_list({"yes", "3", "cyan"}));
  CHECK(s.class_of == std::vector<int>{5, 0, 2});
  CHECK(s.classes.size() == 6);
  CHECK(clevr::scheme_of({}).answers.size() == 28);
}
