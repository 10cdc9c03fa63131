// relreason/train/progress.hpp -- one line that tells how far a loop is: rewritten on a terminal, a plain line now and then elsewhere.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace relreason {

struct progress_values {
  std::optional<double> loss = {}, accuracy = {}, rate = {};
};

class progress {
 public:
  progress(std::string title, long long total, std::FILE* to = stderr)
      : title_(std::move(title)), total_(total), to_(to), terminal_(::isatty(::fileno(to)) != 0), start_(clock::now()), shown_(start_) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() {
    if (terminal_ && width_ > 0) std::fputc('\n', to_);
  }

  void update(long long done, const progress_values& v = {}) {
    const auto now = clock::now();
    const double since = std::chrono::duration<double>(now - shown_).count();
    if (done < total_ && since < (terminal_ ? 0.1 : 10.0)) return;
    shown_ = now;
    const std::string line = text(done, v, std::chrono::duration<double>(now - start_).count());
    if (!terminal_) {
      std::fprintf(to_, "%s\n", line.c_str());
    } else {
      std::fprintf(to_, "\r%s%*s", line.c_str(), width_ > line.size() ? static_cast<int>(width_ - line.size()) : 0, "");
      width_ = line.size();
    }
    std::fflush(to_);
  }

  // "train 3/20  120/1094  11 %  loss 1.234  accuracy 45.6 %  rate 2.5e-05  8.1/s  2:03 left"
  std::string text(long long done, const progress_values& v, double seconds) const {
    char part[64];
    std::string line = title_;
    const auto add = [&](const char* format, auto... values) {
      std::snprintf(part, sizeof part, format, values...);
      line += part;
    };
    add("  %lld/%lld  %d %%", done, total_, total_ ? static_cast<int>(100 * done / total_) : 100);
    if (v.loss) add("  loss %.4f", *v.loss);
    if (v.accuracy) add("  accuracy %.1f %%", 100 * *v.accuracy);
    if (v.rate) add("  rate %.3g", *v.rate);
    if (done > 0 && seconds > 0) {
      const double each = seconds / static_cast<double>(done);
      const auto left = static_cast<long long>(each * static_cast<double>(total_ - done) + 0.5);
      add("  %.3g/s  %lld:%02lld left", 1 / each, left / 60, left % 60);
    }
    return line;
  }

 private:
  using clock = std::chrono::steady_clock;
  std::string title_;
  long long total_;
  std::FILE* to_;
  bool terminal_;
  clock::time_point start_, shown_;
  std::size_t width_ = 0;
};

}  // namespace relreason
