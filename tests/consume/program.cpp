// tests/consume/program.cpp -- the program of every foreign project here: random numbers on a pool of threads, with what the core target carries.
#include <Eigen/Core>
#include <cstdio>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/version.hpp"

int main() {
  relreason::thread_pool pool(2);
  std::vector<float> values(1000);
  pool.parallel_for(1000, [&](int i) { values[static_cast<std::size_t>(i)] = relreason::philox::uniform(1, 2, static_cast<std::uint64_t>(i)); });
  const float mean = Eigen::Map<const Eigen::VectorXf>(values.data(), 1000).mean();
  // Four standard errors of the mean of 1,000 uniform numbers: 4 * sqrt(1/12/1000) = 0.037.
  if (!(mean > 0.463f && mean < 0.537f)) relreason::fail("consume: the mean of 1,000 uniform numbers is ", mean);
  std::printf("relreason %s\n", relreason::version);
}
