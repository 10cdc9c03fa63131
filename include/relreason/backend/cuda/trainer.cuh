// relreason/backend/cuda/trainer.cuh -- a trainer whose steps run on a device: the same list, options, checkpoints and calls as trainer<M>.
// In a .cu file; link relreason::cuda. A program of .cpp files needs but one line there, for its device_trainer (train/device_trainer.hpp):
//   template struct relreason::cuda_training<rn, adam, "a">;
#pragma once

#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "relreason/backend/cuda/program.cuh"
#include "relreason/backend/cuda/session.cuh"
#include "relreason/backend/cuda/verdicts.cuh"
#include "relreason/train/device_trainer.hpp"

namespace relreason::device {

namespace pass {

template <class T>
struct square {
  const T* x;
  RELREASON_HD double operator()(std::size_t i) const { return static_cast<double>(x[i]) * static_cast<double>(x[i]); }
};
// Range k's factors with the scale of clipping; *go = the losses and the norm are finite.
template <class Factors>
struct accept {
  Factors* factors;
  const double *squares, *losses;
  int n_losses;
  double clip;
  int* go;
  RELREASON_HD void operator()(std::size_t k) const {
    double sum = *squares;
    for (int i = 0; i < n_losses; ++i) sum += losses[i];
    if (k == 0) *go = sum - sum == 0 ? 1 : 0;  // infinities and NaN are not
    const double scale = clip > 0 ? relreason::detail::clip_scale(std::sqrt(*squares), clip) : 1;
    factors[k].scale = static_cast<decltype(factors[k].scale)>(scale);
  }
};
template <class F>
struct where {
  F f;
  const int* go;
  RELREASON_HD void operator()(std::size_t i) const {
    if (*go) f(i);
  }
};

}  // namespace pass

// w, its gradient and its moments, n numbers each; the factors lie on the device, and so does *go: whether there is an update.
template <class System, class T>
void update(const System& on, const int* go, const adam_factors<T>* k, std::size_t n, T* w, const T* g, const std::array<T*, 2>& m) {
  each(on, n, pass::where<pass::adam<T>>{{w, g, m[0], m[1], k}, go});
}
template <class System, class T>
void update(const System& on, const int* go, const sgd_factors<T>* k, std::size_t n, T* w, const T* g, const std::array<T*, 1>& m) {
  each(on, n, pass::where<pass::sgd<T>>{{w, g, m[0], k}, go});
}

// What basic_trainer asks of a backend, on a system.
template <class System, class M, class Optimizer, name... Wanted>
class stepper {
  using session_type = session<System>;
  using store = storage<System>;
  using program_type = batch_program<M, System, typename session_type::products_type, true, Wanted...>;
  using answers_type = batch_program<M, System, typename session_type::products_type, false, Wanted...>;
  static constexpr auto n_moments = static_cast<std::size_t>(Optimizer::moments);
  static_assert(
      requires(const Optimizer& o) { o.template factors<float>(double{}, 1LL, double{}); },
      "relreason::device: this optimizer runs on the CPU only; a device needs its factors<T>(rate, step, scale), as adam, adamw and sgd have them");
  using verdicts_type = row_verdicts<System>;
  using factors_type = decltype(std::declval<const Optimizer&>().template factors<float>(double{}, 1LL, double{}));

 public:
  using model = M;
  using optimizer_type = Optimizer;
  static constexpr std::size_t n_wanted = sizeof...(Wanted);

  static std::unique_ptr<stepper> make(const limits<M>& at, executor& threads, const trainer_options& options, parameters<M>& weights) {
    return std::make_unique<stepper>(at, threads, options, weights);
  }
  stepper(const limits<M>& at, executor&, const trainer_options& options, parameters<M>& weights)
      : weights_(weights),
        limits_(at),
        session_(options.device.number, options.arithmetic),
        kernel_(select_kernels<float>(options.instructions, options.arithmetic == precision::bf16 ? precision::bf16 : precision::full)),
        program_(at, session_.system(), session_.products(), options.device_memory, n_moments * bytes(), held_tables(options)),
        name_(session_.name() + program_.pair_text()) {
    const std::size_t learned = parameters<M>::table().learned;
    arena measure;
    lay_out(measure);
    block_ = store::make(session_.system(), measure.peak() + 64, "the optimizer's moments", program_.scratch().hint);
    arena real(block_.data(), block_.bytes());
    lay_out(real);
    for (auto& m : host_moments_) m.assign(learned, 0.f);
    program_.scratch().at_least(session_.system(), sum_scratch(learned));  // of the norm: it must not grow under captured steps
    push();
  }

  void prepare(batch<M>& b) const { program_.prepare(b); }
  void stage(const batch<M>& b) {
    session_.use();
    program_.stage(b);
  }
  void drop_staged() { program_.drop_staged(); }
  void run(const batch<M>& b, const step_options& options, const std::array<float*, n_wanted>& outputs) {
    session_.use();
    program_.run(b, options, outputs, launch());
  }
  double update(const Optimizer& optimizer, const learning_plan& plan, double rate, std::uint64_t step) {
    session_.use();
    fill_factors(optimizer, plan, rate, step);
    enqueue_update(plan);
    store::wait(session_.system());
    return norm();
  }
  // Losses, gradients, norm and update in one launch.
  double step(const batch<M>& b, const step_options& options, const std::array<float*, n_wanted>& outputs, const Optimizer& optimizer,
              const learning_plan& plan, double rate, std::uint64_t number) {
    session_.use();
    fill_factors(optimizer, plan, rate, number);
    program_.run(b, options, outputs, launch(), [&] { enqueue_update(plan); });
    return norm();
  }
  double loss() const { return program_.loss(); }
  const auto& right() const { return program_.right(); }
  std::string find_non_finite(int* sample) {
    session_.use();
    return program_.find_non_finite(sample);
  }
  // State that steps change, such as running statistics: as it was when it was kept.
  void keep_state() {
    session_.use();
    store::copy(session_.system(), state_, program_.state(), state_bytes());
  }
  void restore_state() {
    session_.use();
    store::copy(session_.system(), program_.state(), state_, state_bytes());
  }
  // The wanted values without dropout, from the weights as they are now; planned when it is asked for first.
  std::function<void(const batch<M>&, const std::array<float*, n_wanted>&)> answers() {
    ready_answers();
    return [this](const batch<M>& b, const std::array<float*, n_wanted>& to) {
      if (b.samples == 0) return;
      answers_->check_padded(b);
      session_.use();
      answers_->run(b, {}, to, [&](const auto& shape, auto&& work) { session_.run(answer_graphs_, shape, work, answers_->scratch()); });
    };
  }
  // The same judged there (answers_of::judge): a row's verdict is all that is copied back of it.
  std::function<double(const batch<M>&, metric::verdict*)> verdicts() {
    if constexpr (label >= 0) {
      ready_answers();
      if (!verdicts_) {
        extent capacity[at(M::n_spaces)];
        capacity_extents(limits_, limits_.samples, capacity);
        const auto most = at(capacity[M::info[at(label)].space].rows);
        verdicts_ = std::make_unique<verdicts_type>(session_.system(), most, program_.scratch().hint);
      }
      return [this](const batch<M>& b, metric::verdict* to) { return b.samples > 0 ? judge(b, to) : 0; };
    } else {
      return {};
    }
  }
  // As of the last pull(); push() sends them back.
  std::vector<float>& moment(std::size_t m) { return host_moments_[m]; }
  void pull() {
    session_.use();
    program_.fetch(weights_);
    for (std::size_t m = 0; m < n_moments; ++m) store::copy(session_.system(), host_moments_[m].data(), moments_[m], bytes());
    store::wait(session_.system());
  }
  void push() {
    session_.use();
    program_.send(weights_);
    for (std::size_t m = 0; m < n_moments; ++m) store::copy(session_.system(), moments_[m], host_moments_[m].data(), bytes());
    store::wait(session_.system());
  }

  const char* instructions() const { return name_.c_str(); }
  std::string memory_text() const { return program_.pair_memory_text(); }
  const kernels<float>& kernel() const { return kernel_; }  // for predictions on the CPU beside it
  int lanes() const { return 1; }
  const session_type& opened() const { return session_; }
  std::size_t captured_steps() const { return graphs_.size(); }  // shapes of batches whose steps, or parts, are one launch each
  program_type& program() { return program_; }

 private:
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static constexpr name first_wanted = [] {
    name first{};
    for (const name n : {Wanted..., name{}})
      if (first == name{}) first = n;
    return first;
  }();
  static constexpr int label = [] {  // of what verdicts() judges
    if constexpr (n_wanted == 0) return -1;
    else return judging_label<M, first_wanted>;
  }();
  void ready_answers() {
    session_.use();
    if (!answers_)
      answers_ =
          std::make_unique<answers_type>(limits_, session_.system(), session_.products(), 0, 0, std::vector<input_table>{}, program_.held_bytes());
    answers_->take_weights(program_);
  }
  double judge(const batch<M>& b, metric::verdict* to) {
    constexpr int value = M::template find<first_wanted>();
    const int space = M::info[at(value)].space, width = M::info[at(value)].width;
    std::array<bool, at(M::n)> labels{};
    labels[at(label)] = true;
    b.check_for(limits_, labels);
    answers_->check_padded(b);
    session_.use();
    verdicts_->tell(b.indices[at(label)]);
    answers_->run(
        b, {}, {}, [&](const auto& shape, auto&& work) { session_.run(answer_graphs_, shape, work, answers_->scratch()); },
        [&] { verdicts_->enqueue(session_.system(), answers_->template value<value>(), answers_->rows(space), width, answers_->scratch()); });
    return verdicts_->take(to, b.indices[at(label)].size());
  }
  static std::size_t bytes() { return parameters<M>::table().learned * sizeof(float); }
  static std::size_t state_bytes() { return parameters<M>::table().state_total * sizeof(float); }
  void lay_out(arena& a) {
    for (float*& m : moments_) m = a.take<float>(parameters<M>::table().learned);
    factors_ = a.take<factors_type>(most_ranges());
    squares_ = a.take<double>(1);
    go_ = a.take<int>(1);
    state_ = a.take<float>(parameters<M>::table().state_total);
  }
  static std::size_t most_ranges() { return parameters<M>::table().entries.size(); }
  auto launch() {
    return [this](const auto& shape, auto&& work) { session_.run(graphs_, shape, work, program_.scratch()); };
  }
  // What an update is told by the host: one set of factors per range; the scale of clipping is put in on the device.
  void fill_factors(const Optimizer& optimizer, const learning_plan& plan, double rate, std::uint64_t step) {
    auto* to = reinterpret_cast<factors_type*>(factors_staging_.data());
    for (const learning_range& r : plan.ranges) *to++ = optimizer.template factors<float>(rate * r.factor, static_cast<long long>(step), 1.0);
  }
  void enqueue_update(const learning_plan& plan) {
    const System on = session_.system();
    for (const learning_range& r : plan.ranges)
      if (r.factor == 0) device::fill(on, r.count, program_.gradients() + r.first, 0.f);
    const std::size_t n = parameters<M>::table().learned;
    device::fill(on, 1, squares_, 0.0);
    device::sum(on, n, pass::square<float>{program_.gradients()}, squares_, program_.scratch().at_least(on, sum_scratch(n)));
    store::copy(on, factors_, factors_staging_.data(), plan.ranges.size() * sizeof(factors_type));
    each(on, plan.ranges.size(), pass::accept<factors_type>{factors_, squares_, program_.line_losses(), M::n, plan.clip, go_});
    for (std::size_t k = 0; k < plan.ranges.size(); ++k) {
      const learning_range& r = plan.ranges[k];
      if (r.factor == 0) continue;
      auto m = moments_;
      for (auto& at : m) at += r.first;
      device::update(on, go_, factors_ + k, r.count, program_.weights() + r.first, program_.gradients() + r.first, m);
    }
    store::copy(on, squares_staging_.data(), squares_, sizeof(double));
  }
  double norm() const { return std::sqrt(*reinterpret_cast<const double*>(squares_staging_.data())); }

  parameters<M>& weights_;
  limits<M> limits_;
  session_type session_;
  const kernels<float>& kernel_;
  program_type program_;
  std::string name_;
  std::unique_ptr<answers_type> answers_;
  std::unique_ptr<verdicts_type> verdicts_;
  typename session_type::graphs graphs_, answer_graphs_;  // what was captured of steps and parts of steps; of answers() and verdicts()
  typename store::block block_;
  typename store::staging factors_staging_{most_ranges() * sizeof(factors_type)}, squares_staging_{sizeof(double)};
  std::array<float*, n_moments> moments_{};
  std::array<std::vector<float>, n_moments> host_moments_;
  factors_type* factors_ = nullptr;
  double* squares_ = nullptr;
  int* go_ = nullptr;
  float* state_ = nullptr;
};

// A trainer on any system; on a host system it is how the device's code is tested.
template <class System, class M, class Optimizer = relreason::adam, name... Wanted>
class trainer_on : public basic_trainer<stepper<System, M, Optimizer, Wanted...>> {
 public:
  using trainer_on::basic_trainer::basic_trainer;
};

}  // namespace relreason::device

#if defined(__CUDACC__)
namespace relreason {

template <class M, class Optimizer, name... Wanted>
std::unique_ptr<any_stepper<M, Optimizer, Wanted...>> cuda_training<M, Optimizer, Wanted...>::make(const limits<M>& at, executor& threads,
                                                                                                   const trainer_options& options,
                                                                                                   parameters<M>& weights) {
  using on_cuda = device::stepper<device::cuda_system, M, Optimizer, Wanted...>;
  return std::make_unique<stepper_as_any<on_cuda, M, Optimizer, Wanted...>>(at, threads, options, weights);
}

}  // namespace relreason
#endif
