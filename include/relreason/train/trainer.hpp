// relreason/train/trainer.hpp -- weights, gradients and an optimizer: one call per step, the same bits after a stop and resume.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/backend/device_name.hpp"
#include "relreason/core/gradient.hpp"
#include "relreason/core/input_table.hpp"
#include "relreason/optim/adam.hpp"
#include "relreason/optim/clip.hpp"
#include "relreason/train/answers.hpp"
#include "relreason/train/weights.hpp"

namespace relreason {

struct trainer_options {
  std::uint64_t seed = 1;
  double clip = 50;  // global L2 norm of the gradient; 0: off
  precision arithmetic = precision::full;
  isa instructions = isa::automatic;
  device::device_name device = {};  // of device_trainer; trainer runs on the CPU
  std::size_t device_memory = 0;    // most bytes that a step may take there; 0: all that is free
  // What a device may hold of a data set, first come first held, up to table_memory bytes; needed until the trainer is made. See trainer::prepare().
  std::vector<input_table> tables = {};
  std::size_t table_memory = std::size_t{256} << 20;
  int lanes = 0;  // gradients summed apart, as many threads can work; other numbers, other last digits. 0: usual_lanes, 4 to 16 by the model's size
  // Learning rate of an array is the step's rate times the factor of the first prefix that its path starts with; 0 freezes it, and leaves its
  // gradient out of the norm.
  std::vector<std::pair<std::string, double>> rate_factors = {};
};

// Arrays side by side that learn at one rate, times this factor. 0: held; their gradient is cleared, so that it does not count in the norm.
struct learning_range {
  std::size_t first, count;
  double factor;
};
// The tables that a device holds within the options' memory.
inline std::vector<input_table> held_tables(const trainer_options& o) {
  std::vector<input_table> held;
  std::size_t bytes = 0;
  for (const input_table& t : o.tables)
    if (t.size_bytes() > 0 && t.size_bytes() <= o.table_memory - bytes) held.push_back(t), bytes += t.size_bytes();
  return held;
}

struct learning_plan {
  std::vector<learning_range> ranges;
  double clip = 0;  // 0: none
};

// What a trainer asks of a backend: one step's losses and gradients, and the update. Arrays may lie on a device; pull() brings weights and
// moments to the host, push() sends them. device::stepper (backend/cuda/trainer.cuh) is the other one.
template <class M, class Optimizer, name... Wanted>
class cpu_stepper {
 public:
  using model = M;
  using optimizer_type = Optimizer;
  static constexpr std::size_t n_wanted = sizeof...(Wanted);

  static std::unique_ptr<cpu_stepper> make(const limits<M>& at, executor& threads, const trainer_options& options, parameters<M>& weights) {
    return std::make_unique<cpu_stepper>(at, threads, options, weights);
  }
  cpu_stepper(const limits<M>& at, executor& threads, const trainer_options& options, parameters<M>& weights)
      : weights_(weights),
        limits_(at),
        threads_(threads),
        kernel_(select_kernels<float>(options.instructions, options.arithmetic)),
        program_(at, threads, kernel_, options.lanes) {
    if (options.device.cuda)
      fail("trainer: asked for ", device::text_of(options.device),
           ", but this one runs on the CPU; take device_trainer (relreason/train/device_trainer.hpp)");
    for (auto& m : moments_) m.assign(weights.table().learned, 0.f);
  }

  void run(const batch<M>& b, const step_options& options, const std::array<float*, n_wanted>& outputs) {
    program_.run(b, weights_, options, outputs);
  }
  void prepare(batch<M>& b) const { b.held = {}; }
  void stage(const batch<M>&) {}
  void drop_staged() {}
  // State that steps change, such as running statistics: as it was when it was kept.
  void keep_state() { state_.assign(weights_.state(), weights_.state() + weights_.table().state_total); }
  void restore_state() { std::copy(state_.begin(), state_.end(), weights_.state()); }
  double loss() const { return program_.loss(); }
  const auto& right() const { return program_.right(); }
  std::string find_non_finite(int* sample) { return program_.find_non_finite(sample); }
  // Of the gradient that is there. Returns its global L2 norm; nothing is changed where that is not finite.
  double update(const Optimizer& optimizer, const learning_plan& plan, double rate, std::uint64_t step) {
    for (const learning_range& r : plan.ranges)
      if (r.factor == 0) std::fill_n(program_.gradients().data() + r.first, r.count, 0.f);
    const double norm = global_norm(threads_, program_.gradients().data(), weights_.table().learned);
    if (!std::isfinite(norm)) return norm;
    const double scale = plan.clip > 0 ? clip_factor(norm, plan.clip) : 1.0;
    for (const learning_range& r : plan.ranges)
      if (r.factor != 0) update_range(optimizer, r.first, r.count, rate * r.factor, step, scale);
    return norm;
  }
  // run() and update(); nothing is changed where the loss is not finite either.
  double step(const batch<M>& b, const step_options& options, const std::array<float*, n_wanted>& outputs, const Optimizer& optimizer,
              const learning_plan& plan, double rate, std::uint64_t number) {
    run(b, options, outputs);
    return std::isfinite(loss()) ? update(optimizer, plan, rate, number) : loss();
  }
  // Computes the wanted values, without dropout, from the weights as they are now.
  std::function<void(const batch<M>&, const std::array<float*, n_wanted>&)> answers() {
    using predictor_type = predictor<M, float, Wanted...>;
    struct ready {
      predictor_type predict;
      typename predictor_type::workspace own;
      ready(const cpu_stepper& s) : predict(s.weights_, s.limits_, s.kernel_), own(predict, &s.threads_) {}
    };
    const auto shared = std::make_shared<ready>(*this);
    return [shared](const batch<M>& b, const std::array<float*, n_wanted>& to) { shared->predict.run(shared->own, b, to); };
  }
  std::function<double(const batch<M>&, metric::verdict*)> verdicts() { return {}; }  // rows are here: whoever has them judges them
  std::vector<float>& moment(std::size_t m) { return moments_[m]; }
  void pull() {}
  void push() {}

  const char* instructions() const { return kernel_.name; }
  std::string memory_text() const { return {}; }
  const kernels<float>& kernel() const { return kernel_; }
  int lanes() const { return program_.lanes(); }
  gradient_program<M, float, Wanted...>& program() { return program_; }

 private:
  void update_range(const Optimizer& optimizer, std::size_t offset, std::size_t count, double rate, std::uint64_t step, double scale) {
    constexpr std::size_t range = 1 << 15;  // update is element by element, so ranges change nothing
    threads_.parallel_for(static_cast<int>((count + range - 1) / range), [&](int k) {
      const std::size_t first = static_cast<std::size_t>(k) * range, n = std::min(range, count - first), at = offset + first;
      std::array<float*, static_cast<std::size_t>(Optimizer::moments)> m{};
      for (std::size_t i = 0; i < m.size(); ++i) m[i] = moments_[i].data() + at;
      optimizer.update(weights_.data() + at, program_.gradients().data() + at, m.data(), n, rate, static_cast<long long>(step), scale);
    });
  }

  parameters<M>& weights_;
  limits<M> limits_;
  executor& threads_;
  const kernels<float>& kernel_;
  gradient_program<M, float, Wanted...> program_;
  std::vector<float> state_;
  std::array<std::vector<float>, static_cast<std::size_t>(Optimizer::moments)> moments_;
};

// Weights, an optimizer and a stepper. trainer<...> below is the one for the CPU.
template <class Stepper>
class basic_trainer {
 public:
  using M = typename Stepper::model;
  using Optimizer = typename Stepper::optimizer_type;
  using outputs_type = std::array<float*, Stepper::n_wanted>;

  parameters<M> weights;    // on a device's trainer those of the last refresh()
  std::uint64_t steps = 0;  // optimizer steps done

  basic_trainer(const limits<M>& at, executor& threads, const trainer_options& options, Optimizer optimizer = {})
      : weights(options.seed), options_(options), optimizer_(optimizer), stepper_(Stepper::make(at, threads, options, weights)) {
    optimizer_.check();
    plan_learning();
  }
  basic_trainer(const basic_trainer&) = delete;
  basic_trainer& operator=(const basic_trainer&) = delete;

  // Before a batch is filled: tells push_rows() which inputs a device holds. A batch that was not prepared is refused where it holds some.
  void prepare(batch<M>& b) const { stepper_->prepare(b); }
  // While another thread steps: makes the next batch ready where the steps run; for every batch, one ahead, or for none. It must not change until its
  // step; drop_parts() forgets it.
  void stage(const batch<M>& b) { stepper_->stage(b); }
  // Mean losses of the batch, before the update. Raises an error where the batch, the rate, the loss or the gradient is refused; the trainer is
  // then as before the step.
  double step(const batch<M>& b, double rate, const outputs_type& outputs = {}) {
    if (added_ > 0) fail("trainer::step: step ", steps + 1, " was begun by add(); end it with update(), or drop its parts with drop_parts()");
    check_rate(rate);
    stepper_->keep_state();
    const double norm = stepper_->step(b, {options_.seed, steps * 4096}, outputs, optimizer_, plan_, rate, steps + 1);
    loss_ = stepper_->loss();
    right_ = stepper_->right();
    return accept(norm);
  }
  // The same in micro-batches: add() each with its share of the step's samples, then update(). An error in either drops all parts of the step:
  // begin it again with the first. The last batch must live until update() has returned: an error looks there for what is not finite.
  void add(const batch<M>& b, double share, const outputs_type& outputs = {}) {
    const int before = std::exchange(added_, 0);
    if (before == 0) stepper_->keep_state();
    stepper_->run(b, {options_.seed, steps * 4096 + static_cast<std::uint64_t>(before), share, before > 0}, outputs);
    loss_ = (before ? loss_ : 0) + stepper_->loss() * share;
    if (before == 0) right_ = {};
    for (std::size_t i = 0; i < right_.size(); ++i) right_[i] += stepper_->right()[i];
    if (!std::isfinite(stepper_->loss())) refuse("the loss");
    added_ = before + 1;
  }
  // Forgets the parts added since the last step, and batches made ready for the next.
  void drop_parts() {
    if (std::exchange(added_, 0) > 0) stepper_->restore_state();
    stepper_->drop_staged();
  }
  // One optimizer step on the sum of the parts. Returns their loss, by shares.
  double update(double rate) {
    const int parts = std::exchange(added_, 0);
    check_rate(rate);
    if (parts == 0) fail("trainer::update: there is no gradient for step ", steps + 1, "; call add() first");
    return accept(stepper_->update(optimizer_, plan_, rate, steps + 1));
  }

  // Rows of the last step, or of its parts so far, that the loss of Value found right; counted where the step runs.
  template <name Value>
  std::uint64_t right() const {
    constexpr int line = judging_line<M, Value>;
    static_assert(line >= 0, "relreason::trainer: right<...>() takes the first value of a loss that judges, such as the logits of cross_entropy");
    return right_[static_cast<std::size_t>(line)];
  }
  double gradient_size() const { return norm_; }  // global L2 norm before clipping
  int not_finite() const { return not_finite_; }  // after an error: the sample of the last batch whose value is not finite, or -1
  // f(batch, outputs): the wanted values as a prediction gives them, computed where the steps are, until the weights change.
  auto answers() {
    static_assert(Stepper::n_wanted > 0, "relreason::trainer: name the values that answers() shall compute after the optimizer");
    return stepper_->answers();
  }
  // As answers_of::judge, of the first wanted value; null where the steps run on the CPU, or the value has no labels.
  auto verdicts() { return stepper_->verdicts(); }
  // Brings `weights` up to date where the steps run on a device.
  void refresh() { stepper_->pull(); }
  // After a change of `weights` by hand.
  void weights_changed() { stepper_->push(); }
  const char* instructions() const { return stepper_->instructions(); }
  std::string memory_text() const { return stepper_->memory_text(); }  // how a device keeps what pair layers computed; empty on the CPU
  int lanes() const { return stepper_->lanes(); }                      // most threads that can work on a step
  const kernels<float>& kernel() const { return stepper_->kernel(); }  // the products that steps, or predictions beside them, run on
  // What runs the steps: program() has gradients and losses of the last one, or of the parts so far.
  Stepper& stepper() { return *stepper_; }
  auto& program() { return stepper_->program(); }
  const Optimizer& optimizer() const { return optimizer_; }

  // Weights under their paths, moments under optimizer.<moment>.<path>.
  void save(safetensors::writer& to) {
    stepper_->pull();
    add_weights(to, weights);
    for (std::size_t m = 0; m < n_moments; ++m)
      for (const auto& e : weights.table().entries)
        if (!e.frozen) to.add(moment_name(m) + e.path, stepper_->moment(m).data() + e.offset, detail::tensor_shape(e));
    to.metadata("steps", std::to_string(steps));
    to.metadata("optimizer", optimizer_.text());
    to.metadata("instructions", stepper_->instructions());
  }
  // On an error nothing has changed.
  void load(const safetensors::file& from) {
    const auto& meta = from.metadata();
    const auto done = meta.find("steps"), by = meta.find("optimizer");
    if (done == meta.end() || by == meta.end())
      fail("trainer::load: ", from.path(), " has no step count and optimizer; it holds weights only: use load_weights");
    if (by->second != optimizer_.text())
      fail("trainer::load: ", from.path(), " was made with optimizer ", by->second, ", now ", optimizer_.text(), "; use that one");
    std::uint64_t count = 0;
    const auto [end, wrong] = std::from_chars(done->second.data(), done->second.data() + done->second.size(), count);
    if (wrong != std::errc{} || *end) fail("trainer::load: ", from.path(), ": steps is \"", done->second, "\"; wanted a whole number");
    std::array<std::vector<float>, n_moments> moments;
    for (std::size_t m = 0; m < n_moments; ++m) {
      moments[m].assign(weights.table().learned, 0.f);
      for (const auto& e : weights.table().entries) {
        if (e.frozen) continue;
        from.copy_to(moment_name(m) + e.path, moments[m].data() + e.offset, e.count);
        for (std::size_t i = 0; i < e.count; ++i)
          if (!std::isfinite(moments[m][e.offset + i]))
            fail("trainer::load: ", from.path(), ": value ", i, " of ", moment_name(m), e.path, " is not finite");
      }
    }
    load_weights(from, weights, {.allow_extra = true});
    for (std::size_t m = 0; m < n_moments; ++m) stepper_->moment(m) = std::move(moments[m]);
    stepper_->push();
    steps = count;
  }

 private:
  static constexpr auto n_moments = static_cast<std::size_t>(Optimizer::moments);
  static std::string moment_name(std::size_t m) { return "optimizer." + std::string(Optimizer::moment_names[m]) + "."; }
  double rate_factor(const std::string& path) const {
    for (const auto& [prefix, factor] : options_.rate_factors)
      if (path.starts_with(prefix)) return factor;
    return 1;
  }
  void plan_learning() {
    plan_.clip = options_.clip;
    for (const auto& e : weights.table().entries) {
      if (e.frozen) continue;
      const double factor = rate_factor(e.path);
      if (plan_.ranges.empty() || plan_.ranges.back().factor != factor || e.offset < plan_.ranges.back().first)
        plan_.ranges.push_back({e.offset, 0, factor});
      plan_.ranges.back().count = e.offset + e.count - plan_.ranges.back().first;  // the zeros between arrays stay zeros
    }
  }
  void check_rate(double rate) const {
    if (!std::isfinite(rate) || rate < 0) fail("trainer: the rate of step ", steps + 1, " is ", rate, "; wanted a number of 0 or more");
  }
  double accept(double norm) {
    if (!std::isfinite(loss_)) refuse("the loss");
    norm_ = norm;
    if (!std::isfinite(norm)) refuse("the gradient");
    ++steps;
    return loss_;
  }
  [[noreturn]] void refuse(const char* what) {
    not_finite_ = -1;
    const std::string where = stepper_->find_non_finite(&not_finite_);
    stepper_->restore_state();
    fail("trainer: ", what, " of step ", steps + 1, " is not finite: ", where, "; the weights are those of step ", steps,
         ". Lower the rate, or look at these samples");
  }

  trainer_options options_;
  Optimizer optimizer_;
  std::unique_ptr<Stepper> stepper_;
  learning_plan plan_;
  double loss_ = 0, norm_ = 0;
  std::array<std::uint64_t, static_cast<std::size_t>(M::n)> right_{};
  int added_ = 0, not_finite_ = -1;
};

// trainer<rn> t(limits, threads, options);  t.step(batch, rate);    Wanted values of the last step's samples can be read out.
template <class M, class Optimizer = adam, name... Wanted>
class trainer : public basic_trainer<cpu_stepper<M, Optimizer, Wanted...>> {
 public:
  using trainer::basic_trainer::basic_trainer;
};

}  // namespace relreason
