// tests/train/run_report.test.cpp -- names of runs, settings as people read them, and what two runs share of a page.
#include "relreason/train/run_report.hpp"

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

// What begin_report asks of a run.
struct finished_run {
  struct {
    std::size_t count() const { return 1234; }
  } own_weights;
  struct {
    std::uint64_t steps = 50;
    const char* instructions() const { return "portable"; }
  } trainer;
  struct {
    std::map<std::string, std::string> settings{{"batch", "8"}};
  } settings;
  std::string folder;
  std::string path(const char* file) const { return folder + "/" + file; }
  const auto& weights() const { return own_weights; }
  const auto& inner() const { return trainer; }
  const auto& record() const { return settings; }
};

// Two of three answered right, and a log without events.
detail::begun_report report_in(const std::string& folder, const std::string& compare = "") {
  std::filesystem::create_directories(folder);
  put_content(folder + "/log.jsonl", "");
  finished_run run;
  run.folder = folder;
  metric::accuracy found({{"no", "yes"}, {0, 0}, {"truth"}, {"simple"}});
  for (const int label : {0, 0, 1}) found.add(std::array{1.f, 0.f}.data(), label, 0);
  return detail::begin_report(run, found, compare);
}

}  // namespace

TEST_CASE("A report begins with the run's accuracies, confusion, facts and settings, and leaves its shares for others") {
  const temporary_folder folder;
  const auto [page, systems, logs] = report_in(folder / "rn");
  CHECK(systems == std::vector<std::string>{"rn"});
  CHECK(logs == std::vector<std::string>{folder / "rn/log.jsonl"});
  REQUIRE(page.headlines.size() == 1);
  CHECK(page.headlines[0].note == "2 of 3 validation questions");
  CHECK(page.confusion_of == "rn");
  CHECK(page.confusion.counts == std::vector<std::int64_t>{2, 0, 1, 0});
  std::string facts;
  for (const auto& f : page.facts) facts += f.name + "=" + f.value + " ";
  CHECK(facts == "parameters=1,234 steps=50 kernels=portable batch=8 ");
  CHECK(read_shares(folder / "rn/shares.tsv").at({"all", "all"}).right == 2);
}

TEST_CASE("A finished run stands beside: by its folder's name, or by its path where both have the same name") {
  const temporary_folder folder;
  report_in(folder / "first/rn");
  const auto other = report_in(folder / "mlp", folder / "first/rn");
  CHECK(other.systems == std::vector<std::string>{"mlp", "rn"});
  CHECK(other.page.headlines.size() == 2);
  CHECK(other.page.accuracies[0].rows[0].systems.size() == 2);
  const auto same = report_in(folder / "second/rn", folder / "first/rn");
  CHECK(same.systems == std::vector<std::string>{"rn", folder / "first/rn"});
  CHECK(contains(message_of([&] { report_in(folder / "third", folder / "none"); }), folder / "none/shares.tsv"));
}

TEST_CASE("Systems are named after their folders") {
  CHECK(detail::label_of("/a/rn") == "rn");
  CHECK(detail::label_of("/a/rn/") == "rn");
  CHECK(detail::label_of("/a/b/../rn/.") == "rn");
  CHECK(detail::label_of("/") == "/");
}

TEST_CASE("Settings are shown as people write them, lists of words are not") {
  report::run r;
  detail::add_settings(r, {{"micro_batches", "1"}, {"clip", "50.000000"}, {"rate", "0.250000"}, {"words", "a\nb"}, {"kind", "v1.0"}});
  std::string all;
  for (const auto& f : r.facts) all += f.name + "=" + f.value + " ";
  CHECK(all == "clip=50 kind=v1.0 micro batches=1 rate=0.25 ");
}
