// tests/optim/adam.test.cpp
#include "relreason/optim/adam.hpp"

#include "optim/optimizer_checks.hpp"

using relreason::adam;

TEST_CASE("adam: the first step moves a parameter by the rate, against its gradient", "[optim][adam]") {
  // m = .1 g, v = .001 g^2; corrected m = g, v = g^2; step = rate g / (|g| + epsilon)
  double w[2]{1, 1}, m[2]{}, v[2]{};
  const double g[2]{4, -2};
  double* const moments[]{m, v};
  adam{.epsilon = 1e-8, .weight_decay = 0}.update(w, g, moments, 2, .25, 1, 1);
  CHECK(w[0] == Approx(1 - .25 * 4 / (4 + 1e-8)).epsilon(1e-14));
  CHECK(w[1] == Approx(1 + .25 * 2 / (2 + 1e-8)).epsilon(1e-14));
  CHECK(m[0] == Approx(.4).epsilon(1e-14));
  CHECK(v[1] == Approx(.004).epsilon(1e-13));
}

TEST_CASE("adam: weight decay enters the gradient and its scale does not touch it", "[optim][adam]") {
  // d = 3 * .5 + .1 * 2 = 1.7, so m = .17
  double w = 2, m = 0, v = 0;
  const double g = 3;
  double* const moments[]{&m, &v};
  adam{.weight_decay = .1}.update(&w, &g, moments, 1, .01, 1, .5);
  CHECK(m == Approx(.17).epsilon(1e-14));
  CHECK(w == Approx(2 - .01).epsilon(1e-8));
}

TEST_CASE("adam: five steps as torch.optim.Adam", "[optim][adam]") {
  agrees_with_pytorch(adam{}, .01, "adam");
  agrees_with_pytorch(adam{.beta1 = .5, .beta2 = .9, .epsilon = 1e-3, .weight_decay = .1}, .02, "adam_betas");
}

TEST_CASE("adam: five clipped steps as clip_grad_norm_ and torch.optim.Adam", "[optim][adam][clip]") {
  agrees_with_pytorch(adam{}, .01, "adam_clip", .5);
}

TEST_CASE("adam: splitting the parameters changes no bit", "[optim][adam]") {
  ranges_change_no_bit<float>(adam{});
  ranges_change_no_bit<double>(adam{});
}

TEST_CASE("adam: float follows double", "[optim][adam]") { float_follows_double(adam{}); }

TEST_CASE("adam: a gradient of zero without decay moves nothing", "[optim][adam]") {
  float w = 3, m = 0, v = 0;
  const float g = 0;
  float* const moments[]{&m, &v};
  adam{.weight_decay = 0}.update(&w, &g, moments, 1, .1, 1, 1);
  CHECK(w == 3);
}

TEST_CASE("adam: settings out of range and step 0 are errors that name them", "[optim][adam]") {
  CHECK_THROWS_WITH(adam{.beta1 = 1}.check(), "adam: beta1 is 1; wanted 0 <= beta1 < 1");
  CHECK_THROWS_WITH(adam{.beta2 = -.5}.check(), "adam: beta2 is -0.5; wanted 0 <= beta2 < 1");
  CHECK_THROWS_WITH(adam{.epsilon = 0}.check(), "adam: epsilon is 0; wanted epsilon > 0");
  CHECK_THROWS_WITH(adam{.weight_decay = std::nan("")}.check(), "adam: weight_decay is nan; wanted weight_decay >= 0");
  CHECK_NOTHROW(adam{}.check());
  CHECK_THROWS_WITH(adam{}.update<float>(nullptr, nullptr, nullptr, 0, .1, 0, 1), "adam::update: step is 0; steps count from 1");
}

TEST_CASE("adam: the text names every setting", "[optim][adam]") {
  CHECK(adam{}.text() == "adam beta1 0.9 beta2 0.999 epsilon 1e-08 weight_decay 1e-04");
}
