// tests/compile_fail/cuda_side_result_in_training.cpp -- a side result asked of a training step.
// expect: relreason::device: side results are for predictions
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"

using namespace relreason;

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
using net = model<input<"o", features<3>, object>, input<"label", label<3>, scene>, let<"r", sum_over<pair, mlp<relu<4>>>, of<"o", "o">>,
                  let<"a", linear<3>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>>;
device::trainer_on<device::serial_system, net, adam, "r.pairs">* made(executor& threads) {
  return new device::trainer_on<device::serial_system, net, adam, "r.pairs">({}, threads, {});
}
