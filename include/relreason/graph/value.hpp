// relreason/graph/value.hpp -- the type of a value: on which space it lies and what one row of it is.
#pragma once

#include "relreason/graph/space.hpp"

namespace relreason {

// What one row is. Real rows have a width; indices have a limit (found values lie in [0, limit)).
template <int Width>
struct features {
  static_assert(Width > 0, "relreason::features: the width must be positive");
  static constexpr int width = Width, limit = 0;
};
template <int Words>  // token ids 1..Words, 0 for padding
struct ids {
  static_assert(Words > 0, "relreason::ids: the number of words must be positive");
  static constexpr int width = 1, limit = Words + 1;
};
template <int Classes>  // class index 0..Classes-1
struct label {
  static_assert(Classes > 1, "relreason::label: at least two classes");
  static constexpr int width = 1, limit = Classes;
};

// Maps of Channels numbers per cell, rows of cells from top to bottom, cells from left to right, channels innermost ("NHWC"): pictures, what CNNs
// make of them. One row of numbers: what reads features reads maps too, and a cell is a row of Channels numbers.
template <int Channels, int Height, int Width>
struct maps {
  static_assert(Channels > 0 && Height > 0 && Width > 0, "relreason::maps: channels, height and width must be positive");
  static constexpr int channels = Channels, map_height = Height, map_width = Width, cells = Height * Width, width = Channels * cells, limit = 0;
};
template <class What>
inline constexpr bool is_maps = requires {
  requires What::map_height >
  0 && What::limit == 0;
};
// A picture as it is stored: bytes in the order of maps. unit_range makes maps of it.
template <int Channels, int Height, int Width>
struct pixels {
  using as_maps = maps<Channels, Height, Width>;
  static constexpr int width = as_maps::width, limit = 256;
  static constexpr bool bytes = true;
};

template <class Space, class What>
struct value {
  using space = Space;
  using what = What;
  static constexpr int width = What::width;
  static constexpr bool integral = What::limit > 0;         // no operation computes with these as numbers
  static constexpr bool bytes = requires { What::bytes; };  // stored so; other integral values as int
};
template <class Space, int Width>
using rows = value<Space, features<Width>>;

}  // namespace relreason
