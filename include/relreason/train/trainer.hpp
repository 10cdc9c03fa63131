// relreason/train/trainer.hpp -- weights, gradients and an optimizer: one call per step, the same bits after a stop and resume.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/gradient.hpp"
#include "relreason/optim/adam.hpp"
#include "relreason/optim/clip.hpp"
#include "relreason/train/weights.hpp"

namespace relreason {

struct trainer_options {
  std::uint64_t seed = 1;
  double clip = 50;  // global L2 norm of the gradient; 0: off
  precision arithmetic = precision::full;
  isa instructions = isa::automatic;
  int lanes = 0;  // gradients summed apart, as many threads can work; other numbers, other last digits. 0: usual_lanes, 4 to 16 by the model's size
  // Learning rate of an array is the step's rate times the factor of the first prefix that its path starts with; 0 freezes it, and leaves its
  // gradient out of the norm.
  std::vector<std::pair<std::string, double>> rate_factors = {};
};

// trainer<rn> t(limits, threads, options);  t.step(batch, rate);    Wanted values of the last step's samples can be read out.
template <class M, class Optimizer = adam, name... Wanted>
class trainer {
 public:
  parameters<M> weights;
  std::uint64_t steps = 0;  // optimizer steps done

  trainer(const limits<M>& at, executor& threads, const trainer_options& options, Optimizer optimizer = {})
      : weights(options.seed),
        options_(options),
        optimizer_(optimizer),
        threads_(threads),
        kernel_(select_kernels<float>(options.instructions, options.arithmetic)),
        program_(at, threads, kernel_, options.lanes) {
    optimizer_.check();
    for (auto& m : moments_) m.assign(weights.table().learned, 0.f);
    for (std::size_t m = 0; m < moments_.size(); ++m) moment_pointers_[m] = moments_[m].data();
  }

  // Mean losses of the batch, before the update. Raises an error where the batch, the rate, the loss or the gradient is refused; the trainer is
  // then as before the step.
  double step(const batch<M>& b, double rate, std::array<float*, sizeof...(Wanted)> outputs = {}) {
    if (added_ > 0) fail("trainer::step: step ", steps + 1, " was begun by add(); end it with update(), or drop its parts with drop_parts()");
    add(b, 1.0, outputs);
    return update(rate);
  }
  // The same in micro-batches: add() each with its share of the step's samples, then update(). An error in either drops all parts of the step:
  // begin it again with the first.
  void add(const batch<M>& b, double share, std::array<float*, sizeof...(Wanted)> outputs = {}) {
    const int before = std::exchange(added_, 0);
    program_.run(b, weights, {options_.seed, steps * 4096 + static_cast<std::uint64_t>(before), share, before > 0}, outputs);
    loss_ = (before ? loss_ : 0) + program_.loss() * share;
    if (!std::isfinite(program_.loss())) refuse("the loss");
    added_ = before + 1;
  }
  // Forgets the parts added since the last step.
  void drop_parts() { added_ = 0; }
  // One optimizer step on the sum of the parts. Returns their loss, by shares.
  double update(double rate) {
    const int parts = std::exchange(added_, 0);
    if (!std::isfinite(rate) || rate < 0) fail("trainer: the rate of step ", steps + 1, " is ", rate, "; wanted a number of 0 or more");
    if (parts == 0) fail("trainer::update: there is no gradient for step ", steps + 1, "; call add() first");
    for (const auto& e : weights.table().entries)  // what is not learned must not shrink the other updates
      if (!e.frozen && rate_factor(e.path) == 0) std::fill_n(program_.gradients().data() + e.offset, e.count, 0.f);
    norm_ = global_norm(threads_, program_.gradients().data(), weights.table().learned);
    if (!std::isfinite(norm_)) refuse("the gradient");
    const double scale = options_.clip > 0 ? clip_factor(norm_, options_.clip) : 1.0;
    ++steps;
    for (const auto& e : weights.table().entries) {
      const double factor = rate_factor(e.path);
      if (e.frozen || factor == 0) continue;
      constexpr std::size_t range = 1 << 15;  // update is element by element, so ranges change nothing
      threads_.parallel_for(static_cast<int>((e.count + range - 1) / range), [&](int k) {
        const std::size_t first = static_cast<std::size_t>(k) * range, n = std::min(range, e.count - first), at = e.offset + first;
        auto m = moment_pointers_;
        for (auto& p : m) p += at;
        optimizer_.update(weights.data() + at, program_.gradients().data() + at, m.data(), n, rate * factor, static_cast<long long>(steps), scale);
      });
    }
    return loss_;
  }

  double gradient_size() const { return norm_; }  // global L2 norm before clipping
  int not_finite() const { return not_finite_; }  // after an error: the sample of the last batch whose value is not finite, or -1
  int lanes() const { return program_.lanes(); }
  const char* instructions() const { return kernel_.name; }
  const kernels<float>& kernel() const { return kernel_; }  // the products that the steps run on
  // Gradients and losses of the last step, or of the parts so far.
  gradient_program<M, float, Wanted...>& program() { return program_; }
  const Optimizer& optimizer() const { return optimizer_; }

  // Weights under their paths, moments under optimizer.<moment>.<path>.
  void save(safetensors::writer& to) const {
    add_weights(to, weights);
    for (std::size_t m = 0; m < moments_.size(); ++m)
      for (const auto& e : weights.table().entries)
        if (!e.frozen) to.add(moment_name(m) + e.path, moments_[m].data() + e.offset, detail::tensor_shape(e));
    to.metadata("steps", std::to_string(steps));
    to.metadata("optimizer", optimizer_.text());
    to.metadata("instructions", kernel_.name);
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
    auto moments = moments_;
    for (std::size_t m = 0; m < moments.size(); ++m)
      for (const auto& e : weights.table().entries) {
        if (e.frozen) continue;
        from.copy_to(moment_name(m) + e.path, moments[m].data() + e.offset, e.count);
        for (std::size_t i = 0; i < e.count; ++i)
          if (!std::isfinite(moments[m][e.offset + i]))
            fail("trainer::load: ", from.path(), ": value ", i, " of ", moment_name(m), e.path, " is not finite");
      }
    load_weights(from, weights, {.allow_extra = true});
    for (std::size_t m = 0; m < moments.size(); ++m) std::copy(moments[m].begin(), moments[m].end(), moments_[m].begin());
    steps = count;
  }

 private:
  static std::string moment_name(std::size_t m) { return "optimizer." + std::string(Optimizer::moment_names[m]) + "."; }
  double rate_factor(const std::string& path) const {
    for (const auto& [prefix, factor] : options_.rate_factors)
      if (path.starts_with(prefix)) return factor;
    return 1;
  }
  [[noreturn]] void refuse(const char* what) {
    not_finite_ = -1;
    const std::string where = program_.find_non_finite(&not_finite_);
    fail("trainer: ", what, " of step ", steps + 1, " is not finite: ", where, "; the weights are those of step ", steps,
         ". Lower the rate, or look at these samples");
  }

  trainer_options options_;
  Optimizer optimizer_;
  executor& threads_;
  const kernels<float>& kernel_;
  gradient_program<M, float, Wanted...> program_;
  std::array<std::vector<float>, static_cast<std::size_t>(Optimizer::moments)> moments_;
  std::array<float*, static_cast<std::size_t>(Optimizer::moments)> moment_pointers_{};
  double loss_ = 0, norm_ = 0;
  int added_ = 0, not_finite_ = -1;
};

}  // namespace relreason
