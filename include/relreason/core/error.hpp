// relreason/core/error.hpp -- the one way this library reports a run-time error.
// A message says what was being done, to what, what was found, what was wanted and what to do next.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
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

namespace detail {

// One argument of fail(), already text or written out once here: a call compiles to a few stores, not to a stream.
class message_part {
 public:
  template <class P>
  message_part(const P& part) {
    if constexpr (std::is_convertible_v<const P&, std::string_view>) text_ = part;
    else if constexpr (std::is_same_v<P, char>) digits_[0] = part, text_ = {digits_, 1};
    else if constexpr (std::is_floating_point_v<P>) write(static_cast<double>(part));
    else if constexpr (std::is_signed_v<P>) write(static_cast<long long>(part));
    else write(static_cast<unsigned long long>(part));
  }
  message_part(const message_part&) = delete;
  std::string_view text() const { return text_; }

 private:
  [[gnu::cold, gnu::noinline]] void write(double v) { keep(std::snprintf(digits_, sizeof digits_, "%g", v)); }
  [[gnu::cold, gnu::noinline]] void write(long long v) { keep(std::snprintf(digits_, sizeof digits_, "%lld", v)); }
  [[gnu::cold, gnu::noinline]] void write(unsigned long long v) { keep(std::snprintf(digits_, sizeof digits_, "%llu", v)); }
  void keep(int n) { text_ = {digits_, static_cast<std::size_t>(n)}; }
  std::string_view text_;
  char digits_[24];
};

[[noreturn, gnu::cold, gnu::noinline]] inline void fail_with(const message_part* parts, std::size_t n) {
  std::string message;
  for (std::size_t i = 0; i < n; ++i) message += parts[i].text();
  raise(message);
}

}  // namespace detail

// fail("clevr::open: no file ", path, "; expected ...") joins texts, characters and numbers, and reports them.
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const Parts&... parts) {
  const detail::message_part list[]{parts...};
  detail::fail_with(list, sizeof...(parts));
}

}  // namespace relreason
