// relreason/train/stop_signal.hpp -- Ctrl-C asks a training run to finish its step, save and leave; a second one ends it at once.
#pragma once

#include <csignal>

namespace relreason {

class stop_signal {
 public:
  stop_signal() : before_int_(std::signal(SIGINT, note)), before_term_(std::signal(SIGTERM, note)) { flag() = 0; }
  stop_signal(const stop_signal&) = delete;
  stop_signal& operator=(const stop_signal&) = delete;
  ~stop_signal() {
    std::signal(SIGINT, before_int_);
    std::signal(SIGTERM, before_term_);
  }
  bool asked() const { return flag() != 0; }

 private:
  static volatile std::sig_atomic_t& flag() {
    static volatile std::sig_atomic_t value = 0;
    return value;
  }
  static void note(int number) {
    flag() = 1;
    std::signal(number, SIG_DFL);
  }
  void (*before_int_)(int);
  void (*before_term_)(int);
};

}  // namespace relreason
