// tests/optim/adamw.test.cpp
#include "relreason/optim/adamw.hpp"

#include "optim/optimizer_checks.hpp"

using relreason::adamw;

TEST_CASE("adamw: decay shrinks the parameter by rate times decay and stays out of the moments", "[optim][adamw]") {
  // w = 2 (1 - .1 * .5) - .1 * 1 = 1.8, m = .1 * 3
  double w = 2, m = 0, v = 0;
  const double g = 3;
  double* const moments[]{&m, &v};
  adamw{.weight_decay = .5}.update(&w, &g, moments, 1, .1, 1, 1);
  CHECK(w == Approx(1.8).epsilon(1e-8));  // epsilon 1e-8 beside a gradient of 3
  CHECK(m == Approx(.3).epsilon(1e-14));
}

TEST_CASE("adamw: five steps as torch.optim.AdamW", "[optim][adamw]") { agrees_with_pytorch(adamw{.weight_decay = .1}, .01, "adamw"); }

TEST_CASE("adamw: splitting the parameters changes no bit", "[optim][adamw]") {
  ranges_change_no_bit<float>(adamw{});
  ranges_change_no_bit<double>(adamw{});
}

TEST_CASE("adamw: float follows double", "[optim][adamw]") { float_follows_double(adamw{}); }

TEST_CASE("adamw: text and errors carry its own name", "[optim][adamw]") {
  CHECK(adamw{}.text() == "adamw beta1 0.9 beta2 0.999 epsilon 1e-08 weight_decay 0.01");
  CHECK_THROWS_WITH(adamw{.weight_decay = -1}.check(), "adamw: weight_decay is -1; wanted weight_decay >= 0");
}
