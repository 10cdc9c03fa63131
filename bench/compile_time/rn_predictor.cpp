// bench/compile_time/rn_predictor.cpp -- what a product that only predicts compiles: one Relation Network, weights from a file, one workspace.
#include <cstdio>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/weights.hpp"

using namespace relreason;
using rn = models::rn_state<>;

int main(int argc, char** argv) {
  if (argc != 2) fail("rn_predictor: wanted a file of weights");
  parameters<rn> weights;
  load_weights(safetensors::open(argv[1]), weights);
  limits<rn> at;
  at.samples = 1;
  at.set<models::object>(10).set<models::word>(30);
  const predictor<rn, float, "a"> predict(weights, at, select_kernels<float>());
  predictor<rn, float, "a">::workspace own(predict);
  batch<rn> b;
  float logits[models::answers] = {};
  predict.run(own, b, {logits});
  std::printf("%f\n", static_cast<double>(logits[0]));
}
