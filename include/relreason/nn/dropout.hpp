// relreason/nn/dropout.hpp -- dropout as an operation: y = x m / (1 - p) in training, y = x in prediction; m ~ Bernoulli(1 - p).
// The mask of an entry depends on seed, step, line and position alone (Philox), so backward makes it again.
#pragma once

#include <string>

#include "relreason/backend/rows.hpp"
#include "relreason/nn/layers.hpp"

namespace relreason {

template <int Percent>
struct dropout {
  static_assert(Percent >= 0 && Percent < 100, "relreason::dropout: the percentage must lie in 0 to 99");
  template <class X>
  struct bind : operation {
    static_assert(!X::integral, "relreason::dropout: it drops numbers, not ids or labels");
    using out = rows<typename X::space, X::width>;
    static std::string text() { return "dropout " + std::to_string(Percent) + " %"; }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      const extent& e = ctx.template at<typename X::space>();
      std::copy_n(in.real(0), extent_product(e.rows, X::width), y);
      for (int r = 0; ctx.training && r < e.rows; ++r) drop(ctx, y + extent_product(r, X::width), e.base + r);
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      if (!in.dx[0]) return;
      const extent& e = ctx.template at<typename X::space>();
      typename C::real row[X::width];
      for (int r = 0; r < e.rows; ++r) {
        std::copy_n(dy + extent_product(r, X::width), X::width, row);
        drop(ctx, row, e.base + r);
        rows_of::add(X::width, in.dx[0] + extent_product(r, X::width), row);
      }
    }

   private:
    template <class C>
    static void drop(C& ctx, typename C::real* row, int at) {
      rows_of::dropout(X::width, row, Percent, ctx.seed, rows_of::dropout_stream(ctx.line, 0, ctx.step), extent_product(at, X::width));
    }
  };
};

}  // namespace relreason
