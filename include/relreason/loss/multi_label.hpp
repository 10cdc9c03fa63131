// relreason/loss/multi_label.hpp -- binary cross-entropy of independent labels with logits, mean over labels.
// l = 1 / L sum_j [ max(x_j, 0) - x_j t_j + log(1 + exp(-|x_j|)) ],  t_j in [0, 1].    The mean over rows is minimize's.
#pragma once

#include <cmath>
#include <string>

#include "relreason/backend/host_device.hpp"
#include "relreason/core/model.hpp"

namespace relreason {

namespace detail {

template <class T>
struct multi_label_loss {
  const T *logits, *targets;
  const int* live;
  int width;
  RELREASON_HD double operator()(std::size_t i) const {
    if (live && static_cast<int>(i / static_cast<std::size_t>(width)) >= *live) return 0;
    const double x = static_cast<double>(logits[i]), t = static_cast<double>(targets[i]);
    return ((x > 0 ? x : x * 0) - x * t + std::log1p(std::exp(-std::abs(x)))) / width;  // x * 0 keeps a NaN
  }
};
// Row i is right where every logit has its target's side: above 0 where that is above 1/2.
template <class T>
struct right_labels {
  const T *logits, *targets;
  const int* live;
  int width;
  RELREASON_HD bool operator()(std::size_t i) const {
    if (live && static_cast<int>(i) >= *live) return false;
    const std::size_t first = i * static_cast<std::size_t>(width), last = first + static_cast<std::size_t>(width);
    for (std::size_t k = first; k < last; ++k)
      if ((logits[k] > 0) != (targets[k] > T(.5))) return false;
    return true;
  }
};
template <class T, class Scalar>
struct multi_label_gradient {
  const T *logits, *targets;
  const int* live;
  T* to;
  Scalar scale;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    if (live && static_cast<int>(i / static_cast<std::size_t>(width)) >= *live) return;
    const double x = static_cast<double>(logits[i]), e = std::exp(-std::abs(x)), p = x >= 0 ? 1 / (1 + e) : e / (1 + e);
    to[i] += static_cast<T>(static_cast<double>(static_cast<T>(scale)) * (p - static_cast<double>(targets[i])) / width);
  }
};

}  // namespace detail

struct multi_label {
  template <class Logits, class Targets>
  struct bind : operation {
    static_assert(!Logits::integral && !Targets::integral,
                  "relreason::multi_label: it compares logits with targets in 0 to 1, both features<labels>");
    static_assert(same_space<typename Logits::space, typename Targets::space>,
                  "relreason::multi_label: logits and targets must lie on the same space");
    static_assert(Logits::width == Targets::width, "relreason::multi_label: logits and targets must have the same width");
    static constexpr bool on_device = true, judges = true;
    static std::string text() { return "multi-label cross entropy"; }

    template <class C>
    static double entries(C& ctx, const arguments<typename C::real>&) {
      return ctx.template at<typename Logits::space>().listed();
    }
    template <class C, class Tape>
    static void forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      using T = typename C::real;
      const int* live = ctx.template live<typename Logits::space>();
      ctx.add_loss(count(ctx), detail::multi_label_loss<T>{in.real(0), in.real(1), live, Logits::width});
      ctx.add_right(static_cast<std::size_t>(ctx.template at<typename Logits::space>().rows),
                    detail::right_labels<T>{in.real(0), in.real(1), live, Logits::width});
    }
    template <class C, class Tape>  // dx = (sigmoid(x) - t) / L
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::scalar scale) {
      using gradient = detail::multi_label_gradient<typename C::real, typename C::scalar>;
      const int* live = ctx.template live<typename Logits::space>();
      if (in.dx[0]) ctx.each(count(ctx), gradient{in.real(0), in.real(1), live, in.dx[0], scale, Logits::width});
    }

   private:
    template <class C>
    static std::size_t count(const C& ctx) {
      return extent_product(ctx.template at<typename Logits::space>().rows, Logits::width);
    }
  };
};

}  // namespace relreason
