// relreason/loss/cross_entropy.hpp -- softmax cross-entropy with label smoothing.
// l = -sum_c t_c log softmax(x)_c,  t = (1 - s) onehot(label) + s / classes.    s in percent, as a template argument.
#pragma once

#include <cmath>
#include <string>

#include "relreason/backend/host_device.hpp"
#include "relreason/core/model.hpp"
#include "relreason/metric/largest.hpp"

namespace relreason {

// log softmax of one row, by the row's maximum; NaN where a logit is not finite.
template <class T>
RELREASON_HD double log_sum_exp(const T* x, int n) {
  double top = static_cast<double>(x[0]);
  for (int j = 1; j < n; ++j)
    if (const double v = static_cast<double>(x[j]); top < v) top = v;
  double sum = 0;
  for (int j = 0; j < n; ++j) sum += std::exp(static_cast<double>(x[j]) - top);
  return top + std::log(sum);
}

namespace detail {

// Row i of the loss, and of its gradient.
template <class T, class Scalar = T>
struct cross_entropy_loss {
  const T* logits;
  const int* label;
  const T* weight;  // or null
  const int* live;
  T* to;
  int classes;
  double smoothing;
  Scalar scale;

  RELREASON_HD double weight_of(std::size_t i) const { return weight ? static_cast<double>(weight[i]) : 1.0; }
  RELREASON_HD double operator()(std::size_t i) const {
    if (live && static_cast<int>(i) >= *live) return 0;
    const T* x = logits + i * static_cast<std::size_t>(classes);
    double sum = 0;
    if (smoothing > 0)
      for (int j = 0; j < classes; ++j) sum += static_cast<double>(x[j]);
    const double goal = (1 - smoothing) * static_cast<double>(x[label[i]]) + smoothing * sum / classes;
    return weight_of(i) * (log_sum_exp(x, classes) - goal);
  }
};
// Row i is right where its greatest logit is the label's, whatever the row's weight.
template <class T>
struct right_label {
  const T* logits;
  const int *label, *live;
  int classes;
  RELREASON_HD bool operator()(std::size_t i) const {
    if (live && static_cast<int>(i) >= *live) return false;
    return metric::largest_of(logits + i * static_cast<std::size_t>(classes), classes) == label[i];
  }
};
template <class T, class Scalar>
struct cross_entropy_gradient {
  cross_entropy_loss<T, Scalar> row;
  RELREASON_HD void operator()(std::size_t i) const {
    if (row.live && static_cast<int>(i) >= *row.live) return;
    const T* x = row.logits + i * static_cast<std::size_t>(row.classes);
    T* dx = row.to + i * static_cast<std::size_t>(row.classes);
    const double log_sum = log_sum_exp(x, row.classes), w = static_cast<double>(static_cast<T>(row.scale)) * row.weight_of(i);
    for (int j = 0; j < row.classes; ++j) {
      const double goal = (j == row.label[i] ? 1 - row.smoothing : 0) + row.smoothing / row.classes;
      dx[j] += static_cast<T>(w * (std::exp(static_cast<double>(x[j]) - log_sum) - goal));
    }
  }
};

}  // namespace detail

// minimize<cross_entropy<>, of<"logits", "label">>; a third value, one number per row, weighs the rows.
template <int SmoothingPercent = 0>
struct cross_entropy {
  static_assert(SmoothingPercent >= 0 && SmoothingPercent < 100, "relreason::cross_entropy: smoothing must lie in 0 to 99 percent");
  template <class Logits, class Label, class... Weight>
  struct bind : operation {
    static_assert(!Logits::integral, "relreason::cross_entropy: the first value must be logits, the second the label");
    static_assert(Label::integral && !Label::bytes, "relreason::cross_entropy: the second value must be a label<classes>");
    static_assert(same_space<typename Logits::space, typename Label::space>, "relreason::cross_entropy: logits and label must lie on the same space");
    static_assert(Logits::width == Label::what::limit, "relreason::cross_entropy: the number of logits must equal the label's classes");
    static_assert(sizeof...(Weight) <= 1 && ((Weight::width == 1 && same_space<typename Weight::space, typename Logits::space>)&&...),
                  "relreason::cross_entropy: weights must be one number per row of the logits' space");
    static constexpr bool weighted = sizeof...(Weight) == 1, on_device = true, judges = true;
    static std::string text() {
      return "cross entropy" + (SmoothingPercent ? ", smoothing " + std::to_string(SmoothingPercent) + " %" : std::string());
    }

    template <class C>
    static double entries(C& ctx, const arguments<typename C::real>& in) {
      const int n = ctx.template at<typename Logits::space>().listed();
      if (!weighted) return n;
      if (n > 0 && !in.x[2])
        fail("cross_entropy: a mean over entries needs weights that are an input, and no table that stays on a device; use per_sample or per_step");
      double sum = 0;
      for (int i = 0; i < n; ++i) sum += static_cast<double>(in.real(2)[i]);
      return sum;
    }
    template <class C, class Tape>
    static void forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      using T = typename C::real;
      ctx.add_loss(count(ctx), row<C, T>(ctx, in, nullptr));
      ctx.add_right(count(ctx), detail::right_label<T>{in.real(0), in.index(1), ctx.template live<typename Logits::space>(), Logits::width});
    }
    template <class C, class Tape>  // dx = softmax(x) - t
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::scalar scale) {
      using gradient = detail::cross_entropy_gradient<typename C::real, typename C::scalar>;
      if (in.dx[0]) ctx.each(count(ctx), gradient{row(ctx, in, in.dx[0], scale)});
    }

   private:
    template <class C>
    static std::size_t count(const C& ctx) {
      return static_cast<std::size_t>(ctx.template at<typename Logits::space>().rows);
    }
    template <class C, class T, class Scalar = T>
    static detail::cross_entropy_loss<T, Scalar> row(const C& ctx, const arguments<T>& in, T* to, Scalar scale = {}) {
      return {in.real(0), in.index(1),   weighted ? in.real(2) : nullptr, ctx.template live<typename Logits::space>(),
              to,         Logits::width, SmoothingPercent / 100.0,        scale};
    }
  };
};

}  // namespace relreason
