// tests/core/batch.test.cpp
#include "relreason/core/batch.hpp"

#include "catch.hpp"
#include "relreason/graph/pick.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/nn/embedding.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct word : each<scene> {};
struct masked : some<word> {};
using net = model<input<"x", features<2>, scene>, input<"w", ids<5>, word>, input<"label", label<3>, scene>, let<"e", embedding<2>, of<"w">>,
                  let<"m", pick<masked>, of<"e">>, let<"p", pool<masked>, of<"m">>, let<"a", linear<3>, of<"x", "p">>,
                  minimize<cross_entropy<>, of<"a", "label">>>;

limits<net> planned() {
  limits<net> at;
  at.samples = 2;
  at.set<word>(3);
  return at;
}
batch<net> good() {  // scenes of 2 and 1 words, the second word of the first one masked
  batch<net> b;
  for (const int n : {2, 1}) {
    b.add_sample();
    b.push<"x">(1.f);
    b.push<"x">(2.f);
    b.count<word>(n);
    for (int i = 0; i < n; ++i) b.push<"w">(5 * i);
    b.count<masked>(n - 1);
    if (n == 2) b.space<masked>().index.push_back(1);
    b.push<"label">(2);
  }
  return b;
}
std::string refusal(const batch<net>& b) {
  return message_of([&] { b.check(planned()); });
}

}  // namespace

TEST_CASE("batch: a whole one passes, an empty one too", "[core][batch]") {
  CHECK(refusal(good()) == "");
  CHECK(refusal(batch<net>{}) == "");
}

TEST_CASE("batch: wrong counts are refused by the name of the space or input", "[core][batch]") {
  auto b = good();
  b.values<"x">().pop_back();
  CHECK(contains(refusal(b), "input \"x\" has 3 values; wanted 2 rows of scene x 2 = 4"));
  b = good();
  b.push<"w">(1);
  CHECK(contains(refusal(b), "input \"w\" has 4 values; wanted 3 rows of word x 1 = 3"));
  b = good();
  b.count<word>(1);
  CHECK(contains(refusal(b), "space word was counted for 3 parents, but there are 2"));
  b = good();
  b.space<word>().offsets = {0, 4, 3};
  CHECK(contains(refusal(b), "word"));
  b.space<word>().offsets = {0, 3, 2};
  CHECK(contains(refusal(b), "space word has a negative count at parent 1"));
  b = good();
  b.space<masked>().index.clear();
  CHECK(contains(refusal(b), "space masked has 0 indices, its offsets want 1"));
}

TEST_CASE("batch: more than was planned is refused by the name of the space", "[core][batch]") {
  auto b = good();
  b.add_sample();
  CHECK(contains(refusal(b), "3 samples, but 2 were planned"));
  b = good();
  b.space<word>().offsets = {0, 2, 6};
  CHECK(contains(refusal(b), "4 entries of word at parent 1, but 3 were planned"));
  b = good();
  b.space<word>().padded = 4;
  CHECK(contains(refusal(b), "word is padded to 4, but 3 were planned"));
  b.space<word>().padded = 1;
  CHECK(contains(refusal(b), "2 entries of word at parent 0, but word is padded to 1"));
  b = good();
  b.space<masked>().offsets = {0, 4, 4};  // may not list more rows than its words' capacity
  b.space<masked>().index = {0, 0, 1, 1};
  CHECK(contains(refusal(b), "4 entries of masked at parent 0, but 3 were planned"));
  CHECK(contains(message_of([] { good().check(limits<net>{.samples = 2}); }), "no capacity was planned for space word"));
}

TEST_CASE("batch: ids, labels and rows out of range are refused with their place", "[core][batch]") {
  auto b = good();
  b.values<"w">()[2] = 6;
  CHECK(contains(refusal(b), "entry 2 of input \"w\" is 6; wanted 0 to 5"));
  b = good();
  b.values<"label">()[1] = -1;
  CHECK(contains(refusal(b), "entry 1 of input \"label\" is -1; wanted 0 to 2"));
  b = good();
  b.space<masked>().index[0] = 2;  // a word of the other scene
  CHECK(contains(refusal(b), "entry 0 of the indices of masked is 2; parent 0 has the rows 0 to 1"));
  b.space<masked>().index[0] = -1;
  CHECK(contains(refusal(b), "is -1"));
}

TEST_CASE("batch: pushes convert to the input's own type, and clear() empties everything", "[core][batch]") {
  batch<net> b;
  b.push<"x">(1.5);
  b.push<"w">(4L);
  CHECK(b.values<"x">() == std::vector<float>{1.5f});
  CHECK(b.values<"w">() == std::vector<int>{4});
  b = good();
  b.clear();
  CHECK(b.samples == 0);
  CHECK(b.values<"x">().empty());
  CHECK(b.space<word>().offsets == std::vector<int>{0});
  CHECK(b.space<masked>().index.empty());
}

TEST_CASE("batch: rows of a table are copied, or named where a device holds them; clear() forgets rows, not what is held", "[core]") {
  const std::vector<float> table{0, 1, 10, 11, 20, 21, 30, 31};
  const rows_view<const float> rows{table.data(), 4, 2};
  batch<net> b;
  b.push_rows<"x">(rows, 1, 2);
  CHECK(b.values<"x">() == std::vector<float>{10, 11, 20, 21});
  b.clear();
  b.held[0] = true;
  b.push_rows<"x">(rows, 2, 2);
  b.push_rows<"x">(rows, 4, 0);
  CHECK(b.values<"x">().empty());
  CHECK(b.row_numbers[0] == std::vector<int>{2, 3});
  b.clear();
  CHECK(b.row_numbers[0].empty());
  b.push_rows<"x">(rows, 0, 1);
  CHECK(b.row_numbers[0] == std::vector<int>{0});
  CHECK(contains(message_of([&] { b.push_rows<"x">(rows, 3, 2); }), "input \"x\": asked for rows 3 to 5 of a table of 4"));
  CHECK(contains(message_of([&] { b.push_rows<"x">(rows, std::size_t(-1), 2); }), "of a table of 4"));
  CHECK(contains(message_of([&] {
                   b.push_rows<"x">(rows_view<const float>{table.data(), 2, 4}, 0, 1);
                 }),
                 "found a table of 4 values per row, wanted 2"));
  CHECK(b.row_numbers[0].size() == 1);

  auto some = good();
  some.values<"x">().clear();
  some.held[0] = true;
  some.push_rows<"x">(rows, 1, 2);
  std::array<bool, net::n> all{};
  all[0] = all[1] = all[2] = true;
  some.check_for(planned(), all, {4});
  CHECK(contains(message_of([&] { some.check_for(planned(), all, {2}); }), "names row 2, but the table that is held has 2"));
  auto before_the_table = some;
  before_the_table.row_numbers[0][1] = -1;
  CHECK(contains(message_of([&] { before_the_table.check_for(planned(), all, {4}); }), "names row -1, but the table that is held has 4"));
  CHECK(contains(message_of([&] { some.check(planned()); }), "has numbers of rows, but no table of them is held here"));
  some.push_rows<"x">(rows, 0, 1);
  CHECK(contains(message_of([&] { some.check_for(planned(), all, {4}); }), "input \"x\" has 6 values; wanted 2 rows"));
}
