// tests/train/sampler.test.cpp
#include "relreason/train/sampler.hpp"

#include <set>

#include "catch.hpp"

using namespace relreason;

namespace {

using items = std::vector<std::int32_t>;

// 28 answers, answer a given 3 + a^2 times, in an order that mixes them.
items skewed_answers() {
  items answers;
  for (int round = 0; round < 3 + 27 * 27; ++round)
    for (std::int32_t a = 0; a < 28; ++a)
      if (round < 3 + a * a) answers.push_back(a);
  return answers;
}

// sum (observed - expected)^2 / expected
double chi_squared(const std::vector<double>& counts, double expected) {
  double sum = 0;
  for (const double c : counts) sum += (c - expected) * (c - expected) / expected;
  return sum;
}

}  // namespace

TEST_CASE("batch_offsets: the last batch is short, and none is empty", "[train][sampler]") {
  const batch_offsets b{10, 4};
  REQUIRE(b.count() == 3);
  CHECK(b.first(2) == 8);
  CHECK(b.last(1) == 8);
  CHECK(b.last(2) == 10);
  CHECK(batch_offsets{8, 4}.count() == 2);
  CHECK(batch_offsets{699989, 640}.count() == 1094);  // CLEVR's training questions at the published batch
}

TEST_CASE("shuffle: every item once, another order each epoch and seed, the same order again", "[train][sampler]") {
  const shuffle s(1000);
  const auto order = s.order(1, 1, 64);
  CHECK(order.size() == 1000);
  CHECK(std::set<std::int32_t>(order.begin(), order.end()).size() == 1000);
  CHECK(*std::min_element(order.begin(), order.end()) == 0);
  CHECK(*std::max_element(order.begin(), order.end()) == 999);
  CHECK(s.order(1, 1, 64) == order);
  CHECK(s.order(1, 1, 640) == order);  // the size of a batch does not change the order
  CHECK(s.order(1, 2, 64) != order);
  CHECK(s.order(2, 1, 64) != order);
}

TEST_CASE("shuffle: this order on every machine", "[train][sampler]") {
  // Fisher-Yates from the back on words of Philox (seed 7, stream "sampler.shuffle" + epoch); a change breaks resuming old runs.
  items expected{0, 1, 2, 3, 4, 5, 6, 7};
  for (std::uint32_t left = 8, draw = 0; left > 1; --left, ++draw) {
    const auto word = philox::bits(7, stream_of("sampler.shuffle") + 3, draw);
    std::swap(expected[left - 1], expected[(std::uint64_t{word} * left) >> 32]);
  }
  CHECK(shuffle(8).order(7, 3, 1) == expected);
}

TEST_CASE("shuffle: all 6 orders of 3 items are equally likely", "[train][sampler]") {
  std::vector<double> counts(9, 0);
  const shuffle s(3);
  for (int epoch = 1; epoch <= 6000; ++epoch) {
    const auto o = s.order(5, epoch, 1);
    ++counts[static_cast<std::size_t>(3 * o[0] + o[1])];
  }
  std::vector<double> used;
  for (const double c : counts)
    if (c > 0) used.push_back(c);
  REQUIRE(used.size() == 6);
  CHECK(chi_squared(used, 1000) < 20.5);  // 99.9 % of chi squared with 5 degrees of freedom
}

TEST_CASE("shuffle: an epoch stopped at any batch goes on with the same batches", "[train][sampler]") {
  const shuffle before(103);
  const auto order = before.order(9, 4, 10);
  const batch_offsets b{order.size(), 10};
  items joined;
  for (std::size_t i = 0; i < b.count(); ++i) {
    const auto again = shuffle(103).order(9, 4, 10);  // as a new process would
    joined.insert(joined.end(), again.begin() + static_cast<std::ptrdiff_t>(b.first(i)), again.begin() + static_cast<std::ptrdiff_t>(b.last(i)));
  }
  CHECK(joined == order);
}

TEST_CASE("answer_balanced: each of 28 skewed answers is drawn equally often, and each item within its answer", "[train][sampler]") {
  const auto answers = skewed_answers();
  const answer_balanced s(answers, 28);
  std::vector<double> per_answer(28, 0), per_item(answers.size(), 0);
  double drawn = 0;
  for (int epoch = 1; epoch <= 10; ++epoch) {
    const auto order = s.order(11, epoch, 640);
    REQUIRE(order.size() == answers.size());
    for (const auto i : order) {
      ++per_answer[static_cast<std::size_t>(answers[static_cast<std::size_t>(i)])];
      ++per_item[static_cast<std::size_t>(i)];
      ++drawn;
    }
  }
  CHECK(chi_squared(per_answer, drawn / 28) < 55.5);  // 99.9 % of chi squared with 27 degrees of freedom
  std::vector<double> of_answer_3;                    // 12 items
  for (std::size_t i = 0; i < answers.size(); ++i)
    if (answers[i] == 3) of_answer_3.push_back(per_item[i]);
  REQUIRE(of_answer_3.size() == 12);
  CHECK(chi_squared(of_answer_3, per_answer[3] / 12) < 31.3);  // 99.9 %, 11 degrees of freedom
}

TEST_CASE("answer_balanced: answers that never occur are left out, and the order repeats", "[train][sampler]") {
  const answer_balanced s({5, 5, 2}, 28);
  const auto order = s.order(1, 1, 2);
  CHECK(order.size() == 3);
  for (const auto i : order) CHECK((i >= 0 && i < 3));
  CHECK(s.order(1, 1, 2) == order);
}

TEST_CASE("single_class: full batches of one class, no item twice, sum floor(count / batch) of them", "[train][sampler]") {
  items classes;
  for (int i = 0; i < 500; ++i) classes.push_back(i % 10 < 6 ? 0 : i % 10 < 9 ? 1 : 2);  // 300, 150, 50; class 3 never
  const single_class s(classes, 4);
  const auto order = s.order(3, 1, 32);
  REQUIRE(order.size() == 32 * (9 + 4 + 1));
  CHECK(std::set<std::int32_t>(order.begin(), order.end()).size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    CHECK(classes[static_cast<std::size_t>(order[i])] == classes[static_cast<std::size_t>(order[i / 32 * 32])]);
  CHECK(s.order(3, 1, 32) == order);
  CHECK(s.order(3, 2, 32) != order);
}

TEST_CASE("single_class: the class of a batch is uniform while all classes last", "[train][sampler]") {
  items classes;
  for (int i = 0; i < 1000; ++i) classes.push_back(i < 700 ? 0 : i < 900 ? 1 : 2);
  const single_class s(classes, 3);
  std::vector<double> first(3, 0);
  for (int epoch = 1; epoch <= 3000; ++epoch) ++first[static_cast<std::size_t>(classes[static_cast<std::size_t>(s.order(2, epoch, 50)[0])])];
  CHECK(chi_squared(first, 1000) < 13.9);  // 99.9 % of chi squared with 2 degrees of freedom
}

TEST_CASE("make_sampler: by name, with classes made from answers", "[train][sampler]") {
  const items answers{0, 1, 2, 0, 1, 2}, class_of{0, 1, 1};
  for (const auto name : sampler_names) CHECK(make_sampler(name, answers, class_of).text() == name);
  CHECK(make_sampler("shuffle", answers, class_of).order(1, 1, 4) == shuffle(6).order(1, 1, 4));
  CHECK(make_sampler("single-class", answers, class_of).order(1, 1, 2).size() == 6);  // 2 of class 0, 4 of class 1
  CHECK_THROWS_WITH(make_sampler("random", answers, class_of),
                    "make_sampler: no sampler is called \"random\"; choose one of shuffle, answer-balanced, single-class");
}

TEST_CASE("samplers: bad input is an error that says where", "[train][sampler]") {
  CHECK_THROWS_WITH(shuffle(0), "shuffle: no items; does the split have questions?");
  CHECK_THROWS_WITH(shuffle(3).order(1, 1, 0), "shuffle: a batch of 0 items; wanted at least 1");
  CHECK_THROWS_WITH(answer_balanced({0, 28}, 28), "answer_balanced: item 1 has group 28; wanted 0 to 27");
  CHECK_THROWS_WITH(single_class({0, -1}, 6), "single_class: item 1 has group -1; wanted 0 to 5");
  CHECK_THROWS_WITH(single_class({0, 1, 1}, 2).order(1, 1, 3), "single_class: no class has 3 items, the size of a batch; use a smaller batch");
  CHECK_THROWS_WITH(make_sampler("single-class", {0, 9}, {0, 0}), "make_sampler: item 1 has answer 9; wanted 0 to 1");
}
