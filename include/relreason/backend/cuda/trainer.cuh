// relreason/backend/cuda/trainer.cuh -- a trainer whose steps run on a device: the same list, options, checkpoints and calls as trainer<M>.
// In a .cu file; link relreason::cuda. A program of .cpp files needs but one line there, for its device_trainer (train/device_trainer.hpp):
//   template struct relreason::cuda_training<rn, adam, "a">;
#pragma once

#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "relreason/backend/cuda/program.cuh"
#include "relreason/backend/cuda/session.cuh"
#include "relreason/train/device_trainer.hpp"

namespace relreason::device {

namespace pass {

template <class T>
struct square {
  const T* x;
  RELREASON_HD double operator()(std::size_t i) const { return static_cast<double>(x[i]) * static_cast<double>(x[i]); }
};

}  // namespace pass

// w, its gradient and its moments, n numbers each; the factors lie on the device.
template <class System, class T>
void update(const System& on, const adam_factors<T>* k, std::size_t n, T* w, const T* g, const std::array<T*, 2>& m) {
  adam(on, n, w, g, m[0], m[1], k);
}
template <class System, class T>
void update(const System& on, const sgd_factors<T>* k, std::size_t n, T* w, const T* g, const std::array<T*, 1>& m) {
  sgd(on, n, w, g, m[0], k);
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
        program_(at, session_.system(), session_.products()) {
    const std::size_t learned = parameters<M>::table().learned;
    arena measure;
    lay_out(measure);
    block_ = store::make(session_.system(), measure.peak() + 64, "the optimizer's moments");
    arena real(block_.data(), block_.bytes());
    lay_out(real);
    for (auto& m : host_moments_) m.assign(learned, 0.f);
    push();
  }

  void run(const batch<M>& b, const step_options& options, const std::array<float*, n_wanted>& outputs) {
    session_.use();
    program_.run(b, options, outputs, [&](auto&& work) { session_.run(work, program_.scratch()); });
  }
  double loss() const { return program_.loss(); }
  std::string find_non_finite(int* sample) {
    session_.use();
    return program_.find_non_finite(sample);
  }
  void clear_gradient(std::size_t offset, std::size_t count) {
    session_.use();
    device::fill(session_.system(), count, program_.gradients() + offset, 0.f);
  }
  double gradient_size() {
    session_.use();
    const System on = session_.system();
    const std::size_t n = parameters<M>::table().learned;
    double squares = 0;
    device::fill(on, 1, squares_, 0.0);
    device::sum(on, n, pass::square<float>{program_.gradients()}, squares_, program_.scratch().at_least(on, sum_scratch(n)));
    store::copy(on, &squares, squares_, sizeof squares);
    store::wait(on);
    return std::sqrt(squares);
  }
  void update(const Optimizer& optimizer, std::size_t offset, std::size_t count, double rate, std::uint64_t step, double scale) {
    session_.use();
    const System on = session_.system();
    const auto k = optimizer.template factors<float>(rate, static_cast<long long>(step), scale);
    store::copy(on, factors_, &k, sizeof k);
    auto m = moments_;
    for (auto& at : m) at += offset;
    device::update(on, factors_, count, program_.weights() + offset, program_.gradients() + offset, m);
    store::wait(on);
  }
  // The wanted values without dropout, from the weights as they are now; planned when it is asked for first.
  std::function<void(const batch<M>&, const std::array<float*, n_wanted>&)> answers() {
    session_.use();
    if (!answers_) answers_ = std::make_unique<answers_type>(limits_, session_.system(), session_.products());
    answers_->take_weights(program_);
    return [this](const batch<M>& b, const std::array<float*, n_wanted>& to) {
      answers_->run(b, {}, to, [&](auto&& work) { session_.run(work, answers_->scratch()); });
    };
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

  const char* instructions() const { return session_.name(); }
  const kernels<float>& kernel() const { return kernel_; }  // for predictions on the CPU beside it
  int lanes() const { return 1; }
  const session_type& opened() const { return session_; }
  program_type& program() { return program_; }

 private:
  static std::size_t bytes() { return parameters<M>::table().learned * sizeof(float); }
  void lay_out(arena& a) {
    for (float*& m : moments_) m = a.take<float>(parameters<M>::table().learned);
    factors_ = a.take<factors_type>(1);
    squares_ = a.take<double>(1);
  }

  parameters<M>& weights_;
  limits<M> limits_;
  session_type session_;
  const kernels<float>& kernel_;
  program_type program_;
  std::unique_ptr<answers_type> answers_;
  typename store::block block_;
  std::array<float*, n_moments> moments_{};
  std::array<std::vector<float>, n_moments> host_moments_;
  factors_type* factors_ = nullptr;
  double* squares_ = nullptr;
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
