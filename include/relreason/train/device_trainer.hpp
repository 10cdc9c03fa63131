// relreason/train/device_trainer.hpp -- a trainer on the device that its options name, "cpu" or "cuda:0", in a plain C++ file.
// device_trainer<rn, adam, "a"> t(limits, threads, {.device = device::parse_device("cuda")});    The CUDA part of each model is one line in a .cu
// file of the program, beside #include "relreason/backend/cuda/trainer.cuh":
//   template struct relreason::cuda_training<rn, adam, "a">;
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "relreason/train/trainer.hpp"

namespace relreason {

template <class M, class Optimizer, name... Wanted>
struct any_stepper;
template <class Stepper, class M, class Optimizer, name... Wanted>
struct stepper_as_any;

// Defined by relreason/backend/cuda/trainer.cuh. A link error that names it asks for the line above.
template <class M, class Optimizer, name... Wanted>
struct cuda_training {
  static std::unique_ptr<any_stepper<M, Optimizer, Wanted...>> make(const limits<M>&, executor&, const trainer_options&, parameters<M>&);
};

// A stepper (see cpu_stepper) whose backend is chosen when the program runs.
template <class M, class Optimizer, name... Wanted>
struct any_stepper {
  using model = M;
  using optimizer_type = Optimizer;
  static constexpr std::size_t n_wanted = sizeof...(Wanted);
  using outputs_type = std::array<float*, sizeof...(Wanted)>;
  static std::unique_ptr<any_stepper> make(const limits<M>& at, executor& threads, const trainer_options& options, parameters<M>& weights) {
    if (options.device.cuda) return cuda_training<M, Optimizer, Wanted...>::make(at, threads, options, weights);
    return std::make_unique<stepper_as_any<cpu_stepper<M, Optimizer, Wanted...>, M, Optimizer, Wanted...>>(at, threads, options, weights);
  }
  virtual ~any_stepper() = default;
  virtual void run(const batch<M>&, const step_options&, const outputs_type&) = 0;
  virtual double loss() const = 0;
  virtual const std::array<std::uint64_t, static_cast<std::size_t>(M::n)>& right() const = 0;
  virtual std::string find_non_finite(int* sample) = 0;
  virtual void prepare(batch<M>&) const = 0;
  virtual void stage(const batch<M>&) = 0;
  virtual void drop_staged() = 0;
  virtual void keep_state() = 0;
  virtual void restore_state() = 0;
  virtual double update(const Optimizer&, const learning_plan&, double rate, std::uint64_t step) = 0;
  virtual double step(const batch<M>&, const step_options&, const outputs_type&, const Optimizer&, const learning_plan&, double rate,
                      std::uint64_t number) = 0;
  virtual std::function<void(const batch<M>&, const outputs_type&)> answers() = 0;
  virtual std::function<double(const batch<M>&, metric::verdict*)> verdicts() = 0;
  virtual std::vector<float>& moment(std::size_t m) = 0;
  virtual void pull() = 0;
  virtual void push() = 0;
  virtual const char* instructions() const = 0;
  virtual std::string memory_text() const = 0;
  virtual const kernels<float>& kernel() const = 0;
  virtual int lanes() const = 0;
};

template <class Stepper, class M, class Optimizer, name... Wanted>
struct stepper_as_any final : any_stepper<M, Optimizer, Wanted...> {
  using outputs_type = std::array<float*, sizeof...(Wanted)>;
  Stepper own;
  stepper_as_any(const limits<M>& at, executor& threads, const trainer_options& options, parameters<M>& weights)
      : own(at, threads, options, weights) {}
  void run(const batch<M>& b, const step_options& o, const outputs_type& to) override { own.run(b, o, to); }
  double loss() const override { return own.loss(); }
  const std::array<std::uint64_t, static_cast<std::size_t>(M::n)>& right() const override { return own.right(); }
  std::string find_non_finite(int* sample) override { return own.find_non_finite(sample); }
  void prepare(batch<M>& b) const override { own.prepare(b); }
  void stage(const batch<M>& b) override { own.stage(b); }
  void drop_staged() override { own.drop_staged(); }
  void keep_state() override { own.keep_state(); }
  void restore_state() override { own.restore_state(); }
  double update(const Optimizer& by, const learning_plan& plan, double rate, std::uint64_t step) override { return own.update(by, plan, rate, step); }
  double step(const batch<M>& b, const step_options& o, const outputs_type& to, const Optimizer& by, const learning_plan& plan, double rate,
              std::uint64_t number) override {
    return own.step(b, o, to, by, plan, rate, number);
  }
  std::function<void(const batch<M>&, const outputs_type&)> answers() override {
    if constexpr (sizeof...(Wanted) > 0) return own.answers();
    else return {};
  }
  std::function<double(const batch<M>&, metric::verdict*)> verdicts() override { return own.verdicts(); }
  std::vector<float>& moment(std::size_t m) override { return own.moment(m); }
  void pull() override { own.pull(); }
  void push() override { own.push(); }
  const char* instructions() const override { return own.instructions(); }
  std::string memory_text() const override { return own.memory_text(); }
  const kernels<float>& kernel() const override { return own.kernel(); }
  int lanes() const override { return own.lanes(); }
};

template <class M, class Optimizer = adam, name... Wanted>
class device_trainer : public basic_trainer<any_stepper<M, Optimizer, Wanted...>> {
 public:
  using device_trainer::basic_trainer::basic_trainer;
};

}  // namespace relreason
