// tests/support/lines.cpp -- prints one line per test case, "[passed] 0.12 s  title", for scripts/test.sh to count.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
using listener_base = Catch::EventListenerBase;
#else
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>
using listener_base = Catch::TestEventListenerBase;
#endif

#include <chrono>
#include <cstdio>
#include <string>

namespace {

struct lines : listener_base {
  using listener_base::listener_base;
  using clock = std::chrono::steady_clock;

  void testCaseStarting(const Catch::TestCaseInfo& info) override {
    listener_base::testCaseStarting(info);
    title_ = info.name;
    start_ = clock::now();
  }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    const double seconds = std::chrono::duration<double>(clock::now() - start_).count();
    std::printf("[%s] %.2f s  %s\n", stats.totals.assertions.allOk() ? "passed" : "failed", seconds, title_.c_str());
    std::fflush(stdout);
    listener_base::testCaseEnded(stats);
  }

 private:
  std::string title_;
  clock::time_point start_;
};

}  // namespace

CATCH_REGISTER_LISTENER(lines)
