// tests/optim/early_stopping.test.cpp
#include "relreason/optim/early_stopping.hpp"

#include <cmath>

#include "catch.hpp"

using relreason::early_stopping;

TEST_CASE("early_stopping: validates every fifth epoch", "[optim]") {
  const early_stopping s;
  CHECK_FALSE(s.validates(4));
  CHECK(s.validates(5));
  CHECK_FALSE(s.validates(6));
}

TEST_CASE("early_stopping: stops 50 epochs after the lowest loss", "[optim]") {
  early_stopping s;
  CHECK_FALSE(s.observe(5, 1.));
  CHECK_FALSE(s.observe(10, .5));
  for (int epoch = 15; epoch < 60; epoch += 5) CHECK_FALSE(s.observe(epoch, .5));  // equal is no progress
  CHECK(s.observe(60, .5));
  CHECK_FALSE(s.observe(65, .4));  // a host that goes on regardless gets fresh patience
}

TEST_CASE("early_stopping: stops at once at a loss that is not a number", "[optim]") {
  early_stopping s;
  CHECK(s.observe(5, std::nan("")));
}

TEST_CASE("early_stopping: restored in the middle it stops at the same epoch", "[optim]") {
  early_stopping a{.every = 1, .patience = 3};
  CHECK_FALSE(a.observe(1, 1.));
  CHECK_FALSE(a.observe(2, 2.));
  early_stopping b{.every = 1, .patience = 3};
  b.restore(a.state());
  CHECK_FALSE(b.observe(3, 2.));
  CHECK(b.observe(4, 2.));
  CHECK_THROWS_WITH(b.restore({std::nan(""), 1}), "early_stopping::restore: state (nan, 1); wanted (lowest loss, its epoch)");
}

TEST_CASE("early_stopping: settings out of range are errors", "[optim]") {
  CHECK_THROWS_WITH(early_stopping{.every = 0}.check(), "early_stopping: every is 0 epochs; wanted at least 1");
  CHECK_THROWS_WITH(early_stopping{.patience = 4}.check(),
                    "early_stopping: patience is 4 epochs; wanted at least 5, the time between two validations");
}
