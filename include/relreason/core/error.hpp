// relreason/core/error.hpp -- the one way this library reports a run-time error.
// A message says what was being done, to what, what was found, what was wanted and what to do next.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace relreason {

// Called instead of throwing in programs built with -fno-exceptions; must not return. Prints and aborts unless the host sets its own.
using error_handler = void (*)(const char* message);
inline error_handler& on_error() {
  static error_handler handler = [](const char* message) {
    std::fprintf(stderr, "relreason: %s\n", message);
    std::abort();
  };
  return handler;
}

#if defined(__cpp_exceptions)
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline namespace exceptions {
[[noreturn]] inline void raise(const std::string& message) { throw error(message); }

// Carries a failure out of a parallel body, which must not throw: the first one is kept and thrown again by rethrow().
class failure {
 public:
  template <class F>
  void guard(F&& f) noexcept {
    try {
      f();
    } catch (...) {
      if (!taken_.test_and_set()) kept_ = std::current_exception();
    }
  }
  void rethrow() {
    taken_.clear();
    if (kept_) std::rethrow_exception(std::exchange(kept_, nullptr));
  }

 private:
  std::atomic_flag taken_;
  std::exception_ptr kept_;
};
}  // namespace exceptions
#else
inline namespace no_exceptions {
[[noreturn]] inline void raise(const std::string& message) {
  on_error()(message.c_str());
  std::abort();
}
struct failure {
  template <class F>
  void guard(F&& f) {
    f();
  }
  void rethrow() {}
};
}  // namespace no_exceptions
#endif

// fail("clevr::open: no file ", path, "; expected ...") joins its arguments and reports them.
template <class... Parts>
[[noreturn]] void fail(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  raise(text.str());
}

}  // namespace relreason
