// tests/embedding/mixed_component.cpp -- compiled without exceptions and RTTI.
#include "mixed.hpp"

std::vector<float> component_predicts(const product::net_predictor& predict, const relreason::batch<product::net>& b) {
  product::net_predictor::workspace own(predict);
  std::vector<float> a(static_cast<std::size_t>(b.samples) * product::answers);
  predict.run(own, b, {a.data()});
  return a;
}

void component_fails_in_parallel(relreason::executor& threads) {
  relreason::failure kept;
  threads.parallel_for(8, [&](int i) {
    kept.guard([&] {
      if (i == 3) relreason::fail("index ", i, " failed");
    });
  });
  kept.rethrow();
}
