// tests/optim/batch_size.test.cpp
#include "relreason/optim/batch_size.hpp"

#include "catch.hpp"

using relreason::batch_size_doubling;

TEST_CASE("batch_size_doubling: oracle 12, 32 to 640 in steps of 45 epochs", "[optim][schedule][oracle]") {
  const batch_size_doubling s;
  CHECK(s.batch(1) == 32);
  CHECK(s.batch(44) == 32);
  CHECK(s.batch(45) == 64);
  CHECK(s.batch(90) == 128);
  CHECK(s.batch(134) == 128);
  CHECK(s.batch(135) == 256);
  CHECK(s.batch(180) == 512);
  CHECK(s.batch(224) == 512);
  CHECK(s.batch(225) == 640);
  CHECK(s.batch(2147483647) == 640);
}

TEST_CASE("batch_size_doubling: a factor that is not whole rounds down", "[optim][schedule]") {
  CHECK(batch_size_doubling{.initial = 10, .factor = 1.5, .every = 1}.batch(2) == 22);  // 22.5
}

TEST_CASE("batch_size_doubling: text and errors", "[optim][schedule]") {
  CHECK(batch_size_doubling{}.text() == "batch-size-doubling initial 32 factor 2 every 45 largest 640");
  CHECK_NOTHROW(batch_size_doubling{}.check());
  CHECK_THROWS_WITH(batch_size_doubling{.initial = 700}.check(), "batch_size_doubling: initial 700, largest 640; wanted 1 <= initial <= largest");
  CHECK_THROWS_WITH(batch_size_doubling{.factor = .5}.check(), "batch_size_doubling: factor is 0.5; wanted a number from 1 on");
  CHECK_THROWS_WITH(batch_size_doubling{.every = 0}.check(), "batch_size_doubling: every is 0 epochs; wanted at least 1");
}
