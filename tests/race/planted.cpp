// tests/race/planted.cpp -- a data race on purpose: if the thread sanitizer does not report it, its silence elsewhere means nothing.
#include <cstdio>

#include "relreason/core/executor.hpp"

int main() {
  relreason::thread_pool pool(4);
  int sum = 0;
  pool.parallel_for(10000, [&](int i) { sum += i; });
  std::printf("%d\n", sum);
}
