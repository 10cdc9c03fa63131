// relreason/nn/relu.hpp -- relu<>: y = max(x, 0), number by number; NaN stays NaN. relu<width> is a layer of mlp (nn/layers.hpp).
#pragma once

#include "relreason/backend/host_device.hpp"
#include "relreason/nn/layers.hpp"

namespace relreason {

namespace detail {
template <class T>
struct relu_forward {
  const T* x;
  T* y;
  RELREASON_HD void operator()(std::size_t i) const { y[i] = x[i] < 0 ? T(0) : x[i]; }
};
template <class T>
struct relu_backward {
  const T *y, *dy;
  T* dx;
  RELREASON_HD void operator()(std::size_t i) const { dx[i] += y[i] > 0 ? dy[i] : T(0); }
};
}  // namespace detail

template <>
struct relu<0> {
  template <class X>
  struct bind : operation {
    static_assert(!X::integral, "relreason::relu: it reads numbers, not ids or labels");
    using out = value<typename X::space, typename X::what>;
    static constexpr bool on_device = true;
    static std::string text() { return "relu"; }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      ctx.each(count(ctx), detail::relu_forward<typename C::real>{in.real(0), y});
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real* y,
                         const typename C::real* dy) {
      if (in.dx[0]) ctx.each(count(ctx), detail::relu_backward<typename C::real>{y, dy, in.dx[0]});
    }

   private:
    template <class C>
    static std::size_t count(const C& ctx) {
      return extent_product(ctx.template at<typename X::space>().rows, X::width);
    }
  };
};

}  // namespace relreason
