// tests/retrieval/ranking_page.test.cpp -- the page of a query: every picture inside it, those of the ground truth outlined, names as text.
#include "relreason/retrieval/ranking_page.hpp"

#include "catch.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using namespace relreason::retrieval;

namespace {
int times(const std::string& text, const std::string& what) {
  int n = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
  return n;
}
}  // namespace

TEST_CASE("ranking page: the query, each ranking in order, and an outline where the ground truth agrees") {
  const temporary_folder folder;
  for (const char* name : {"a.png", "b.png", "<c>.png"}) std::ofstream(folder / name) << name;
  ranking_page page{.title = "like <a>", .query = "a.png", .folder = folder / ""};
  page.names = {"a.png", "b.png", "<c>.png"};
  page.rows = {{"cnn", "24 numbers", {{.25, 2}, {.5, 1}, {}}}, {"ground truth", "", {{1.0, 1}}}};
  page.columns = {"rho"};
  page.scores = {{"cnn", {"0.4 [0.3, 0.5]"}}};
  const std::string text = page_of(page);
  CHECK(times(text, "data:image/png;base64,") == 4);
  CHECK(times(text, "class=\"agrees\"") == 1);
  CHECK(text.find("0.250 &lt;c&gt;.png") < text.find("0.500 b.png"));
  CHECK(text.find("<c>") == text.npos);
  CHECK(text.find("like &lt;a&gt;") != text.npos);
  CHECK(text.find("0.4 [0.3, 0.5]") != text.npos);
}
