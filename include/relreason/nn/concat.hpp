// relreason/nn/concat.hpp -- side by side: one row from several values, those of outer spaces broadcast to the inner one.
#pragma once

#include <array>

#include "relreason/core/operation.hpp"

namespace relreason {

// x_i = [a_i ; b_up(i) ; ...] on the innermost of the inputs' spaces.
template <class... Inputs>
struct concat {
  static constexpr int n = sizeof...(Inputs);
  using space = deepest_space<Inputs...>;
  static_assert((inside<space, typename Inputs::space>() && ...),
                "relreason: a row-wise operation reads values of spaces that do not contain each other; one must be the other's parent");
  static_assert((!Inputs::integral && ...), "relreason: a row-wise operation reads numbers, not ids or labels; put an embedding before it");
  static constexpr std::array<int, static_cast<std::size_t>(n)> widths{Inputs::width...};
  static constexpr int width = (0 + ... + Inputs::width);

  template <class T>
  struct tape {
    T* x = nullptr;                    // rows x width; unused for a single input
    row_groups above[n == 0 ? 1 : n];  // rows grouped by that of an outer input
  };
  template <class C>
  static void plan(C& ctx, tape<typename C::real>& t) {
    int i = 0;
    ((t.above[i++] = take_groups_above<space, typename Inputs::space>(ctx)), ...);
    constexpr bool one = n == 1 && (same_space<space, typename Inputs::space> && ...);
    t.x = one ? nullptr : ctx.memory->template take<typename C::real>(extent_product(ctx.template at<space>().rows, width));
  }
  template <class C>
  static void lay_out(C& ctx, tape<typename C::real>& t) {
    int i = 0;
    (fill_groups_above<space, typename Inputs::space>(ctx, t.above[i++]), ...);
  }
  // The concatenated rows: the input itself where there is but one on the same space.
  template <class C>
  static const typename C::real* gather(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>& in) {
    if (!t.x) return in.real(0);
    const int rows = ctx.template at<space>().rows;
    for (int k = 0, start = 0; k < n; start += widths[static_cast<std::size_t>(k++)]) {
      const int w = widths[static_cast<std::size_t>(k)];
      ctx.copy_rows(rows, w, t.x + start, width, in.real(k), w, t.above[k].of.at);
    }
    return t.x;
  }
  template <class C>  // dx of every input += its columns of d
  static void scatter(C& ctx, const tape<typename C::real>& t, const arguments<typename C::real>& in, const typename C::real* d) {
    const int rows = ctx.template at<space>().rows;
    for (int k = 0, start = 0; k < n; start += widths[static_cast<std::size_t>(k++)]) {
      const int w = widths[static_cast<std::size_t>(k)];
      if (!in.dx[k]) continue;
      if (t.above[k].of.at) ctx.sum_groups(t.above[k], 0, rows, w, d + start, width, in.dx[k], w);
      else ctx.add_rows(rows, w, in.dx[k], w, d + start, width);
    }
  }
  static bool wants_gradient(const void* const* dx) {
    for (int k = 0; k < n; ++k)
      if (dx[k]) return true;
    return false;
  }
};

}  // namespace relreason
