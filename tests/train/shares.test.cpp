// tests/train/shares.test.cpp -- accuracies beside a run come back as they were; a file that was cut, made up or not there is refused by line.
#include "relreason/train/shares.hpp"

#include <string>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

const metric::answer_scheme scheme{{"0", "1", "yes", "no"}, {0, 0, 1, 1}, {"number", "exist"}, {"count", "exist", "never asked"}};

metric::accuracy counted() {
  metric::accuracy a(scheme);
  a.add_prediction(0, 0, 0);   // right
  a.add_prediction(1, 0, 0);   // wrong
  a.add_prediction(2, 3, 1);   // wrong
  a.add_prediction(3, 3, -1);  // right, of no type
  a.add_prediction(2, 2, 1);   // right
  return a;
}
const std::string whole = "all\tall\t3\t5\nclass\texist\t2\t3\nclass\tnumber\t1\t2\ntype\tcount\t1\t2\n";

std::string refused(const std::string& content) {
  const temporary_folder folder;
  put_content(folder / "shares.tsv", content);
  return message_of([&] { read_shares(folder / "shares.tsv"); });
}

}  // namespace

TEST_CASE("Shares are the tallies of an accuracy, by hand") {
  const auto s = shares_of(counted());
  const auto is = [&](const char* kind, const char* name, int right, int total) {
    const auto& t = s.at({kind, name});
    return t.right == right && t.total == total;
  };
  CHECK(s.size() == 6);
  CHECK(is("all", "all", 3, 5));
  CHECK(is("type", "count", 1, 2));
  CHECK(is("type", "exist", 1, 2));
  CHECK(is("type", "never asked", 0, 0));
  CHECK(is("class", "number", 1, 2));
  CHECK(is("class", "exist", 2, 3));
}

TEST_CASE("What is saved is read back, names with spaces and all") {
  const temporary_folder folder;
  const auto s = shares_of(counted());
  save_shares(s, folder / "shares.tsv");
  const auto back = read_shares(folder / "shares.tsv");
  REQUIRE(back.size() == s.size());
  for (const auto& [key, t] : s) {
    CHECK(back.at(key).right == t.right);
    CHECK(back.at(key).total == t.total);
  }
}

TEST_CASE("A file cut after any byte is refused, unless what is cut off is a whole line of a type") {
  REQUIRE(refused(whole).empty());
  const std::string last = "type\tcount\t1\t2\n";
  for (std::size_t n = 0; n < whole.size(); ++n) {
    INFO(n);
    CHECK(refused(whole.substr(0, n)).empty() == (n == whole.size() - last.size()));
  }
}

TEST_CASE("Every strange line is refused with its number and what is wrong") {
  const auto with = [](const std::string& line) { return refused("all\tall\t0\t0\n" + line + "\n"); };
  CHECK(contains(with("type"), "line 2 is \"type\": tabs are missing"));
  CHECK(contains(with(""), "line 2 is \"\": tabs are missing"));
  CHECK(contains(with("type\tcount"), "tabs are missing"));
  CHECK(contains(with("type\tcount\t1"), "no two whole numbers"));
  CHECK(contains(with("type\tcount\t1\t"), "no two whole numbers"));
  CHECK(contains(with("type\tcount\t1\t2x"), "no two whole numbers"));
  CHECK(contains(with("type\tcount\t1.5\t2"), "no two whole numbers"));
  CHECK(contains(with("type\tcount\tnan\t2"), "no two whole numbers"));
  CHECK(contains(with("type\tcount\t1\t99999999999999999999"), "no two whole numbers"));
  CHECK(contains(with("type\tcount\t1\t9223372036854775807"), "cannot be"));
  CHECK(contains(with("type\tcount\t3\t2"), "cannot be"));
  CHECK(contains(with("type\tcount\t-1\t2"), "cannot be"));
  CHECK(contains(with("kind\tcount\t1\t2"), "of no kind that is known"));
  CHECK(contains(with("all\tall\t0\t0"), "it stands there twice"));
  CHECK(contains(with(std::string(1000, '\x01')), "line 2 is \"\\u0001"));
  CHECK(with(std::string(1000, '\x01')).size() < 700);
}

TEST_CASE("Classes that do not add up to all questions are refused") {
  CHECK(contains(refused("class\tnumber\t1\t2\n"), "its classes add up to 1 of 2 questions, its line \"all\" is missing"));
  CHECK(contains(refused("all\tall\t1\t3\nclass\tnumber\t1\t2\n"), "says otherwise"));
  CHECK(refused("all\tall\t0\t0\n").empty());
}

TEST_CASE("A missing file, a folder, an empty and a huge file are refused by name") {
  const temporary_folder folder;
  CHECK(contains(message_of([&] { read_shares(folder / "none.tsv"); }), "read_shares: cannot open " + (folder / "none.tsv")));
  CHECK(contains(message_of([&] { read_shares(folder.path); }), "a folder"));
  CHECK(contains(refused(""), "is missing"));
  CHECK(contains(refused(std::string((1 << 20) + 1, 'a')), "has 1048577 bytes; wanted at most 1048576"));
}

TEST_CASE("A name that would break the lines is not saved") {
  const temporary_folder folder;
  CHECK(contains(message_of([&] { save_shares({{{"type", "a\tb"}, {}}}, folder / "x"); }), "\"a\\tb\" holds a tab"));
  CHECK(contains(message_of([&] { save_shares({{{"type", "a\nb"}, {}}}, folder / "x"); }), "holds a tab or the end of a line"));
}
