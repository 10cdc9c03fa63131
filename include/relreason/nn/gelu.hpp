// relreason/nn/gelu.hpp -- gelu<>, gelu_tanh<>: y = x Phi(x), exact or by tanh, number by number; gelu<width> is a layer of mlp (nn/layers.hpp).
// Source: Hendrycks, Gimpel, arXiv:1606.08415, Sec. 2; PyTorch's GELU() and GELU(approximate="tanh"). CLIP's QuickGELU, x sigmoid(1.702 x), is neither.
#pragma once

#include <string>

#include "relreason/nn/layers.hpp"

namespace relreason {

namespace detail {
template <activation Form>
struct gelu_operation {
  template <class X>
  struct bind : operation {
    static_assert(!X::integral, "relreason::gelu: it reads numbers, not ids or labels");
    using out = value<typename X::space, typename X::what>;
    static constexpr bool on_device = true, keeps_nothing = true;
    static std::string text() { return Form == activation::gelu ? "gelu" : "gelu tanh"; }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      ctx.gelu(Form, count(ctx), y, in.real(0));
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      if (in.dx[0]) ctx.gelu_back(Form, count(ctx), in.dx[0], in.real(0), dy, true);
    }

   private:
    template <class C>
    static std::size_t count(const C& ctx) {
      return extent_product(ctx.template at<typename X::space>().rows, X::width);
    }
  };
};
}  // namespace detail

template <>
struct gelu<0> : detail::gelu_operation<activation::gelu> {};
template <>
struct gelu_tanh<0> : detail::gelu_operation<activation::gelu_tanh> {};

}  // namespace relreason
