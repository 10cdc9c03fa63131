// tests/core/executor.test.cpp
#include "relreason/core/executor.hpp"

#include <atomic>
#include <vector>

#include "catch.hpp"
#include "relreason/core/error.hpp"
#include "support/message_of.hpp"

using namespace relreason;

TEST_CASE("thread_pool: every index runs once, for any number of indices and threads", "[core][executor][threads]") {
  for (const int threads : {1, 2, 3, 8}) {
    thread_pool pool(threads);
    CHECK(pool.threads() == threads);
    for (const int n : {0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n));
      for (int repeat = 0; repeat < 20; ++repeat) pool.parallel_for(n, [&](int i) { seen[static_cast<std::size_t>(i)].fetch_add(1); });
      int wrong = 0;
      for (const auto& s : seen) wrong += s != 20;
      CHECK(wrong == 0);
    }
  }
  CHECK(thread_pool(0).threads() == 1);
  CHECK(thread_pool(-3).threads() == 1);
}

TEST_CASE("thread_pool: a nested call, and a second caller, run their indices themselves", "[core][executor][threads]") {
  thread_pool pool(3);
  std::atomic<int> sum{0};
  pool.parallel_for(5, [&](int i) { pool.parallel_for(4, [&, i](int j) { sum.fetch_add(10 * i + j); }); });
  CHECK(sum == 5 * 6 + 10 * 10 * 4);
  std::atomic<int> count{0};
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([&] {
      for (int k = 0; k < 50; ++k) pool.parallel_for(10, [&](int) { count.fetch_add(1); });
    });
  for (auto& c : callers) c.join();
  CHECK(count == 4 * 50 * 10);
}

TEST_CASE("failure: the first failure of a parallel body reaches the caller, and the pool works on", "[core][executor][threads]") {
  thread_pool pool(3);
  failure kept;
  std::atomic<int> done{0};
  const auto run = [&](int bad) {
    pool.parallel_for(20, [&](int i) {
      kept.guard([&] {
        if (i == bad) fail("index ", i, " failed");
        done.fetch_add(1);
      });
    });
    kept.rethrow();
  };
  CHECK(message_of([&] { run(7); }) == "index 7 failed");
  CHECK(done == 19);
  CHECK(message_of([&] { run(-1); }) == "");  // and is forgotten
  CHECK(done == 39);
  CHECK(message_of([&] { run(3); }) == "index 3 failed");
}

TEST_CASE("executor: the pool calls any callable, also a const one", "[core][executor]") {
  serial_executor serial;
  int sum = 0;
  const auto add = [&sum](int i) { sum += i; };
  serial.parallel_for(4, add);
  CHECK(sum == 6);
  CHECK(serial.threads() == 1);
}
