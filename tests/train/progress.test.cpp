// tests/train/progress.test.cpp -- plain lines in a file, one rewritten line on a terminal.
#include "relreason/train/progress.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "catch.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

const progress_values values{.loss = 1.25, .accuracy = .456, .rate = 2.5e-5};

// A terminal of our own: what is written to `to` can be read back.
struct terminal {
  explicit terminal(unsigned short columns) : master(::posix_openpt(O_RDWR | O_NOCTTY)) {
    REQUIRE(master >= 0);
    REQUIRE(::grantpt(master) == 0);
    REQUIRE(::unlockpt(master) == 0);
    const int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
    REQUIRE(slave >= 0);
    winsize size{};
    size.ws_col = columns;
    REQUIRE(::ioctl(slave, TIOCSWINSZ, &size) == 0);
    termios raw{};
    ::tcgetattr(slave, &raw);
    ::cfmakeraw(&raw);
    ::tcsetattr(slave, TCSANOW, &raw);
    to = ::fdopen(slave, "w");
  }
  ~terminal() { ::close(master); }
  std::string text() {
    std::fclose(to);
    std::string all;
    char part[4096];
    for (ssize_t n; (n = ::read(master, part, sizeof part)) > 0;) all.append(part, static_cast<std::size_t>(n));
    return all;
  }
  int master;
  std::FILE* to = nullptr;
};

}  // namespace

TEST_CASE("progress: a line tells part, counts, loss, accuracy, rate, speed and time left", "[train][progress]") {
  const progress bar("train 3/20", 1094, stderr);
  CHECK(bar.text(300, values, 100) ==
        "train 3/20   27 %  300/1094  loss 1.2500  accuracy 45.6 %  rate 2.5e-05  3/s  4:25 left");  // 794 / 3 = 264.7 s
  CHECK(bar.text(1, {}, 3) == "train 3/20    0 %  1/1094  0.333/s  54:39 left");                     // 3279 s
  CHECK(bar.text(1, {}, 10) == "train 3/20    0 %  1/1094  0.1/s  3:02:10 left");                    // 10930 s
}

// 84 columns are text; the bar has at most 30 cells, of which 300 / 1094 fill 8.
TEST_CASE("progress: in narrow places the least needed goes first, and no line is longer than the place", "[train][progress]") {
  const progress bar("train 3/20", 1094, stderr);
  for (int columns = 1; columns < 140; ++columns) REQUIRE(bar.text(300, values, 100, columns).size() <= static_cast<std::size_t>(columns));
  CHECK(bar.text(300, values, 100, 60) == "train 3/20   27 %  300/1094  loss 1.2500  4:25 left");
  CHECK(bar.text(300, values, 100, 30) == "train 3/20   27 %  loss 1.2500");
  CHECK(bar.text(300, values, 100, 120) ==
        "train 3/20 [########----------------------]   27 %  300/1094  loss 1.2500  accuracy 45.6 %  rate 2.5e-05  3/s  4:25 left");
}

TEST_CASE("progress: nothing to do is all done, and strange numbers do not break the line", "[train][progress]") {
  CHECK(progress("x", 0, stderr).text(0, {}, 0) == "x  100 %  0/0");
  CHECK(progress("x", -5, stderr).text(0, {}, 0) == "x  100 %  0/0");
  CHECK(progress("x", 10, stderr).text(20, {}, 1) == "x  100 %  20/10  20/s  0:00 left");
  CHECK(progress("x", 9'000'000'000'000'000, stderr).text(1, {}, 1e9).find("1000000:00:00 left") != std::string::npos);
}

TEST_CASE("progress: a file gets plain whole lines, few of them, and one at the end", "[train][progress]") {
  temporary_folder folder;
  std::FILE* to = std::fopen((folder / "out").c_str(), "w");
  {
    progress bar("train", 1000, to, 3600);
    for (int i = 1; i <= 1000; ++i) bar.update(i, {.loss = 2});
  }
  std::fclose(to);
  const auto text = content_of(folder / "out");
  CHECK(text.starts_with("train  100 %  1000/1000  loss 2.0000"));
  CHECK(text.find('\n') == text.size() - 1);
  CHECK(text.find_first_of("\r\x1b") == text.npos);
}

TEST_CASE("progress: with no time between lines a file gets one per call", "[train][progress]") {
  temporary_folder folder;
  std::FILE* to = std::fopen((folder / "out").c_str(), "w");
  {
    progress bar("train", 5, to, 0);
    for (int i = 1; i <= 5; ++i) bar.update(i);
  }
  std::fclose(to);
  const auto text = content_of(folder / "out");
  CHECK(std::count(text.begin(), text.end(), '\n') == 5);
}

TEST_CASE("progress: a terminal's line is rewritten, never wraps, and is closed with a new line", "[train][progress]") {
  terminal own(50);
  {
    progress bar("train 1/2", 100, own.to);
    for (int i = 1; i <= 100; ++i) bar.update(i, values);
  }
  const auto text = own.text();
  CHECK(text.starts_with("\rtrain 1/2"));
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.back() == '\n');
  CHECK(text.find("100 %") != text.npos);
  std::size_t longest = 0;
  for (std::size_t at = 0; (at = text.find('\r', at)) != text.npos; ++at)
    longest = std::max(longest, std::min(text.find("\x1b[K", at), text.size()) - at - 1);
  CHECK(longest <= 49);
}
