// relreason/core/error.hpp -- the one way this library reports a run-time error.
// A message says what was being done, to what, what was found, what was wanted and what to do next.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>

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
}  // namespace exceptions
#else
inline namespace no_exceptions {
[[noreturn]] inline void raise(const std::string& message) {
  on_error()(message.c_str());
  std::abort();
}
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
