// tests/train/prefetch.test.cpp
#include "relreason/train/prefetch.hpp"

#include <atomic>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"

using namespace relreason;

namespace {
using numbers = std::vector<std::size_t>;
void fill(numbers& to, std::size_t k) { to.assign(k + 1, k); }
}  // namespace

TEST_CASE("prefetcher: batches come in the order asked, and one that was taken stays whole while the next is filled", "[train][threads]") {
  prefetcher<numbers> next(fill);
  next.start(0);
  for (std::size_t k = 0; k < 200; ++k) {
    const numbers& b = next.take();
    next.start(k + 1);
    REQUIRE(b == numbers(k + 1, k));
  }
}

TEST_CASE("prefetcher: an error while filling reaches the one who takes, and the next batch is none the worse", "[train][threads]") {
  prefetcher<numbers> next([](numbers& to, std::size_t k) {
    if (k == 1) fail("no batch ", k);
    fill(to, k);
  });
  next.start(1);
  CHECK(message_of([&] { next.take(); }) == "no batch 1");
  next.start(2);
  CHECK(next.take() == numbers(3, 2));
}

TEST_CASE("prefetcher: no thread is started before the first batch is asked for, and none is left waiting", "[train][threads]") {
  std::atomic<int> calls{0};
  {
    prefetcher<numbers> unused([&](numbers&, std::size_t) { ++calls; });
  }
  CHECK(calls == 0);
  {
    prefetcher<numbers> not_taken([&](numbers&, std::size_t) { ++calls; });
    not_taken.start(0);
  }
  CHECK(calls <= 1);
}

TEST_CASE("prefetcher: taking what was not started, and starting twice, are errors and no wait for ever", "[train][threads]") {
  prefetcher<numbers> next(fill);
  CHECK(contains(message_of([&] { next.take(); }), "take() without a batch that was started; call start(k) first"));
  next.start(4);
  CHECK(contains(message_of([&] { next.start(5); }), "start(5) before the batch started last was taken; call take() first"));
  CHECK(next.take() == numbers(5, 4));
}
