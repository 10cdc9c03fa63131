// tests/metric/distance_matrix.test.cpp
#include "relreason/metric/distance_matrix.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <vector>

#include "catch.hpp"
#include "relreason/metric/distance_matrix_build.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using namespace relreason::metric;
using Catch::Matchers::Contains;

namespace {

constexpr distance_matrix_options quiet{nullptr};
constexpr int several = 700;  // 244,650 pairs in four bands

double sample_distance(int i, int j) { return i * 1000 + j + .25; }
distance_subject subject(int n) { return {"numbers", 77, n}; }

distance_matrix build(const std::string& path, int n, int threads = 1) {
  thread_pool pool(threads);
  return build_distance_matrix(path, subject(n), sample_distance, pool, quiet);
}

std::string changed(std::string bytes, std::size_t at, std::string_view to) { return bytes.replace(at, to.size(), to); }

void open_bytes(const std::string& bytes) { distance_matrix(std::as_bytes(std::span(bytes)), "m"); }

}  // namespace

TEST_CASE("distance_matrix: holds every pair, zeros on the diagonal, and whole rows", "[metric]") {
  const temporary_folder folder;
  for (const int n : {1, 2, 3, 50, several}) {
    const auto m = build(folder / std::to_string(n), n);
    REQUIRE(m.size() == n);
    CHECK(m.what() == "numbers");
    std::vector<float> row(static_cast<std::size_t>(n));
    int wrong = 0;
    for (int i = 0; i < n; ++i) {
      m.row(i, row);
      for (int j = 0; j < n; ++j) {
        const float wanted = i == j ? 0.f : static_cast<float>(sample_distance(std::min(i, j), std::max(i, j)));
        wrong += m(i, j) != wanted || row[static_cast<std::size_t>(j)] != wanted;
      }
    }
    CHECK(wrong == 0);
    serial_executor serial;
    m.verify(serial);
  }
}

TEST_CASE("matrix_bands: cover all rows; each has 65,536 pairs or more but for the last", "[metric]") {
  CHECK(metric::detail::matrix_bands(1) == std::vector<int>{0});
  CHECK(metric::detail::matrix_bands(2) == std::vector<int>{0, 1});
  for (const int n : {363, 700, 15000}) {
    const auto starts = metric::detail::matrix_bands(n);
    REQUIRE(starts.back() == n - 1);
    for (std::size_t b = 0; b + 2 < starts.size(); ++b) {
      const auto of = [&](std::size_t k) {
        return metric::detail::pairs_before_row(static_cast<std::uint64_t>(n), static_cast<std::uint64_t>(starts[k]));
      };
      REQUIRE(of(b + 1) - of(b) >= 65536);
      REQUIRE(of(b + 1) - of(b) < 65536 + static_cast<std::uint64_t>(n));
    }
  }
}

TEST_CASE("distance_matrix: the same bytes for any number of threads", "[metric][threads]") {
  const temporary_folder folder;
  build(folder / "1", several, 1);
  build(folder / "4", several, 4);
  CHECK(content_of(folder / "1") == content_of(folder / "4"));
}

TEST_CASE("build_distance_matrix: a run that is stopped goes on where it was, and repairs what is damaged", "[metric]") {
  const temporary_folder folder;
  const std::string path = folder / "m", partial = path + ".partial";
  build(folder / "whole", several);
  serial_executor serial;
  const auto starts = metric::detail::matrix_bands(several);
  REQUIRE(starts.size() == 5);
  const int stop_at = starts[2];
  const auto stops = [&](int i, int j) {
    if (i >= stop_at) fail("stopped");
    return sample_distance(i, j);
  };
  CHECK_THROWS_WITH(build_distance_matrix(path, subject(several), stops, serial, quiet), "stopped");
  CHECK_FALSE(std::filesystem::exists(path));

  std::vector<char> computed(several, 0);
  const auto counts = [&](int i, int j) {
    computed[static_cast<std::size_t>(i)] = 1;
    return sample_distance(i, j);
  };
  SECTION("only what was missing is computed") {
    build_distance_matrix(path, subject(several), counts, serial, quiet);
    CHECK(std::count(computed.begin(), computed.begin() + stop_at, 1) == 0);
    CHECK(std::count(computed.begin() + stop_at, computed.end() - 1, 0) == 0);
  }
  SECTION("a band with a flipped bit is computed again") {
    std::string bytes = content_of(partial);
    bytes[bytes.size() - several * 2] ^= 1;  // in the last band: not there yet, its checksum is 0
    bytes[metric::detail::matrix_data_at(starts.size() - 1) + 5] ^= 1;
    put_content(partial, bytes);
    build_distance_matrix(path, subject(several), counts, serial, quiet);
    CHECK(computed[0] == 1);
    CHECK(computed[static_cast<std::size_t>(starts[1])] == 0);
  }
  SECTION("a file cut short loses what was cut") {
    std::filesystem::resize_file(partial, 300);
    build_distance_matrix(path, subject(several), counts, serial, quiet);
  }
  SECTION("a file of nothing is built on") {
    put_content(partial, "");
    build_distance_matrix(path, subject(several), counts, serial, quiet);
  }
  CHECK(content_of(path) == content_of(folder / "whole"));
  CHECK_FALSE(std::filesystem::exists(partial));
}

TEST_CASE("build_distance_matrix: killed in the middle, the next run ends with the same bytes", "[metric]") {
  const temporary_folder folder;
  const std::string path = folder / "m";
  const pid_t child = ::fork();
  if (child == 0) {
    serial_executor serial;
    build_distance_matrix(
        path, subject(several),
        [](int i, int j) {
          if (i == 300) ::raise(SIGKILL);
          return sample_distance(i, j);
        },
        serial, quiet);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  build(path, several);
  build(folder / "whole", several);
  CHECK(content_of(path) == content_of(folder / "whole"));
}

TEST_CASE("build_distance_matrix: a finished file is opened if it fits, and never replaced", "[metric]") {
  const temporary_folder folder;
  const std::string path = folder / "m";
  build(path, 20);
  serial_executor serial;
  const auto never = [](int, int) -> double { fail("computed again"); };
  CHECK(build_distance_matrix(path, subject(20), never, serial, quiet).size() == 20);
  CHECK_THROWS_WITH(build_distance_matrix(path, {"others", 77, 20}, never, serial, quiet),
                    Contains("found numbers of 20 items, wanted others of 20; remove it, then build it again, or choose another file"));
  CHECK_THROWS_WITH(build_distance_matrix(path, {"numbers", 77, 21}, never, serial, quiet),
                    Contains("found numbers of 20 items, wanted numbers of 21"));
  CHECK_THROWS_WITH(build_distance_matrix(path, {"numbers", 78, 20}, never, serial, quiet), Contains("it was made of 20 other items than these"));
}

TEST_CASE("build_distance_matrix: an unfinished file of something else is refused, and kept", "[metric]") {
  const temporary_folder folder;
  const std::string path = folder / "m";
  serial_executor serial;
  const auto stops = [](int, int) -> double { fail("stopped"); };
  CHECK_THROWS_WITH(build_distance_matrix(path, subject(20), stops, serial, quiet), "stopped");
  const std::string before = content_of(path + ".partial");
  CHECK_THROWS_WITH(build_distance_matrix(path, {"others", 77, 20}, sample_distance, serial, quiet),
                    Contains("holds an unfinished matrix of something else (numbers of 20 items), wanted others of these 20 items; remove it or"));
  CHECK(content_of(path + ".partial") == before);
}

TEST_CASE("build_distance_matrix: distances that are not finite name the pair; sizes and names that do not fit are errors", "[metric]") {
  const temporary_folder folder;
  serial_executor serial;
  const auto broken = [](int i, int j) { return i == 3 && j == 5 ? std::nan("") : 1.; };
  CHECK_THROWS_WITH(build_distance_matrix(folder / "m", subject(9), broken, serial, quiet),
                    Contains("the distance of items 3 and 5 is nan, wanted a finite number"));
  const auto huge = [](int, int) { return 1e300; };
  CHECK_THROWS_WITH(build_distance_matrix(folder / "h", subject(9), huge, serial, quiet), Contains("the distance of items 0 and 1 is 1e+300"));
  CHECK_THROWS_WITH(build_distance_matrix(folder / "e", subject(0), huge, serial, quiet), Contains("found 0 items, wanted 1 or more"));
  CHECK_THROWS_WITH(build_distance_matrix(folder / "w", {std::string(300, 'x'), 1, 2}, huge, serial, quiet),
                    Contains("found a subject of 300 bytes, wanted fewer than 192"));
}

TEST_CASE("distance_matrix: broken, truncated, unfinished and foreign files are errors that name the byte", "[metric]") {
  const temporary_folder folder;
  build(folder / "m", 30);
  const std::string good = content_of(folder / "m");
  open_bytes(good);
  CHECK_THROWS_WITH(distance_matrix(folder / "none"), Contains("cannot open"));
  CHECK_THROWS_WITH(open_bytes(""), Contains("distance_matrix: m: byte 0: found no distance matrix, wanted \"RRdistan\"; check the path"));
  CHECK_THROWS_WITH(open_bytes(changed(good, 0, "XX")), Contains("byte 0: found no distance matrix"));
  CHECK_THROWS_WITH(open_bytes(changed(good, 8, "\x02")), Contains("byte 8: found version 2, wanted 1; another relreason wrote it"));
  CHECK_THROWS_WITH(open_bytes(changed(good, 48, std::string(8, '\0'))), Contains("byte 48: found an unfinished matrix"));
  CHECK_THROWS_WITH(open_bytes(changed(good, 48, "abcdefgh")), Contains("byte 48: found a seal that does not fit"));
  CHECK_THROWS_WITH(open_bytes(changed(good, 64, "N")), Contains("byte 48: found a seal that does not fit"));
  CHECK_THROWS_WITH(open_bytes(changed(good, 16, std::string(8, '\xff'))), Contains("byte 16: found 18446744073709551615 items"));
  CHECK_THROWS_WITH(open_bytes(changed(good, 16, std::string(8, '\0'))), Contains("byte 16: found 0 items"));
  CHECK_THROWS_WITH(open_bytes(good.substr(0, good.size() - 1)), Contains("it is cut short or damaged"));
  CHECK_THROWS_WITH(open_bytes(good + "x"), Contains("it is cut short or damaged"));
  for (std::size_t cut = 0; cut < good.size(); cut += 37) CHECK_THROWS(open_bytes(good.substr(0, cut)));

  const std::string bad = changed(good, good.size() - 9, "?");
  const distance_matrix damaged(std::as_bytes(std::span(bad)), "m");
  serial_executor serial;
  CHECK_THROWS_WITH(damaged.verify(serial), "distance_matrix: m: rows 0 to 28 are damaged; remove it, then build it again");
  const distance_matrix m(folder / "m");
  std::vector<float> row(29);
  CHECK_THROWS_WITH(m.row(0, row), Contains("found room for 29 distances, wanted 30"));
  CHECK_THROWS_WITH(m(0, 30), Contains("found item 30, wanted 0 to 29"));
  CHECK_THROWS_WITH(m(-1, 0), Contains("found item -1, wanted 0 to 29"));
}
