// relreason/message/pool.hpp -- the rows of every parent reduced to one: sum, or mean (0 for a parent without rows).
//   y_p = sum_i x_i   or   y_p = 1 / n_p sum_i x_i
#pragma once

#include <string>

#include "relreason/backend/rows.hpp"
#include "relreason/core/operation.hpp"
#include "relreason/message/aggregator.hpp"

namespace relreason {

template <class Space, class By = by_sum>
struct pool {
  static_assert(std::is_same_v<By, by_sum> || std::is_same_v<By, by_mean>, "relreason::pool: the aggregator must be by_sum or by_mean");
  template <class X>
  struct bind : operation {
    static_assert(same_space<typename X::space, Space>, "relreason::pool: its value must lie on the space that it pools");
    static_assert(!std::is_void_v<typename Space::parent>, "relreason::pool: the space has no parent to pool to");
    static_assert(!X::integral, "relreason::pool: it reduces numbers, not ids or labels");
    using out = rows<typename Space::parent, X::width>;
    static constexpr std::size_t w = X::width;

    static std::string text() { return std::string(std::is_same_v<By, by_mean> ? "mean" : "sum") + " over " + std::string(space_name<Space>()); }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      using T = typename C::real;
      const extent& e = ctx.template at<Space>();
      std::fill_n(y, extent_product(e.parents, X::width), T(0));
      for (int p = 0; p < e.parents; ++p) {
        for (int i = 0; i < e.count(p); ++i) rows_of::add(w, y + extent_product(p, X::width), in.real(0) + extent_product(e.begin(p) + i, X::width));
        rows_of::scale(w, y + extent_product(p, X::width), factor<T>(e.count(p)));
      }
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      using T = typename C::real;
      if (!in.dx[0]) return;
      const extent& e = ctx.template at<Space>();
      for (int p = 0; p < e.parents; ++p)
        for (int i = 0; i < e.count(p); ++i)
          rows_of::add_scaled(w, in.dx[0] + extent_product(e.begin(p) + i, X::width), factor<T>(e.count(p)), dy + extent_product(p, X::width));
    }

   private:
    template <class T>
    static T factor(int n) {
      return std::is_same_v<By, by_mean> && n > 0 ? T(1) / static_cast<T>(n) : T(1);
    }
  };
};

}  // namespace relreason
