// tests/optim/clip.test.cpp
#include "relreason/optim/clip.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason;

TEST_CASE("clip: the norm of (3, 4, 12) is 13", "[optim][clip]") {
  serial_executor serial;
  const float g[]{3, 4, 12};
  CHECK(global_norm(serial, g, 3) == 13);
  CHECK(global_norm(serial, g, 0) == 0);
}

TEST_CASE("clip: every element counts once, for any length", "[optim][clip]") {
  serial_executor serial;
  for (const std::size_t n : {1u, 15u, 16u, 17u, 1023u, 1024u, 1025u, 65536u, 100003u}) {
    const std::vector<float> ones(n, 1);
    CHECK(global_norm(serial, ones.data(), n) == std::sqrt(static_cast<double>(n)));
  }
}

TEST_CASE("clip: the norm has the same bits for 1, 2, 3 and 8 threads", "[optim][clip]") {
  std::vector<float> g(70001);
  for (std::size_t i = 0; i < g.size(); ++i) g[i] = philox::normal(3, 0, i) * std::ldexp(1.f, static_cast<int>(i % 40) - 20);
  serial_executor serial;
  const double norm = global_norm(serial, g.data(), g.size());
  for (const int threads : {1, 2, 3, 8}) {
    thread_pool pool(threads);
    CHECK(global_norm(pool, g.data(), g.size()) == norm);
  }
}

TEST_CASE("clip: squares beyond the range of float do not overflow", "[optim][clip]") {
  serial_executor serial;
  const std::vector<float> g(4, 1e30f);
  CHECK(global_norm(serial, g.data(), g.size()) == Approx(2e30).epsilon(1e-6));  // 1e30 rounded to float
}

TEST_CASE("clip: the factor is min(1, largest / (norm + 1e-6))", "[optim][clip]") {
  CHECK(clip_factor(100, 50) == 50 / (100 + 1e-6));
  CHECK(clip_factor(49, 50) == 1);
  CHECK(clip_factor(0, 50) == 1);
  CHECK(clip_factor(50, 50) == 50 / (50 + 1e-6));  // as PyTorch: a norm at the limit is shrunk by a part in 5e7
}

TEST_CASE("clip: a norm that is not finite and a limit that is not positive are errors", "[optim][clip]") {
  const std::string advice = "; look for a loss or an input that is not finite";
  CHECK_THROWS_WITH(clip_factor(std::nan(""), 50), "clip_factor: the norm of the gradient is nan" + advice);
  CHECK_THROWS_WITH(clip_factor(std::numeric_limits<double>::infinity(), 50), "clip_factor: the norm of the gradient is inf" + advice);
  CHECK_THROWS_WITH(clip_factor(1, 0), "clip_factor: the largest norm is 0; wanted a positive number, or no clipping at all");
  serial_executor serial;
  const float g[]{1, std::numeric_limits<float>::quiet_NaN()};
  CHECK(std::isnan(global_norm(serial, g, 2)));
}
