// bench/rn.cpp -- training steps and predictions of the Relation Networks, timed: as a table, or as a server that compare.py drives beside PyTorch.
// The protocol of the server is told at the top of bench/peers/compare.py.
#include "rn_cases.hpp"
#include "rn_server.hpp"

using namespace bench;

namespace {

std::unique_ptr<timed_case> make_case(const std::string& base, const settings& s, executor& threads) {
  if (base == "core") return std::make_unique<core_case>(s, threads);
  if (base == "state") return std::make_unique<state_case>(s, threads);
  return std::make_unique<predict_case>(s, threads);
}

std::string check_of(const std::string& base, const settings& s, executor& threads) {
  if (base == "core") {
    core_case one(s, threads);
    one.step();
    return norms_of<rn_core>(one.program().loss(), one.program().gradients().data(), core_names);
  }
  if (base == "predict") {
    predict_case one(s, threads);
    one.step();
    return "\"log_probabilities\": " + list_of(one.log_probabilities);
  }
  const scenes from = scenes_of(s.data, "state");
  batch<rn_state_check> b;
  fill(b, from, from.size());
  parameters<rn_state_check> weights(1);
  first_weights(weights, s.data, "state.safetensors", state_names);
  gradient_program<rn_state_check> program(limits_of<rn_state_check>(from, from.size()), threads, s.kernel());
  program.run(b, weights, {});
  return norms_of<rn_state_check>(program.loss(), program.gradients().data(), state_names);
}

const suite all{
    "bench_rn",
    "bench_rn [CASE...] [--threads N] [--rounds N] [--data DIR]     a table; CASE: core, state, predict, then _bf16, then @B for batches of B "
    "scenes\n"
    "bench_rn --serve [--threads N] [--data DIR]                    requests on stdin, JSON on stdout: see bench/peers/compare.py\n"
    "Without --data the inputs and weights are made here, in the same shapes as bench/peers/workload.py.\n",
    {"core", "state", "predict"},
    {"predict"},
    {"core", "core_bf16", "state", "state_bf16", "predict", "predict_bf16"},
    make_case,
    check_of};

}  // namespace

int main(int argc, char** argv) { return run_suite(all, argc, argv); }
