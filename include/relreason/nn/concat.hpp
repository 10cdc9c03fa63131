// relreason/nn/concat.hpp -- side by side: one row from several values, those of outer spaces broadcast to the inner one.
#pragma once

#include <array>
#include <cstring>

#include "relreason/backend/rows.hpp"
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
    T* x = nullptr;  // rows x width; unused for a single input
    const int* map[n == 0 ? 1 : n]{};
  };
  template <class C>
  static void plan(C& ctx, tape<typename C::real>& t, bool owned_copy) {
    int i = 0;
    ((t.map[i++] = rows_above<space, typename Inputs::space>(ctx)), ...);
    if (n > 1 || t.map[0] || owned_copy) t.x = ctx.memory->template take<typename C::real>(extent_product(ctx.template at<space>().rows, width));
    else t.x = nullptr;
  }
  // The concatenated rows: the input itself where there is but one on the same space.
  template <class C>
  static const typename C::real* gather(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>& in) {
    if (!t.x) return in.real(0);
    const int rows = ctx.template at<space>().rows;
    int start = 0;
    for (int k = 0; k < n; ++k) {
      const int w = widths[static_cast<std::size_t>(k)];
      for (int r = 0; r < rows; ++r)
        std::memcpy(t.x + extent_product(r, width) + start, in.real(k) + extent_product(t.map[k] ? t.map[k][r] : r, w),
                    static_cast<std::size_t>(w) * sizeof(*t.x));
      start += w;
    }
    return t.x;
  }
  template <class C>  // dx of every input += its columns of d
  static void scatter(C& ctx, const tape<typename C::real>& t, const arguments<typename C::real>& in, const typename C::real* d) {
    const int rows = ctx.template at<space>().rows;
    int start = 0;
    for (int k = 0; k < n; ++k) {
      const int w = widths[static_cast<std::size_t>(k)];
      if (in.dx[k])
        for (int r = 0; r < rows; ++r)
          rows_of::add(static_cast<std::size_t>(w), in.dx[k] + extent_product(t.map[k] ? t.map[k][r] : r, w), d + extent_product(r, width) + start);
      start += w;
    }
  }
  static bool wants_gradient(const void* const* dx) {
    for (int k = 0; k < n; ++k)
      if (dx[k]) return true;
    return false;
  }
};

}  // namespace relreason
