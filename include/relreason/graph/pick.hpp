// relreason/graph/pick.hpp -- reading a value through a listed subset: gather forward, scatter and add backward.
//   y_k = x[index_k]    dx[index_k] += dy_k
#pragma once

#include <cstring>

#include "relreason/backend/rows.hpp"
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
    static std::string text() { return "pick " + std::string(space_name<Subset>()); }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      const extent& e = ctx.template at<Subset>();
      const int base = ctx.template at<typename Subset::whole>().base;
      for (int k = 0; k < e.rows; ++k)
        std::memcpy(y + extent_product(k, X::width), in.real(0) + extent_product(e.index[k] - base, X::width), X::width * sizeof(*y));
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      if (!in.dx[0]) return;
      const extent& e = ctx.template at<Subset>();
      const int base = ctx.template at<typename Subset::whole>().base;
      for (int k = 0; k < e.rows; ++k)
        rows_of::add(X::width, in.dx[0] + extent_product(e.index[k] - base, X::width), dy + extent_product(k, X::width));
    }
  };
};

}  // namespace relreason
