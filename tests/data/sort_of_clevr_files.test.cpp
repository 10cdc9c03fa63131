// tests/data/sort_of_clevr_files.test.cpp -- kinds of questions as text, and the pictures and questions as files.
#include "relreason/data/sort_of_clevr_files.hpp"

#include <algorithm>

#include "catch.hpp"
#include "relreason/data/mapped_file.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
namespace soc = relreason::sort_of_clevr;

TEST_CASE("sort of clevr: kinds are read from text, each once", "[data][sort_of_clevr]") {
  CHECK(soc::parse_kinds("non-relational,binary") == soc::kind_list{soc::kind::unary, soc::kind::binary});
  CHECK(soc::parse_kinds("ternary,non-relational") == soc::kind_list{soc::kind::unary, soc::kind::ternary});
  CHECK(soc::text_of(soc::kind_list{soc::kind::unary, soc::kind::ternary}) == "non-relational,ternary");
  CHECK(soc::holds({soc::kind::binary}, soc::kind::binary));
  CHECK_FALSE(soc::holds({soc::kind::binary}, soc::kind::unary));
  for (const char* wrong : {"", "binary,", ",binary", "binary,binary", "Binary", "binary ternary", "unary"})
    CHECK(contains(message_of([&] { soc::parse_kinds(wrong); }), "wanted some of non-relational, binary, ternary"));
}

#if __has_include(<png.h>)
TEST_CASE("sort of clevr: files hold the pictures, and the questions of the kinds with their answers", "[data][sort_of_clevr]") {
  const temporary_folder folder;
  serial_executor one;
  const auto d = soc::generate({.n_test = 1, .n_train = 2, .questions_per_kind = 3}, one);
  soc::write_files(d, {soc::kind::unary, soc::kind::ternary}, folder / "a/b");
  const auto path = folder / "a/b/train_1.png";
  const mapped_file file(path);
  CHECK(png::parse(file.bytes(), path).pixels == d.train[1].picture.pixels);
  const auto lines = content_of(folder / "a/b/train.jsonl");
  CHECK(std::count(lines.begin(), lines.end(), '\n') == 2 * 2 * 3);
  const auto& q = d.train[1].questions[8];
  CHECK(contains(lines, R"({"image":"train_1.png","kind":"ternary","question":")" + soc::text_of(q) + R"(","answer":")" +
                            std::string(soc::answers[q.answer]) + "\"}\n"));
  CHECK_FALSE(contains(lines, "binary"));
  const auto test = content_of(folder / "a/b/test.jsonl");
  CHECK(std::count(test.begin(), test.end(), '\n') == 2 * 3);
  put_content(folder / "file", "no folder");
  CHECK(contains(message_of([&] { soc::write_files(d, {soc::kind::unary}, folder / "file"); }), "cannot create the folder"));
}
#endif
