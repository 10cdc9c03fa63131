// relreason/data/xtensor.hpp -- the door for xtensor users: their arrays as rows without a copy, and rows as an array of theirs.
// Source: xtensor 0.24 (xtensor/xtensor.hpp) and 0.26 or later (xtensor/containers/xtensor.hpp).
#pragma once

#if __has_include(<xtensor/containers/xtensor.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <type_traits>

#include "relreason/core/error.hpp"
#include "relreason/core/rows_view.hpp"

namespace relreason {

namespace detail {

template <class T>
inline constexpr bool is_xtensor_container = false;
template <class Storage, std::size_t Axes, xt::layout_type Layout, class Tag>
inline constexpr bool is_xtensor_container<xt::xtensor_container<Storage, Axes, Layout, Tag>> = true;
template <class Storage, xt::layout_type Layout, class Shape, class Tag>
inline constexpr bool is_xtensor_container<xt::xarray_container<Storage, Layout, Shape, Tag>> = true;

template <class Array>
std::size_t product_of_axes(const Array& x, std::size_t first, std::size_t last) {
  std::size_t product = 1;
  for (std::size_t i = first; i < last; ++i) product *= x.shape(i);
  return product;
}

inline void check_rows(std::size_t axes, std::size_t leading, std::size_t rows, std::size_t width, bool row_major) {
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<int>::max());
  if (axes == 0) fail("as_rows: found an array without axes, wanted at least one; its first axis counts the rows");
  if (leading < 1 || leading > axes) fail("as_rows: ", leading, " leading axes cannot count the rows of an array of ", axes, "; wanted 1 to ", axes);
  if (!row_major) fail("as_rows: found an array that is not row-major, wanted xt::layout_type::row_major; copy it into an xt::xtensor<T, 2> first");
  if (rows > most || width > most)
    fail("as_rows: found (", rows, ", ", width, ") rows and width, wanted at most ", most, " of each; pass it in parts");
}

template <class T, class Array>
rows_view<T> view_of(Array& x, std::size_t leading) {
  static_assert(std::decay_t<Array>::static_layout != xt::layout_type::column_major,
                "relreason::as_rows: the array is column-major; declare it row-major or copy it into one that is");
  const std::size_t axes = x.dimension(), first = std::min(leading, axes);
  const std::size_t rows = product_of_axes(x, 0, first), width = product_of_axes(x, first, axes);
  check_rows(axes, leading, rows, width, axes == 1 || x.layout() == xt::layout_type::row_major);
  return {x.data(), static_cast<int>(rows), static_cast<int>(width)};
}

}  // namespace detail

// The first axis counts the rows, or the first `leading` ones: (scenes, objects, 7) has scenes * objects rows with leading = 2.
// All others together are the width (1 where there are none). No copy: the array must outlive the view.
template <class Array>
auto as_rows(const Array& x, std::size_t leading = 1) requires(!detail::eigen_matrix<Array>) {
  static_assert(detail::is_xtensor_container<Array>,
                "relreason::as_rows: only xt::xtensor and xt::xarray lie in memory as rows; evaluate an expression or a view with xt::eval first");
  return detail::view_of<const typename Array::value_type>(x, leading);
}
template <class Array>
auto as_rows(Array& x, std::size_t leading = 1) requires(!std::is_const_v<Array> && !detail::eigen_matrix<Array>) {
  static_assert(detail::is_xtensor_container<Array>,
                "relreason::as_rows: only xt::xtensor and xt::xarray lie in memory as rows; evaluate an expression or a view with xt::eval first");
  return detail::view_of<typename Array::value_type>(x, leading);
}
// A temporary would be gone before its view is read.
template <class Array>
  requires(!std::is_lvalue_reference_v<Array> && !detail::eigen_matrix<Array>)
void as_rows(Array&& x, std::size_t leading = 1) = delete;

// A copy of the rows as an array (rows, width).
template <class T>
auto to_xtensor(rows_view<T> x) {
  using value = std::remove_const_t<T>;
  const std::array<std::size_t, 2> shape{static_cast<std::size_t>(x.rows), static_cast<std::size_t>(x.width)};
  xt::xtensor<value, 2, xt::layout_type::row_major> out(shape);
  std::copy_n(x.data, x.size(), out.data());
  return out;
}

}  // namespace relreason
