// relreason/nn/grid_objects.hpp -- the cells of maps as objects: row y W + x of an object space is the cell's channels, then its x and y.
// Source: Santoro et al., NIPS 2017; x = linspace(-4, 4, W) by column, y = linspace(-4, 4, H) by row in the code of Messina et al.
#pragma once

#include <string>
#include <type_traits>

#include "relreason/nn/windows.hpp"

namespace relreason {

// Options of grid_objects.
template <int Numerator, int Denominator = 1>
struct coordinates {  // from -range to range
  static_assert(Numerator > 0 && Denominator > 0, "relreason::coordinates: the range must be positive");
};
struct no_coordinates {};

namespace detail {

struct grid_options {
  double range = 4;
  bool good = true;
};
template <class O>
struct grid_option {
  static constexpr void set(grid_options& o) { o.good = false; }
};
template <int N, int D>
struct grid_option<coordinates<N, D>> {
  static constexpr void set(grid_options& o) { o.range = static_cast<double>(N) / D; }
};
template <>
struct grid_option<no_coordinates> {
  static constexpr void set(grid_options& o) { o.range = 0; }
};
template <class... Options>
constexpr grid_options read_grid_options() {
  grid_options o;
  (grid_option<Options>::set(o), ...);
  return o;
}

// Place i of n from -range to range: from the nearer end, so that both halves mirror each other, as in PyTorch's linspace.
template <class T>
RELREASON_HD constexpr T grid_place(int i, int n, T range) {
  if (n == 1) return -range;
  const bool near = i < n / 2;
  const T way = 2 * range * static_cast<T>(near ? i : n - 1 - i) / static_cast<T>(n - 1);
  return near ? way - range : range - way;
}
template <class T>
struct grid_coordinates {
  int height, map_width, ld;
  T range;
  T* to;  // x of the first cell
  RELREASON_HD void operator()(std::size_t i) const {
    const int cell = static_cast<int>(i % static_cast<std::size_t>(height * map_width));
    T* const at = to + i * static_cast<std::size_t>(ld);
    at[0] = grid_place(cell % map_width, map_width, range);
    at[1] = grid_place(cell / map_width, height, range);
  }
};

}  // namespace detail

// Cell: the space of the objects, below that of the maps: exactly<height x width, ...>; or each<...> or at_most<n, ...>, which this operation then
// fills, on the CPU alone. Maps of a space further out (one picture, many questions) are repeated for every parent of the objects.
template <class Cell, class... Options>
struct grid_objects {
  static constexpr auto options = detail::read_grid_options<Options...>();
  static_assert(options.good, "relreason::grid_objects: an option must be coordinates<n, d> or no_coordinates");

  template <class X>
  struct bind : operation {
    static consteval bool holds() {
      if constexpr (std::is_void_v<typename Cell::parent>) return false;
      else return inside<typename Cell::parent, typename X::space>();
    }
    static_assert(is_maps<typename X::what>, "relreason::grid_objects: it reads maps<channels, height, width>, not plain features, ids or labels");
    static_assert(Cell::kind == space_kind::each && holds(),
                  "relreason::grid_objects: the objects must lie on an exactly<n, ...>, each<...> or at_most<n, ...> space of the space of the maps");
    using shape = detail::map_shape<typename X::what>;
    static constexpr int w = shape::channels, cells = shape::height * shape::width, more = options.range > 0 ? 2 : 0;
    static_assert(is_exact<Cell> || Cell::capacity == 0 || Cell::capacity >= cells,
                  "relreason::grid_objects: at_most<n, ...> has no room for all cells of the maps");
    static_assert(!is_exact<Cell> || Cell::capacity == cells, "relreason::grid_objects: exactly<n, ...> must name the number of cells of the maps");
    static constexpr bool filling = !is_exact<Cell>;
    using fills = std::conditional_t<filling, Cell, void>;
    using out = rows<Cell, w + more>;
    static constexpr bool on_device = !filling;
    static std::string text() { return std::string("cells as objects") + (more ? ", with x and y" : ""); }

    static constexpr bool repeats = !std::is_same_v<typename Cell::parent, typename X::space>;
    template <class T>
    struct tape {
      row_groups map;  // repeats: the cells of the maps, by cell of the objects
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      const extent& e = ctx.template at<Cell>();
      if constexpr (repeats) t.map = ctx.take_groups(e.parents * cells, ctx.template at<typename X::space>().rows * cells);
      if (filling && e.rows < e.parents * cells)
        fail("grid_objects: the maps have ", cells, " cells, but room for ", e.parents ? e.rows / e.parents : 0, " objects of ", space_name<Cell>(),
             " per parent was planned; call limits::set<", space_name<Cell>(), ">(", cells, ")");
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>&) {
      if constexpr (repeats) {
        using parent = typename Cell::parent;
        if constexpr (is_once<typename X::space> && !is_once<parent>)  // one map, for every parent
          for (int i = 0; i < ctx.template at<parent>().listed() * cells; ++i) t.map.of.host[i] = i % cells;
        else
          for (int m = 0; m < ctx.template at<typename X::space>().rows; ++m)
            for (int p = first_row_below<parent, typename X::space>(ctx, m); p < first_row_below<parent, typename X::space>(ctx, m + 1); ++p)
              for (int k = 0; k < cells; ++k) t.map.of.host[p * cells + k] = m * cells + k;
        ctx.close_groups(t.map);
      }
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      using T = typename C::real;
      const int parents = ctx.template at<Cell>().parents;
      if constexpr (filling) {
        const auto to = ctx.template filling<Cell>();
        for (int p = 0; p <= parents; ++p) to.offsets[p] = p * cells;
      }
      ctx.copy_rows(parents * cells, w, y, w + more, in.real(0), w, t.map.of.at);
      if (more)
        ctx.each(extent_product(parents, cells),
                 detail::grid_coordinates<T>{shape::height, shape::width, w + more, static_cast<T>(options.range), y + w});
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      const int n = ctx.template at<Cell>().parents * cells;
      if (!in.dx[0]) return;
      if (repeats) ctx.sum_groups(t.map, 0, n, w, dy, w + more, in.dx[0], w);
      else ctx.add_rows(n, w, in.dx[0], w, dy, w + more);
    }
  };
};

}  // namespace relreason
