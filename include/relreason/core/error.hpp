// relreason/core/error.hpp -- the one way this library reports a run-time error.
// A message says what was being done, to what, what was found, what was wanted and what to do next.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace relreason {

// Called with the message of every error, on the thread where it happened, instead of throwing or aborting. It must not return: it exits,
// jumps, or throws an exception of the host. The text lives until then; beyond 8 KB it is cut.
using error_handler = void (*)(const char* message);

namespace detail {

// What an error does is decided once for the whole program, at run time, and only here: so every inline function means the same in
// translation units compiled with and without exceptions. Those with exceptions bring throwing and catching along (see `exceptions`).
struct error_ways {
  std::atomic<error_handler> host{nullptr};
  std::atomic<void (*)(std::string&& message)> throwing{nullptr};
  std::atomic<std::exception_ptr (*)(void (*call)(void*), void* context)> catching{nullptr};
};
inline constinit error_ways error_way;

}  // namespace detail

// For the whole program; null restores the default: a unit with exceptions is linked in ? error is thrown : printed, then abort().
// Returns the handler before.
inline error_handler set_error_handler(error_handler handler) { return detail::error_way.host.exchange(handler); }

#if defined(__cpp_exceptions)
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline namespace exceptions {
inline void throw_error(std::string&& message) { throw error(std::move(message)); }
inline std::exception_ptr call_and_catch(void (*call)(void*), void* context) {
  try {
    call(context);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}
// Ready before every later static object of a unit with exceptions.
struct bring_along {
  bring_along() {
    detail::error_way.throwing = throw_error;
    detail::error_way.catching = call_and_catch;
  }
};
inline const bring_along brought_along;
}  // namespace exceptions
#endif

// Carries a failure out of a parallel body, which must not throw: the first one is kept and thrown again by rethrow().
class failure {
 public:
  template <class F>
  void guard(F&& f) noexcept {
    using body = std::remove_reference_t<F>;
    void* context = const_cast<std::remove_const_t<body>*>(&f);
    const auto call = [](void* c) { (*static_cast<body*>(c))(); };
    const auto catching = detail::error_way.catching.load();
    if (!catching) return call(context);
    std::exception_ptr caught = catching(call, context);
    if (caught && !taken_.test_and_set()) kept_ = std::move(caught);
  }
  void rethrow() {
    taken_.clear();
    if (kept_) std::rethrow_exception(std::exchange(kept_, nullptr));
  }

 private:
  std::atomic_flag taken_;
  std::exception_ptr kept_;
};

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

// Nothing on the way to the host's handler has a destructor, so that the handler may longjmp.
[[noreturn, gnu::cold, gnu::noinline]] inline void call_handler(error_handler handler, const message_part* parts, std::size_t n) {
  char text[8192];
  std::size_t used = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const std::string_view part = parts[i].text().substr(0, sizeof text - 1 - used);
    if (!part.empty()) std::memcpy(text + used, part.data(), part.size());
    used += part.size();
  }
  text[used] = '\0';
  if (handler) handler(text);
  std::fprintf(stderr, "relreason: %s\n", text);
  std::abort();
}
[[noreturn, gnu::cold, gnu::noinline]] inline void throw_joined(void (*throwing)(std::string&&), const message_part* parts, std::size_t n) {
  std::string message;
  for (std::size_t i = 0; i < n; ++i) message += parts[i].text();
  throwing(std::move(message));
  std::abort();
}
[[noreturn, gnu::cold, gnu::noinline]] inline void fail_with(const message_part* parts, std::size_t n) {
  const auto host = error_way.host.load();
  const auto throwing = error_way.throwing.load();
  if (host || !throwing) call_handler(host, parts, n);
  throw_joined(throwing, parts, n);
}

}  // namespace detail

// fail("clevr::open: no file ", path, "; expected ...") joins texts, characters and numbers, and reports them.
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const Parts&... parts) {
  const detail::message_part list[]{parts...};
  detail::fail_with(list, sizeof...(parts));
}

}  // namespace relreason
