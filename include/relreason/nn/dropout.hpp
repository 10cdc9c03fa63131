// relreason/nn/dropout.hpp -- dropout as an operation: y = x m / (1 - p) in training, y = x in prediction; m ~ Bernoulli(1 - p).
// The mask of an entry depends on seed, step, line and position alone (Philox), so backward makes it again.
#pragma once

#include <string>

#include "relreason/core/operation.hpp"

namespace relreason {

template <int Percent>
struct dropout {
  static_assert(Percent >= 0 && Percent < 100, "relreason::dropout: the percentage must lie in 0 to 99");
  template <class X>
  struct bind : operation {
    static_assert(!X::integral, "relreason::dropout: it drops numbers, not ids or labels");
    using out = value<typename X::space, typename X::what>;
    static constexpr bool on_device = true;
    static std::string text() { return "dropout " + std::to_string(Percent) + " %"; }

    template <class T>
    struct tape {
      T* dx = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      if (ctx.gradients) t.dx = ctx.memory->template take<typename C::real>(count(ctx));
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>&, const arguments<typename C::real>& in, typename C::real* y) {
      ctx.copy(count(ctx), y, in.real(0));
      if (ctx.training) drop(ctx, y);
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      if (!in.dx[0]) return;
      ctx.copy(count(ctx), t.dx, dy);
      drop(ctx, t.dx);
      ctx.add(count(ctx), in.dx[0], t.dx);
    }

   private:
    template <class C>
    static std::size_t count(const C& ctx) {
      return extent_product(ctx.template at<typename X::space>().rows, X::width);
    }
    template <class C>
    static void drop(C& ctx, typename C::real* x) {
      ctx.dropout(count(ctx), x, Percent, 0, extent_product(ctx.template at<typename X::space>().base, X::width));
    }
  };
};

}  // namespace relreason
