// bench/rn_cases.hpp -- what bench_rn and bench_latency run: one timed step of each case on the CPU.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ceiling.hpp"
#include "machine.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/train/trainer.hpp"
#include "rn_counts.hpp"
#include "timed_case.hpp"

namespace bench {

// Scenes of one file as batches of M; `passes` of the model's products make a step.
template <class M>
class scenes_case : public timed_case {
 protected:
  scenes_case(const settings& s, const char* file, std::size_t usual_batch, int passes) : from_(scenes_of(s.data, file)) {
    batch = s.batch ? s.batch : usual_batch;
    instructions = s.kernel().name;
    fill(batch_, from_, batch);
    gflop = passes * forward_gflop<M>(from_, batch);
    input_mb = megabytes(batch_);
  }
  limits<M> planned() const { return limits_of<M>(from_, batch); }

  scenes from_;
  relreason::batch<M> batch_;
};

class core_case final : public scenes_case<rn_core> {
 public:
  core_case(const settings& s, executor& threads) : scenes_case(s, "core", 64, 3) {
    first_weights(weights, s.data, "core.safetensors", core_names);
    program_ = std::make_unique<gradient_program<rn_core>>(planned(), threads, s.kernel());
  }
  void step() override { program_->run(batch_, weights, {}); }
  gradient_program<rn_core>& program() { return *program_; }
  parameters<rn_core> weights{1};

 private:
  std::unique_ptr<gradient_program<rn_core>> program_;
};

class state_case final : public scenes_case<rn_state> {
 public:
  state_case(const settings& s, executor& threads) : scenes_case(s, "state", 640, 3) {
    trainer_options options;
    options.arithmetic = s.arithmetic();
    trainer_ = std::make_unique<trainer<rn_state>>(planned(), threads, options, adam{.weight_decay = 1e-4});
    first_weights(trainer_->weights, s.data, "state.safetensors", state_names);
  }
  void step() override { trainer_->step(batch_, 5e-6); }

 private:
  std::unique_ptr<trainer<rn_state>> trainer_;
};

class predict_case final : public scenes_case<rn_state> {
 public:
  predict_case(const settings& s, executor& threads) : scenes_case(s, "predict", 1, 1) {
    first_weights(weights_, s.data, "state.safetensors", state_names);
    predictor_ = std::make_unique<predictor_type>(weights_, planned(), s.kernel());
    workspace_ = std::make_unique<predictor_type::workspace>(*predictor_, &threads);
    log_probabilities.resize(batch * models::answers);
  }
  void step() override {
    predictor_->run(*workspace_, batch_, {log_probabilities.data()});
    to_log_probabilities(log_probabilities, models::answers);
  }
  std::vector<float> log_probabilities;

 private:
  using predictor_type = predictor<rn_state, float, "a">;
  parameters<rn_state> weights_{1};
  std::unique_ptr<predictor_type> predictor_;
  std::unique_ptr<predictor_type::workspace> workspace_;
};

}  // namespace bench
