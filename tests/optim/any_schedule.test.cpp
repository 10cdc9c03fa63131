// tests/optim/any_schedule.test.cpp
#include "relreason/optim/any_schedule.hpp"

#include "catch.hpp"

using namespace relreason;

TEST_CASE("make_schedule: every listed name makes a schedule with a positive rate and a text", "[optim][schedule]") {
  for (const auto name : schedule_names) {
    const auto s = make_schedule(name);
    INFO(name);
    CHECK(s.rate(1) > 0);
    CHECK(s.rate(1) <= 7.5e-4);
    if (name != "paper-text") CHECK(s.text().rfind(std::string(name) + " ", 0) == 0);
  }
  CHECK(make_schedule("paper-text").rate(140) == 1e-4);
  CHECK(make_schedule("doubling-legacy").rate(200) == 6.4e-4);
  CHECK(make_schedule("paper-text").text() == "doubling base 1e-06 cap 1e-04 every 20");
}

TEST_CASE("make_schedule: options replace defaults", "[optim][schedule]") {
  const auto s = make_schedule("doubling", {.base = 1e-5, .cap = 3e-5, .every = 2});
  CHECK(s.rate(1) == 1e-5);
  CHECK(s.rate(2) == 2e-5);
  CHECK(s.rate(4) == 3e-5);
  CHECK(make_schedule("cosine-restarts", {.decay = .5, .period = 10, .growth = 2}).text() ==
        "cosine-restarts base 0.00075 minimum 5e-06 period 10 growth 2 decay 0.5");
}

TEST_CASE("make_schedule: an unknown name lists the names, an option the schedule lacks is named", "[optim][schedule]") {
  CHECK_THROWS_WITH(make_schedule("cosin"),
                    "make_schedule: no schedule is called \"cosin\"; choose one of constant, doubling, doubling-legacy, paper-text, cosine, "
                    "cosine-restarts, exponential, step, step-restarts, plateau");
  CHECK_THROWS_WITH(make_schedule("constant", {.every = 3}),
                    "make_schedule: schedule constant has no setting every; leave it out, or choose another schedule");
  CHECK_THROWS_WITH(make_schedule("doubling", {.base = -1}), "doubling: base is -1; wanted a positive number");
}

TEST_CASE("any_schedule: only a plateau keeps state, and it survives a restore", "[optim][schedule]") {
  CHECK(make_schedule("doubling").state().empty());
  const schedule_options options{.patience = 0};
  auto before = make_schedule("plateau", options);
  for (int i = 0; i < 3; ++i) before.observe(1);  // one best, two without progress
  CHECK(before.rate(1) == 1.25e-4);
  auto after = make_schedule("plateau", options);
  after.restore(before.state());
  CHECK(after.rate(1) == 1.25e-4);
  CHECK(after.state() == before.state());
  const std::string question = "; was the checkpoint made with another schedule?";
  CHECK_THROWS_WITH(after.restore({}), "any_schedule::restore: 0 numbers for " + after.text() + "; wanted 3" + question);
  auto stateless = make_schedule("step");
  CHECK_THROWS_WITH(stateless.restore({1, 2, 3}), "any_schedule::restore: 3 numbers for step base 5e-04 factor 0.5 every 20; wanted 0" + question);
}
