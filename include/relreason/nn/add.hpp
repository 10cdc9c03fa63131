// relreason/nn/add.hpp -- the sum of values of one width on one space: y = x_1 + x_2 + ...
#pragma once

#include "relreason/core/operation.hpp"

namespace relreason {

struct add {
  template <class X, class... More>
  struct bind : operation {
    static_assert((same_space<typename X::space, typename More::space> && ...), "relreason::add: its values must lie on the same space");
    static_assert(((X::width == More::width) && ...), "relreason::add: its values must have the same width");
    static_assert(!X::integral && (!More::integral && ...), "relreason::add: it adds numbers, not ids or labels");
    using out = std::conditional_t<(std::is_same_v<typename X::what, typename More::what> && ...), value<typename X::space, typename X::what>,
                                   rows<typename X::space, X::width>>;  // of maps, maps
    static constexpr bool on_device = true;
    static std::string text() { return "add"; }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      const std::size_t n = extent_product(ctx.template at<typename X::space>().rows, X::width);
      ctx.copy(n, y, in.real(0));
      for (int k = 1; k <= static_cast<int>(sizeof...(More)); ++k) ctx.add(n, y, in.real(k));
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      const std::size_t n = extent_product(ctx.template at<typename X::space>().rows, X::width);
      for (int k = 0; k <= static_cast<int>(sizeof...(More)); ++k)
        if (in.dx[k]) ctx.add(n, in.dx[k], dy);
    }
  };
};

}  // namespace relreason
