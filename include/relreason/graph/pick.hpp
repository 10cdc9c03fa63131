// relreason/graph/pick.hpp -- reading a value through a listed subset: gather forward, scatter and add backward.
//   y_k = x[index_k]    dx[index_k] += dy_k
#pragma once

#include "relreason/core/operation.hpp"

namespace relreason {

// let<"m", pick<masked>, of<"h">> with struct masked : some<word> {}. Indices count rows of the whole batch.
template <class Subset>
struct pick {
  static_assert(Subset::kind == space_kind::some, "relreason::pick: its space must be a some<...>, a listed subset");
  template <class X>
  struct bind : operation {
    static_assert(same_space<typename X::space, typename Subset::whole>,
                  "relreason::pick: its value must lie on the space that the subset is taken from");
    static_assert(!X::integral, "relreason::pick: it reads numbers, not ids or labels");
    using out = rows<Subset, X::width>;
    static constexpr bool on_device = true;
    static std::string text() { return "pick " + std::string(space_name<Subset>()); }

    template <class T>
    struct tape {
      row_groups of_whole;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      t.of_whole = ctx.take_groups(ctx.template at<Subset>().rows, ctx.template at<typename Subset::whole>().rows);
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>&) {
      const extent& e = ctx.template at<Subset>();
      for (int k = 0; k < e.listed(); ++k) t.of_whole.of.host[k] = e.index[k] - ctx.template at<typename Subset::whole>().base;
      ctx.close_groups(t.of_whole);
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      ctx.copy_rows(ctx.template at<Subset>().rows, X::width, y, X::width, in.real(0), X::width, t.of_whole.of.at);
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      if (in.dx[0]) ctx.sum_groups(t.of_whole, 0, ctx.template at<Subset>().rows, X::width, dy, X::width, in.dx[0], X::width);
    }
  };
};

}  // namespace relreason
