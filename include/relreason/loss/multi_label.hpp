// relreason/loss/multi_label.hpp -- binary cross-entropy of independent labels with logits, mean over labels.
// l = 1 / L sum_j [ max(x_j, 0) - x_j t_j + log(1 + exp(-|x_j|)) ],  t_j in [0, 1].    The mean over rows is minimize's.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "relreason/core/model.hpp"

namespace relreason {

struct multi_label {
  template <class Logits, class Targets>
  struct bind : operation {
    static_assert(!Logits::integral && !Targets::integral,
                  "relreason::multi_label: it compares logits with targets in 0 to 1, both features<labels>");
    static_assert(same_space<typename Logits::space, typename Targets::space>,
                  "relreason::multi_label: logits and targets must lie on the same space");
    static_assert(Logits::width == Targets::width, "relreason::multi_label: logits and targets must have the same width");
    static std::string text() { return "multi-label cross entropy"; }

    template <class C>
    static double entries(C& ctx, const arguments<typename C::real>&) {
      return ctx.template at<typename Logits::space>().rows;
    }
    template <class C, class Tape>
    static double forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      const std::size_t n = extent_product(ctx.template at<typename Logits::space>().rows, Logits::width);
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double x = static_cast<double>(in.real(0)[i]), t = static_cast<double>(in.real(1)[i]);
        sum += (x > 0 ? x : x * 0) - x * t + std::log1p(std::exp(-std::abs(x)));  // x * 0 keeps a NaN
      }
      return sum / Logits::width;
    }
    template <class C, class Tape>  // dx = (sigmoid(x) - t) / L
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::real scale) {
      using T = typename C::real;
      if (!in.dx[0]) return;
      const std::size_t n = extent_product(ctx.template at<typename Logits::space>().rows, Logits::width);
      for (std::size_t i = 0; i < n; ++i) {
        const double x = static_cast<double>(in.real(0)[i]), e = std::exp(-std::abs(x)), p = x >= 0 ? 1 / (1 + e) : e / (1 + e);
        in.dx[0][i] += static_cast<T>(static_cast<double>(scale) * (p - static_cast<double>(in.real(1)[i])) / Logits::width);
      }
    }
  };
};

}  // namespace relreason
