// relreason/train/progress.hpp -- one line that tells how far a loop is: rewritten on a terminal, a plain line now and then elsewhere.
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace relreason {

struct progress_values {
  std::optional<double> loss = {}, accuracy = {}, rate = {};
};

// progress bar("train 3/20", batches);  bar.update(done, {.loss = .7, .accuracy = .61, .rate = 2e-4});
class progress {
 public:
  // Lines elsewhere than on a terminal come every `seconds`, and one at the end.
  progress(std::string title, long long total, std::FILE* to = stderr, double seconds = 10)
      : title_(std::move(title)),
        total_(std::max(total, 0LL)),
        to_(to),
        terminal_(::isatty(::fileno(to)) != 0),
        every_(terminal_ ? .1 : seconds),
        start_(clock::now()),
        shown_(start_) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  // The last line stays on the terminal.
  ~progress() {
    if (terminal_ && width_ > 0) std::fputc('\n', to_);
  }

  // Speed and time left count from the first call's `done` where that is more than one, as after a resume.
  void update(long long done, const progress_values& v = {}) {
    const auto now = clock::now();
    if (!begun_) {
      begun_ = true;
      if (done > 1) first_ = done, start_ = now;
    }
    const bool at_end = done >= total_ && !ended_;
    if (!at_end && drawn_ && std::chrono::duration<double>(now - shown_).count() < every_) return;
    if (!at_end && !terminal_ && std::chrono::duration<double>(now - shown_).count() < every_) return;
    drawn_ = true;
    ended_ = done >= total_;
    shown_ = now;
    show(text(done, v, std::chrono::duration<double>(now - start_).count(), columns()));
  }

  // "train 3/20 [#####---------------]  27 %  300/1094  loss 1.234  accuracy 45.6 %  rate 2.5e-05  8.1/s  1:38 left"
  // What does not fit `columns` is left out, the least needed first: the bar, speed, rate, accuracy, the counts. 0: no limit, no bar.
  std::string text(long long done, const progress_values& v, double seconds, int columns = 0) const {
    const double share = total_ > 0 ? std::clamp(static_cast<double>(done) / static_cast<double>(total_), 0., 1.) : 1;
    std::vector<part> parts;
    parts.push_back({0, title_});
    parts.push_back({1, print("  %3d %%", static_cast<int>(100 * share))});
    parts.push_back({4, print("  %lld/%lld", done, total_)});
    if (v.loss) parts.push_back({2, print("  loss %.4f", *v.loss)});
    if (v.accuracy) parts.push_back({5, print("  accuracy %.1f %%", 100 * *v.accuracy)});
    if (v.rate) parts.push_back({6, print("  rate %.3g", *v.rate)});
    const auto ran = static_cast<double>(done - first_);
    if (ran > 0 && seconds > 0) {
      parts.push_back({7, print("  %.3g/s", ran / seconds)});
      parts.push_back({3, "  " + duration(seconds / ran * static_cast<double>(std::max(total_ - done, 0LL))) + " left"});
    }
    if (columns > 0) fit(parts, columns, share);
    std::string line;
    for (const auto& p : parts) line += p.text;
    return columns > 0 ? line.substr(0, static_cast<std::size_t>(columns)) : line;
  }

 private:
  using clock = std::chrono::steady_clock;
  struct part {
    int rank;  // 0 stays longest
    std::string text;
  };

  template <class... Values>
  static std::string print(const char* format, Values... values) {
    char text[96];
    std::snprintf(text, sizeof text, format, values...);
    return text;
  }

  // 1:05, or 2:03:00 from an hour on
  static std::string duration(double seconds) {
    const auto s = static_cast<long long>(std::min(seconds, 3.6e9) + .5);
    if (s < 3600) return print("%lld:%02lld", s / 60, s % 60);
    return print("%lld:%02lld:%02lld", s / 3600, s / 60 % 60, s % 60);
  }

  static void fit(std::vector<part>& parts, int columns, double share) {
    const auto length = [&] {
      int n = 0;
      for (const auto& p : parts) n += static_cast<int>(p.text.size());
      return n;
    };
    while (parts.size() > 1 && length() > columns)
      parts.erase(std::max_element(parts.begin(), parts.end(), [](const part& a, const part& b) { return a.rank < b.rank; }));
    const int cells = std::min(columns - length() - 3, 30);  // " [" and "]"
    if (cells < 8) return;
    const int full = static_cast<int>(share * cells);
    parts.front().text += " [" + std::string(static_cast<std::size_t>(full), '#') + std::string(static_cast<std::size_t>(cells - full), '-') + "]";
  }

  // One column less than the terminal has, so that the cursor never wraps. 0 where this is no terminal.
  int columns() const {
    if (!terminal_) return 0;
    winsize size{};
    const bool known = ::ioctl(::fileno(to_), TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return std::max(20, known ? size.ws_col - 1 : 79);
  }

  void show(const std::string& line) {
    if (!terminal_) {
      std::fprintf(to_, "%s\n", line.c_str());
    } else {
      constexpr const char* clear_to_end = "\x1b[K";
      std::fprintf(to_, "\r%s%s", line.c_str(), clear_to_end);
      width_ = line.size();
    }
    std::fflush(to_);
  }

  std::string title_;
  long long total_, first_ = 0;
  std::FILE* to_;
  bool terminal_, begun_ = false, drawn_ = false, ended_ = false;
  double every_;
  clock::time_point start_, shown_;
  std::size_t width_ = 0;
};

}  // namespace relreason
