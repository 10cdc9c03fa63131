// relreason/core/rows_view.hpp -- rows of equal width in memory that somebody else owns.
// Row-major and dense: row i starts at data + i * width.
#pragma once

#include <cstddef>
#include <type_traits>

namespace relreason {

template <class T>
struct rows_view {
  T* data = nullptr;
  int rows = 0;
  int width = 0;

  T* row(int i) const { return data + static_cast<std::ptrdiff_t>(i) * width; }
  std::size_t size() const { return static_cast<std::size_t>(rows) * static_cast<std::size_t>(width); }
};

namespace detail {
// Tells the doors of xtensor and Eigen apart, without including either.
template <class Array>
concept eigen_matrix = requires {
  std::remove_cvref_t<Array>::RowsAtCompileTime;
};
}  // namespace detail

}  // namespace relreason
