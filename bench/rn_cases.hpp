// bench/rn_cases.hpp -- what bench_rn and bench_latency run: one timed step of each case on the CPU.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "ceiling.hpp"
#include "machine.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/train/trainer.hpp"
#include "rn_counts.hpp"

namespace bench {

// ---- one case, ready to run step by step
struct settings {
  std::string data;
  int threads = 1;
  bool bf16 = false;
  std::size_t batch = 0;  // 0: as many as its table row says
  const kernels<float>& kernel() const { return select_kernels<float>(isa::automatic, bf16 ? precision::bf16 : precision::full); }
};

class timed_case {
 public:
  virtual ~timed_case() = default;
  virtual void step() = 0;
  double gflop = 0, input_mb = 0;  // of one step
  std::size_t batch = 0;
  const char* instructions = "";
};

class core_case final : public timed_case {
 public:
  core_case(const settings& s, executor& threads) : from_(scenes_of(s.data, "core")) {
    batch = s.batch ? s.batch : 64;
    instructions = s.kernel().name;
    fill(batch_, from_, batch);
    first_weights(weights, s.data, "core.safetensors", core_names);
    program_ = std::make_unique<gradient_program<rn_core>>(limits_of<rn_core>(from_, batch), threads, s.kernel());
    gflop = 3 * forward_gflop<rn_core>(from_, batch);
    input_mb = megabytes(batch_);
  }
  void step() override { program_->run(batch_, weights, {}); }
  gradient_program<rn_core>& program() { return *program_; }
  parameters<rn_core> weights{1};

 private:
  scenes from_;
  relreason::batch<rn_core> batch_;
  std::unique_ptr<gradient_program<rn_core>> program_;
};

class state_case final : public timed_case {
 public:
  state_case(const settings& s, executor& threads) : from_(scenes_of(s.data, "state")) {
    batch = s.batch ? s.batch : 640;
    instructions = s.kernel().name;
    fill(batch_, from_, batch);
    trainer_options options;
    if (s.bf16) options.arithmetic = precision::bf16;
    trainer_ = std::make_unique<trainer<rn_state>>(limits_of<rn_state>(from_, batch), threads, options, adam{.weight_decay = 1e-4});
    first_weights(trainer_->weights, s.data, "state.safetensors", state_names);
    gflop = 3 * forward_gflop<rn_state>(from_, batch);
    input_mb = megabytes(batch_);
  }
  void step() override { trainer_->step(batch_, 5e-6); }

 private:
  scenes from_;
  relreason::batch<rn_state> batch_;
  std::unique_ptr<trainer<rn_state>> trainer_;
};

class predict_case final : public timed_case {
 public:
  predict_case(const settings& s, executor& threads) : from_(scenes_of(s.data, "predict")) {
    batch = s.batch ? s.batch : 1;
    instructions = s.kernel().name;
    fill(batch_, from_, batch);
    first_weights(weights_, s.data, "state.safetensors", state_names);
    predictor_ = std::make_unique<predictor_type>(weights_, limits_of<rn_state>(from_, batch), s.kernel());
    workspace_ = std::make_unique<predictor_type::workspace>(*predictor_, &threads);
    log_probabilities.resize(batch * models::answers);
    gflop = forward_gflop<rn_state>(from_, batch);
    input_mb = megabytes(batch_);
  }
  void step() override {
    predictor_->run(*workspace_, batch_, {log_probabilities.data()});
    for (std::size_t i = 0; i < batch; ++i) {
      float* row = log_probabilities.data() + i * models::answers;
      const double all = log_sum_exp(row, models::answers);
      for (int k = 0; k < models::answers; ++k) row[k] = static_cast<float>(static_cast<double>(row[k]) - all);
    }
  }
  std::vector<float> log_probabilities;

 private:
  using predictor_type = predictor<rn_state, float, "a">;
  scenes from_;
  relreason::batch<rn_state> batch_;
  parameters<rn_state> weights_{1};
  std::unique_ptr<predictor_type> predictor_;
  std::unique_ptr<predictor_type::workspace> workspace_;
};

inline void warm(timed_case& c, int least) {  // and for a second; 0: not at all
  const auto start = std::chrono::steady_clock::now();
  for (int steps = 0; steps < least || (least > 0 && seconds_since(start) < 1); ++steps) c.step();
}
inline double timed_ms(timed_case& c) {
  const auto start = std::chrono::steady_clock::now();
  c.step();
  return 1e3 * seconds_since(start);
}

}  // namespace bench
