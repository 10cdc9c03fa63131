// relreason/loss/cross_entropy.hpp -- softmax cross-entropy with label smoothing.
// l = -sum_c t_c log softmax(x)_c,  t = (1 - s) onehot(label) + s / classes.    s in percent, as a template argument.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "relreason/core/model.hpp"

namespace relreason {

// log softmax of one row, by the row's maximum; NaN where a logit is not finite.
template <class T>
double log_sum_exp(const T* x, int n) {
  double top = static_cast<double>(x[0]);
  for (int j = 1; j < n; ++j) top = std::max(top, static_cast<double>(x[j]));
  double sum = 0;
  for (int j = 0; j < n; ++j) sum += std::exp(static_cast<double>(x[j]) - top);
  return top + std::log(sum);
}

// minimize<cross_entropy<>, of<"logits", "label">>; a third value, one number per row, weighs the rows.
template <int SmoothingPercent = 0>
struct cross_entropy {
  static_assert(SmoothingPercent >= 0 && SmoothingPercent < 100, "relreason::cross_entropy: smoothing must lie in 0 to 99 percent");
  template <class Logits, class Label, class... Weight>
  struct bind : operation {
    static_assert(!Logits::integral, "relreason::cross_entropy: the first value must be logits, the second the label");
    static_assert(Label::integral, "relreason::cross_entropy: the second value must be a label<classes>");
    static_assert(same_space<typename Logits::space, typename Label::space>, "relreason::cross_entropy: logits and label must lie on the same space");
    static_assert(Logits::width == Label::what::limit, "relreason::cross_entropy: the number of logits must equal the label's classes");
    static_assert(sizeof...(Weight) <= 1 && ((Weight::width == 1 && same_space<typename Weight::space, typename Logits::space>)&&...),
                  "relreason::cross_entropy: weights must be one number per row of the logits' space");
    static constexpr bool weighted = sizeof...(Weight) == 1;
    static std::string text() {
      return "cross entropy" + (SmoothingPercent ? ", smoothing " + std::to_string(SmoothingPercent) + " %" : std::string());
    }

    template <class C>
    static double entries(C& ctx, const arguments<typename C::real>& in) {
      const int n = ctx.template at<typename Logits::space>().rows;
      if (!weighted) return n;
      if (!in.x[2]) fail("cross_entropy: a mean over entries needs weights that are an input; use per_sample or per_step");
      double sum = 0;
      for (int i = 0; i < n; ++i) sum += static_cast<double>(in.real(2)[i]);
      return sum;
    }
    template <class C, class Tape>
    static double forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      const int n = ctx.template at<typename Logits::space>().rows, classes = Logits::width;
      double loss = 0;
      for (int i = 0; i < n; ++i) {
        const auto* x = in.real(0) + extent_product(i, classes);
        double sum = 0;
        if (SmoothingPercent)
          for (int j = 0; j < classes; ++j) sum += static_cast<double>(x[j]);
        const double goal = (1 - smoothing) * static_cast<double>(x[in.index(1)[i]]) + smoothing * sum / classes;
        loss += weight_of(in, i) * (log_sum_exp(x, classes) - goal);
      }
      return loss;
    }
    template <class C, class Tape>  // dx = softmax(x) - t
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::real scale) {
      using T = typename C::real;
      if (!in.dx[0]) return;
      const int n = ctx.template at<typename Logits::space>().rows, classes = Logits::width;
      for (int i = 0; i < n; ++i) {
        const T* x = in.real(0) + extent_product(i, classes);
        T* dx = in.dx[0] + extent_product(i, classes);
        const double log_sum = log_sum_exp(x, classes), w = static_cast<double>(scale) * weight_of(in, i);
        for (int j = 0; j < classes; ++j) {
          const double goal = (j == in.index(1)[i] ? 1 - smoothing : 0) + smoothing / classes;
          dx[j] += static_cast<T>(w * (std::exp(static_cast<double>(x[j]) - log_sum) - goal));
        }
      }
    }

   private:
    static constexpr double smoothing = SmoothingPercent / 100.0;
    template <class T>
    static double weight_of(const arguments<T>& in, int i) {
      return weighted ? static_cast<double>(in.real(2)[i]) : 1.0;
    }
  };
};

}  // namespace relreason
