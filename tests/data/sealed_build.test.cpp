// tests/data/sealed_build.test.cpp -- making a sealed file: opened where it fits, built once, its parts on all threads up to the first error.
#include "relreason/data/sealed_build.hpp"

#include <array>
#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

namespace {

using namespace relreason;

struct toy_header {
  static constexpr std::uint32_t known_version = 1;
  static constexpr const char *title = "box of toys", *noun = "box", *covers = "names";
  char magic[8] = {'R', 'R', '-', '-', 't', 'o', 'y', 's'};
  std::uint32_t version = known_version, toys = 0;
  std::uint64_t seal = 0;
};
struct toys {
  explicit toys(const std::string& path) : all(content_of(path)) {
    const auto bytes = std::as_bytes(std::span(all));
    head = detail::read_sealed_header<toy_header>(bytes, "toys");
    detail::check_seal(head, bytes.subspan(sizeof head), "toys");
  }
  std::string all;
  toy_header head;
};
void build_toys(resumable_file& file) {
  const std::string names = "bear, ball";
  file.write(std::as_bytes(std::span(names)), sizeof(toy_header));
  detail::seal_and_rename(file, toy_header{.toys = 2}, std::as_bytes(std::span(names)));
}
void anything(const toys&) {}

}  // namespace

TEST_CASE("open_or_build: built where it is not there, opened afterwards, and what it holds is under the seal", "[data][sealed_build]") {
  const temporary_folder folder;
  int built = 0;
  const auto get = [&] {
    return detail::open_or_build<toys>(folder / "box", "toys", anything, [&](resumable_file& file) { ++built, build_toys(file); });
  };
  CHECK(get().head.toys == 2);
  CHECK(get().all.substr(sizeof(toy_header)) == "bear, ball");
  CHECK(built == 1);
  CHECK(!std::filesystem::exists(folder / "box.partial"));
}

TEST_CASE("open_or_build: a file that does not fit is refused and stays", "[data][sealed_build]") {
  const temporary_folder folder;
  detail::open_or_build<toys>(folder / "box", "toys", anything, build_toys);
  const std::string before = content_of(folder / "box");
  const auto refuses = [](const toys&) { fail("other toys"); };
  CHECK(message_of([&] { detail::open_or_build<toys>(folder / "box", "toys", refuses, build_toys); }) == "other toys");
  CHECK(content_of(folder / "box") == before);
}

TEST_CASE("open_or_build: while another program builds it, it is refused", "[data][sealed_build]") {
  const temporary_folder folder;
  const resumable_file locked(folder / "box", "toys");
  CHECK(contains(message_of([&] { detail::open_or_build<toys>(folder / "box", "toys", anything, build_toys); }),
                 "is being built by another program or thread"));
}

TEST_CASE("build_parts: every part is made once, on one thread or several", "[data][sealed_build][threads]") {
  for (const int n_threads : {1, 4}) {
    thread_pool threads(n_threads);
    std::optional<progress> no_bar;
    std::array<std::atomic<int>, 100> made{};
    detail::build_parts(100, threads, no_bar, [&](int i) { return ++made[static_cast<std::size_t>(i)]; });
    for (const auto& times : made) CHECK(times == 1);
  }
}

TEST_CASE("build_parts: after an error, which is thrown, no other part is begun", "[data][sealed_build]") {
  serial_executor threads;
  std::optional<progress> no_bar;
  std::vector<int> begun;
  CHECK(message_of([&] {
          detail::build_parts(9, threads, no_bar, [&](int i) {
            begun.push_back(i);
            if (i == 3) fail("part 3");
            return 1;
          });
        }) == "part 3");
  CHECK(begun == std::vector<int>{0, 1, 2, 3});
}
