// tests/optim/sgd.test.cpp
#include "relreason/optim/sgd.hpp"

#include "optim/optimizer_checks.hpp"

using relreason::sgd;

TEST_CASE("sgd: two steps with momentum, by hand", "[optim][sgd]") {
  // b1 = 2, w1 = 10 - .5 * 2 = 9; b2 = .5 * 2 + 4 = 5, w2 = 9 - .5 * 5 = 6.5
  double w = 10, b = 0;
  double* const moments[]{&b};
  const double g[2]{2, 4};
  const sgd o{.momentum = .5};
  o.update(&w, g, moments, 1, .5, 1, 1);
  CHECK(w == 9);
  o.update(&w, g + 1, moments, 1, .5, 2, 1);
  CHECK(b == 5);
  CHECK(w == 6.5);
}

TEST_CASE("sgd: Nesterov's step looks ahead, and decay and scale enter the gradient, by hand", "[optim][sgd]") {
  // d = .5 * 2 + .25 * 8 = 3, b = 3, w = 8 - 1 * (3 + .5 * 3) = 3.5
  double w = 8, b = 0;
  double* const moments[]{&b};
  const double g = 2;
  sgd{.momentum = .5, .weight_decay = .25, .nesterov = true}.update(&w, &g, moments, 1, 1, 1, .5);
  CHECK(w == 3.5);
}

TEST_CASE("sgd: five steps as torch.optim.SGD", "[optim][sgd]") {
  agrees_with_pytorch(sgd{.weight_decay = 1e-3}, .01, "sgd");
  agrees_with_pytorch(sgd{.weight_decay = 1e-3, .nesterov = true}, .01, "sgd_nesterov");
}

TEST_CASE("sgd: splitting the parameters changes no bit", "[optim][sgd]") {
  ranges_change_no_bit<float>(sgd{});
  ranges_change_no_bit<double>(sgd{.nesterov = true});
}

TEST_CASE("sgd: float follows double", "[optim][sgd]") { float_follows_double(sgd{.weight_decay = 1e-3}); }

TEST_CASE("sgd: text and errors", "[optim][sgd]") {
  CHECK(sgd{}.text() == "sgd momentum 0.9 weight_decay 0 nesterov 0");
  CHECK_THROWS_WITH(sgd{.momentum = 1}.check(), "sgd: momentum is 1; wanted 0 <= momentum < 1");
  CHECK_THROWS_WITH((sgd{.momentum = 0, .nesterov = true}.check()), "sgd: momentum is 0; wanted momentum > 0 with nesterov");
  CHECK_THROWS_WITH(sgd{}.update<float>(nullptr, nullptr, nullptr, 0, .1, 0, 1), "sgd::update: step is 0; steps count from 1");
}
