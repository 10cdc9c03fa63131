// tests/race/planted.cpp -- a data race on purpose: if the thread sanitizer does not report it, its silence elsewhere means nothing.
#include <chrono>
#include <cstdio>
#include <thread>

#include "relreason/core/executor.hpp"

int main() {
  relreason::thread_pool pool(4);
  int sum = 0;
  pool.parallel_for(40, [&](int i) {
    sum += i;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // so that no thread does all the work alone
  });
  std::printf("%d\n", sum);
}
