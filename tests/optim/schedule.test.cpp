// tests/optim/schedule.test.cpp
#include "relreason/optim/schedule.hpp"

#include <vector>

#include "optim/reference.hpp"

using namespace relreason;

namespace {

constexpr double rounding = 1e-15;  // of rates below 1e-3, after a few operations (and products of up to 40 factors in PyTorch)

// Rates at epochs 0, 1, ... against a line of PyTorch's.
template <class Schedule>
void agrees_with_pytorch(const Schedule& s, const std::string& line, int last) {
  const auto theirs = optim_reference(line);
  REQUIRE(static_cast<int>(theirs.size()) > last);
  for (int epoch = 0; epoch <= last; ++epoch) {
    INFO(line << " epoch " << epoch);
    CHECK(std::abs(s.rate(epoch) - theirs[static_cast<std::size_t>(epoch)]) < rounding);
  }
}

}  // namespace

TEST_CASE("doubling: oracle 11, 5e-6 doubled every 20 epochs up to 5e-4", "[optim][schedule][oracle]") {
  const doubling s;
  CHECK(s.rate(1) == 5e-6);
  CHECK(s.rate(19) == 5e-6);
  CHECK(s.rate(20) == 1e-5);
  CHECK(s.rate(40) == 2e-5);
  CHECK(s.rate(120) == 3.2e-4);
  CHECK(s.rate(139) == 3.2e-4);
  CHECK(s.rate(140) == 5e-4);
  CHECK(s.rate(1000000) == 5e-4);
}

TEST_CASE("doubling-legacy: oracle 11, saturates at 6.4e-4 from epoch 139 on", "[optim][schedule][oracle]") {
  const doubling_legacy s;
  CHECK(s.rate(1) == 5e-6);
  CHECK(s.rate(18) == 5e-6);
  CHECK(s.rate(19) == 1e-5);
  CHECK(s.rate(138) == 3.2e-4);
  CHECK(s.rate(139) == 6.4e-4);
  CHECK(s.rate(1000000) == 6.4e-4);
}

TEST_CASE("doubling: the rates of the paper's text, 1e-6 to 1e-4 in seven doublings", "[optim][schedule]") {
  const auto s = doubling::paper_text();
  CHECK(s.rate(1) == 1e-6);
  CHECK(s.rate(20) == 2e-6);
  CHECK(s.rate(120) == 6.4e-5);
  CHECK(s.rate(140) == 1e-4);
}

TEST_CASE("constant: the same at every epoch", "[optim][schedule]") {
  CHECK(constant_rate{.base = 2.5e-4}.rate(1) == 2.5e-4);
  CHECK(constant_rate{.base = 2.5e-4}.rate(500) == 2.5e-4);
}

TEST_CASE("cosine: half way down at half the period, then the minimum for ever", "[optim][schedule]") {
  const cosine s{.base = 4e-4, .minimum = 2e-4, .period = 100};
  CHECK(s.rate(50) == Approx(3e-4).epsilon(1e-14));
  CHECK(s.rate(100) == 2e-4);
  CHECK(s.rate(170) == 2e-4);
  agrees_with_pytorch(cosine{.base = 5e-4, .minimum = 1e-5, .period = 40}, "cosine", 40);
}

TEST_CASE("cosine-restarts: back to the base at every 30th epoch", "[optim][schedule]") {
  const cosine_restarts s;
  CHECK(s.rate(15) == Approx(.5 * 7.5e-4 + .5 * 5e-6).epsilon(1e-14));
  CHECK(s.rate(29) < 1e-5);
  CHECK(s.rate(30) == 7.5e-4);
  CHECK(s.rate(60) == 7.5e-4);
  agrees_with_pytorch(s, "cosine_restarts", 70);
}

TEST_CASE("cosine-restarts: periods of 5, 10, 20 epochs, and a base that halves at each", "[optim][schedule]") {
  const cosine_restarts s{.base = 1e-3, .minimum = 1e-5, .period = 5, .growth = 2};
  CHECK(s.rate(5) == 1e-3);
  CHECK(s.rate(15) == 1e-3);
  CHECK(s.rate(25) == Approx(.5 * (1e-3 + 1e-5)).epsilon(1e-14));  // the middle of [15, 35)
  agrees_with_pytorch(s, "cosine_restarts_growing", 40);
  const cosine_restarts halved{.base = 8e-4, .minimum = 0, .period = 10, .decay = .5};
  CHECK(halved.rate(10) == 4e-4);
  CHECK(halved.rate(20) == 2e-4);
  CHECK(cosine_restarts{.growth = 2000000000}.rate(2147483647) > 0);  // no overflow at the ends of int
}

TEST_CASE("exponential and step: by hand and as PyTorch", "[optim][schedule]") {
  CHECK(exponential{.base = 8e-4, .factor = .5}.rate(3) == 1e-4);
  const step_rate s{.base = 8e-4, .factor = .5, .every = 10};
  CHECK(s.rate(9) == 8e-4);
  CHECK(s.rate(10) == 4e-4);
  CHECK(s.rate(35) == 1e-4);
  agrees_with_pytorch(exponential{.base = 5e-4, .factor = .95}, "exponential", 20);
  agrees_with_pytorch(step_rate{.base = 5e-4, .factor = .5, .every = 7}, "step", 30);
}

TEST_CASE("step-restarts: doubling that starts over at epoch 1000", "[optim][schedule]") {
  const step_restarts s;
  CHECK(s.rate(1) == 5e-6);
  CHECK(s.rate(120) == 3.2e-4);
  CHECK(s.rate(999) == 5e-4);
  CHECK(s.rate(1000) == 5e-6);
  CHECK(s.rate(1020) == 1e-5);
}

TEST_CASE("plateau: halves after more than `patience` losses without progress", "[optim][schedule]") {
  plateau s{.base = 1e-3, .patience = 1};
  for (const double loss : {1., 1., .5, .5}) s.observe(loss);  // progress at the third resets the count
  CHECK(s.rate(1) == 1e-3);
  s.observe(.5);
  CHECK(s.rate(1) == 5e-4);
  for (int i = 0; i < 100; ++i) s.observe(.5);
  CHECK(s.rate(1) == 1e-6);  // the minimum
}

TEST_CASE("plateau: a loss must fall by more than 0.01 % of the best to count as progress", "[optim][schedule]") {
  plateau s{.base = 1e-3, .patience = 0};
  s.observe(1);
  s.observe(.9998);
  CHECK(s.rate(1) == 1e-3);
  s.observe(.99975);  // 0.005 % lower
  CHECK(s.rate(1) == 5e-4);
}

TEST_CASE("plateau: the rates of PyTorch over 51 losses, one of them nan", "[optim][schedule]") {
  const auto losses = optim_reference("losses"), rates = optim_reference("plateau");
  REQUIRE(losses.size() == rates.size());
  plateau s{.patience = 2};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    s.observe(losses[i]);
    INFO("loss " << i);
    CHECK(std::abs(s.rate(1) - rates[i]) < rounding);
  }
}

TEST_CASE("plateau: restored in the middle it goes on with the same bits", "[optim][schedule]") {
  const auto losses = optim_reference("losses");
  plateau whole{.patience = 2}, first{.patience = 2};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    whole.observe(losses[i]);
    first.observe(losses[i]);
    plateau second{.patience = 2};
    second.restore(first.state());
    first = second;
    CHECK(first.rate(1) == whole.rate(1));
  }
  CHECK_THROWS_WITH(first.restore({1, 7, 1}), "plateau::restore: state (1, 7, 1); wanted (best loss, count of 0 to 2, share of the base rate)");
}

TEST_CASE("schedules: settings out of range are errors that name them", "[optim][schedule]") {
  CHECK_THROWS_WITH(doubling{.base = 0}.check(), "doubling: base is 0; wanted a positive number");
  CHECK_THROWS_WITH(doubling{.every = 0}.check(), "doubling: every is 0 epochs; wanted at least 1");
  CHECK_THROWS_WITH((cosine{.base = 1e-3, .minimum = 1}.check()), "cosine: minimum is 1; wanted 0 to 0.001, the base rate");
  CHECK_THROWS_WITH(cosine_restarts{.growth = 0}.check(), "cosine-restarts: growth is 0; wanted a whole number from 1 on");
  CHECK_THROWS_WITH(step_restarts{.period = -1}.check(), "step-restarts: period is -1 epochs; wanted at least 1");
  CHECK_THROWS_WITH(plateau{.factor = 1}.check(), "plateau: factor is 1; wanted 0 < factor < 1");
  CHECK_THROWS_WITH(exponential{.factor = std::nan("")}.check(), "exponential: factor is nan; wanted a positive number");
}
