// relreason/optim/adamw.hpp -- AdamW: Adam whose weight decay shrinks the parameter and leaves the gradient alone.
// Source: Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019, Algorithm 2; arithmetic in the order of torch.optim.AdamW.
#pragma once

#include "relreason/optim/adam.hpp"

namespace relreason {

// w *= 1 - rate weight_decay, then Adam on the gradient. The default 1e-2 is PyTorch's.
struct adamw {
  double beta1 = .9, beta2 = .999, epsilon = 1e-8, weight_decay = 1e-2;

  static constexpr std::string_view name = "adamw";
  static constexpr int moments = 2;
  static constexpr std::array<std::string_view, 2> moment_names{"exp_avg", "exp_avg_sq"};

  template <class T>
  adam_factors<T> factors(double rate, long long step, double scale) const {
    auto k = detail::adam_common<T>(*this, rate, step, scale);
    k.keep_parameter = static_cast<T>(1 - rate * weight_decay);
    return k;
  }
  template <class T>
  void update(T* w, const T* g, T* const* m, std::size_t n, double rate, long long step, double scale = 1) const {
    detail::adam_update(w, g, m, n, factors<T>(rate, step, scale));
  }

  void check() const { detail::adam_check(*this); }
  std::string text() const { return detail::adam_text(*this); }
};

static_assert(optimizer<adamw>);

}  // namespace relreason
