// relreason/optim/sgd.hpp -- stochastic gradient descent with momentum, Nesterov's if wanted, and L2 added to the gradient.
// Source: Sutskever, Martens, Dahl, Hinton, ICML 2013, in the form of torch.optim.SGD (the rate multiplies the buffer, not what enters it).
#pragma once

#include <array>

#include "relreason/backend/kernels.hpp"
#include "relreason/optim/optimizer.hpp"

namespace relreason {

struct sgd {
  double momentum = .9, weight_decay = 0;
  bool nesterov = false;

  static constexpr std::string_view name = "sgd";
  static constexpr int moments = 1;
  static constexpr std::array<std::string_view, 1> moment_names{"momentum_buffer"};  // as PyTorch's state dictionary

  template <class T>
  sgd_factors<T> factors(double rate, long long step, double scale) const {
    detail::check_step(name, step);
    return {static_cast<T>(scale), static_cast<T>(weight_decay), static_cast<T>(momentum), static_cast<T>(rate), nesterov};
  }
  template <class T>
  void update(T* w, const T* g, T* const* m, std::size_t n, double rate, long long step, double scale = 1) const {
    const auto k = factors<T>(rate, step, scale);
    T* const b = m[0];
    detail::for_element_blocks(n, [&](std::size_t i, auto count) {
      if (nesterov) elements<true>(w + i, g + i, b + i, count, k);
      else elements<false>(w + i, g + i, b + i, count, k);
    });
  }

  void check() const {
    detail::check_setting(name, "momentum", momentum, momentum >= 0 && momentum < 1, "0 <= momentum < 1");
    detail::check_setting(name, "momentum", momentum, !nesterov || momentum > 0, "momentum > 0 with nesterov");
    detail::check_setting(name, "weight_decay", weight_decay, weight_decay >= 0, "weight_decay >= 0");
  }
  std::string text() const {
    return detail::settings_text(name, {{"momentum", momentum}, {"weight_decay", weight_decay}, {"nesterov", nesterov ? 1. : 0.}});
  }

 private:
  template <bool Nesterov, class T, class Count>
  static void elements(T* __restrict w, const T* __restrict g, T* __restrict b, Count count, const sgd_factors<T>& k) {
    for (std::size_t i = 0; i < count; ++i) {
      const T d = g[i] * k.scale + k.decay * w[i];
      b[i] = k.momentum * b[i] + d;
      w[i] -= k.rate * (Nesterov ? d + k.momentum * b[i] : b[i]);
    }
  }
};

static_assert(optimizer<sgd>);

}  // namespace relreason
