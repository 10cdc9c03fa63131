// relreason/message/pool.hpp -- the rows of every parent reduced to one: sum, or mean (0 for a parent without rows).
//   y_p = sum_i x_i   or   y_p = 1 / n_p sum_i x_i
#pragma once

#include <string>

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
    static constexpr bool on_device = true, by_extents = true, mean = std::is_same_v<By, by_mean>;
    static constexpr int w = X::width;

    static std::string text() { return std::string(mean ? "mean" : "sum") + " over " + std::string(space_name<Space>()); }

    template <class T>
    struct tape {
      row_groups of_parent;
      staged<T> factor;  // by parent: 1 / n
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      const extent& e = ctx.template at<Space>();
      t.of_parent = ctx.take_groups(e.rows, e.parents);
      if (mean) t.factor = ctx.template take_table<typename C::real>(e.parents);
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>&) {
      using T = typename C::real;
      const extent& e = ctx.template at<Space>();
      for (int p = 0; p < e.parents; ++p) {
        std::fill_n(t.of_parent.of.host + e.begin(p), e.count(p), p);
        if (mean) t.factor.host[p] = e.count(p) > 0 ? T(1) / static_cast<T>(e.count(p)) : T(1);
      }
      ctx.close_groups(t.of_parent);
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      const extent& e = ctx.template at<Space>();
      ctx.fill(extent_product(e.parents, w), y, typename C::real(0));
      ctx.sum_groups(t.of_parent, 0, e.rows, w, in.real(0), w, y, w);
      if (mean) ctx.scale_rows(e.parents, w, y, t.factor.at);
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      if (in.dx[0]) ctx.add_rows(ctx.template at<Space>().rows, w, in.dx[0], w, dy, w, t.of_parent.of.at, mean ? t.factor.at : nullptr);
    }
  };
};

}  // namespace relreason
