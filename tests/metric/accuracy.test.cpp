// tests/metric/accuracy.test.cpp
#include "relreason/metric/accuracy.hpp"

#include <limits>

#include "catch.hpp"

using namespace relreason::metric;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();

// Two numbers and two colors; two types of question.
answer_scheme small_scheme() { return {{"0", "1", "red", "blue"}, {0, 0, 1, 1}, {"number", "color"}, {"count", "query"}}; }

bool same(const tally& t, std::int64_t right, std::int64_t total) { return t.right == right && t.total == total; }

}  // namespace

TEST_CASE("rank_of and largest_of: equal logits by the lower index, numbers before what is none", "[metric]") {
  const float x[]{1, 3, 3, 0};
  CHECK(largest_of(x, 4) == 1);
  CHECK(rank_of(x, 4, 1) == 0);
  CHECK(rank_of(x, 4, 2) == 1);
  CHECK(rank_of(x, 4, 0) == 2);
  CHECK(rank_of(x, 4, 3) == 3);
  const float y[]{not_a_number, 2, not_a_number};
  CHECK(largest_of(y, 3) == 1);
  CHECK(rank_of(y, 3, 1) == 0);
  CHECK(rank_of(y, 3, 0) == 3);
  CHECK(largest_of(y, 1) == -1);
}

TEST_CASE("accuracy: overall, top-k, type, class, answer, invalid and confusion of five questions, by hand", "[metric]") {
  accuracy a(small_scheme());
  const float sure0[]{9, 1, 0, 0}, sure1[]{1, 9, 0, 0}, red_then_0[]{5, 1, 9, 0}, blue[]{0, 0, 1, 9};
  a.add(sure0, 0, 0);       // right
  a.add(sure1, 0, 0);       // wrong, same class; label second
  a.add(red_then_0, 0, 0);  // wrong, other class; label second
  a.add(blue, 3, 1);        // right
  a.add(blue, 1, -1);       // wrong, other class, of no type; label 1 ties with 0 and comes fourth
  CHECK(same(a.overall(), 2, 5));
  CHECK(same(a.top(1), 2, 5));
  CHECK(same(a.top(2), 4, 5));
  CHECK(same(a.top(3), 4, 5));
  CHECK(same(a.top(4), 5, 5));
  CHECK(same(a.top(100), 5, 5));
  CHECK(same(a.by_type(0), 1, 3));
  CHECK(same(a.by_type(1), 1, 1));
  CHECK(same(a.by_class(0), 1, 4));
  CHECK(same(a.by_class(1), 1, 1));
  CHECK(same(a.by_answer(0), 1, 3));
  CHECK(same(a.by_answer(2), 0, 0));
  CHECK(a.by_answer(2).share() == 0);
  CHECK(same(a.invalid(), 2, 5));
  CHECK(same(a.invalid_of_type(0), 1, 3));
  CHECK(same(a.invalid_of_type(1), 0, 1));
  CHECK(a.confusion(0, 1) == 1);
  CHECK(a.confusion(0, 2) == 1);
  CHECK(a.confusion(1, 3) == 1);
  CHECK(a.confusion(3, 1) == 0);
  CHECK(a.overall().share() == .4);
}

TEST_CASE("accuracy: parts merge to the whole, in any order", "[metric]") {
  accuracy whole(small_scheme()), first(small_scheme()), second(small_scheme());
  for (int i = 0; i < 40; ++i) {
    const float logits[]{float(i % 3), float(i % 5), float(i % 7), float(i % 2)};
    whole.add(logits, i % 4, i % 2);
    (i % 3 ? first : second).add(logits, i % 4, i % 2);
  }
  auto one = first, other = second;
  one.merge(second);
  other.merge(first);
  for (const auto* merged : {&one, &other}) {
    for (int label = 0; label < 4; ++label)
      for (int p = 0; p < 4; ++p) CHECK(merged->confusion(label, p) == whole.confusion(label, p));
    for (int k = 1; k <= 4; ++k) CHECK(same(merged->top(k), whole.top(k).right, 40));
    for (int type = 0; type < 2; ++type) {
      CHECK(same(merged->by_type(type), whole.by_type(type).right, 20));
      CHECK(same(merged->invalid_of_type(type), whole.invalid_of_type(type).right, 20));
    }
  }
}

TEST_CASE("accuracy: predictions without logits count everywhere but in top-k", "[metric]") {
  accuracy a(small_scheme());
  a.add_prediction(2, 2, 1);
  a.add_prediction(0, 2, 1);
  CHECK(same(a.overall(), 1, 2));
  CHECK(same(a.invalid(), 1, 2));
  CHECK(same(a.top(1), 0, 0));
}

TEST_CASE("accuracy: a label whose logit is not a number is never among the top", "[metric]") {
  accuracy a(small_scheme());
  const float logits[]{not_a_number, 1, 0, 0};
  a.add(logits, 0);
  CHECK(same(a.overall(), 0, 1));
  CHECK(same(a.top(4), 0, 1));
  const float none[]{not_a_number, not_a_number, not_a_number, not_a_number};
  CHECK_THROWS_WITH(a.add(none, 2), "accuracy::add: no logit of a question with label 2 is a number");
  CHECK(same(a.overall(), 0, 1));
}

TEST_CASE("accuracy: indices and schemes that do not fit are errors that name them", "[metric]") {
  accuracy a(small_scheme());
  CHECK_THROWS_WITH(a.add_prediction(4, 0), "accuracy: prediction 4; wanted 0 to 4 exclusive");
  CHECK_THROWS_WITH(a.add_prediction(0, -1), "accuracy: label -1; wanted 0 to 4 exclusive");
  CHECK_THROWS_WITH(a.add_prediction(0, 0, 2), "accuracy: question type 2; wanted 0 to 2 exclusive");
  const float logits[]{1, 2, 3, 4};
  CHECK_THROWS_WITH(a.add(logits, 4), "accuracy: label 4; wanted 0 to 4 exclusive");
  CHECK_THROWS_WITH(a.by_class(2), "accuracy: class 2; wanted 0 to 2 exclusive");
  CHECK_THROWS_WITH(a.top(0), "accuracy::top: k is 0; wanted at least 1");
  CHECK(same(a.overall(), 0, 0));
  CHECK_THROWS_WITH(accuracy({{"a", "b"}, {0}, {"x"}, {}}), "accuracy: 2 answers, and classes for 1 of them; wanted one class for each");
  CHECK_THROWS_WITH(accuracy({{"a"}, {1}, {"x"}, {}}), "accuracy: answer a has class 1; wanted 0 to 1 exclusive");
  const accuracy other({{"a"}, {0}, {"x"}, {}});
  CHECK_THROWS_WITH(a.merge(other), "accuracy::merge: the two count different answers, classes or types (4 and 1 answers)");
}
