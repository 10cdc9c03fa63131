// relreason/optim/adam.hpp -- Adam, with weight decay as L2 added to the gradient.
// Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, Algorithm 1; arithmetic in the order of torch.optim.Adam.
// Weight decay 1e-4 on all parameters, biases and embeddings included, is what the released RN checkpoints were trained with.
#pragma once

#include <array>
#include <cmath>

#include "relreason/backend/cpu/row_sets.hpp"
#include "relreason/optim/optimizer.hpp"

namespace relreason {

namespace detail {

template <class T>
void adam_update(T* w, const T* g, T* const* moments, std::size_t n, const adam_factors<T>& k) {
  select_rows<T>().adam(n, w, g, moments[0], moments[1], k);
}

// The factors both share; bias corrections in double.
template <class T, class Adam>
adam_factors<T> adam_common(const Adam& a, double rate, long long step, double scale) {
  check_step(Adam::name, step);
  const double correction1 = 1 - std::pow(a.beta1, static_cast<double>(step)), correction2 = 1 - std::pow(a.beta2, static_cast<double>(step));
  return {static_cast<T>(scale),
          T(0),
          T(1),
          static_cast<T>(1 - a.beta1),
          static_cast<T>(a.beta2),
          static_cast<T>(1 - a.beta2),
          static_cast<T>(rate / correction1),
          static_cast<T>(std::sqrt(correction2)),
          static_cast<T>(a.epsilon)};
}

template <class Adam>
void adam_check(const Adam& a) {
  check_setting(Adam::name, "beta1", a.beta1, a.beta1 >= 0 && a.beta1 < 1, "0 <= beta1 < 1");
  check_setting(Adam::name, "beta2", a.beta2, a.beta2 >= 0 && a.beta2 < 1, "0 <= beta2 < 1");
  check_setting(Adam::name, "epsilon", a.epsilon, a.epsilon > 0, "epsilon > 0");
  check_setting(Adam::name, "weight_decay", a.weight_decay, a.weight_decay >= 0, "weight_decay >= 0");
}

template <class Adam>
std::string adam_text(const Adam& a) {
  return settings_text(Adam::name, {{"beta1", a.beta1}, {"beta2", a.beta2}, {"epsilon", a.epsilon}, {"weight_decay", a.weight_decay}});
}

}  // namespace detail

struct adam {
  double beta1 = .9, beta2 = .999, epsilon = 1e-8, weight_decay = 1e-4;

  static constexpr std::string_view name = "adam";
  static constexpr int moments = 2;
  static constexpr std::array<std::string_view, 2> moment_names{"exp_avg", "exp_avg_sq"};  // as PyTorch's state dictionary

  template <class T>
  adam_factors<T> factors(double rate, long long step, double scale) const {
    auto k = detail::adam_common<T>(*this, rate, step, scale);
    k.decay_gradient = static_cast<T>(weight_decay);
    return k;
  }
  template <class T>
  void update(T* w, const T* g, T* const* m, std::size_t n, double rate, long long step, double scale = 1) const {
    detail::adam_update(w, g, m, n, factors<T>(rate, step, scale));
  }

  void check() const { detail::adam_check(*this); }
  std::string text() const { return detail::adam_text(*this); }
};

static_assert(optimizer<adam>);

}  // namespace relreason
