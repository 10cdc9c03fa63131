// relreason/data/eigen.hpp -- the door for Eigen users: their matrices as rows; rows and learned arrays as their matrices. Nothing is copied.
// Source: Eigen 3.4, "Interfacing with raw buffers: the Map class".
#pragma once

#include <Eigen/Core>
#include <limits>
#include <string_view>
#include <type_traits>

#include "relreason/core/error.hpp"
#include "relreason/core/parameters.hpp"
#include "relreason/core/rows_view.hpp"

namespace relreason {

namespace detail {

template <class T>
using row_major = Eigen::Matrix<std::remove_const_t<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace detail

// Rows and columns in memory of somebody else; of const T they can only be read.
template <class T>
using matrix_map = Eigen::Map<std::conditional_t<std::is_const_v<T>, const detail::row_major<T>, detail::row_major<T>>>;

// A row-major matrix (rows, width), a map or a block of whole rows of one, or a column vector as rows of one value. It must outlive the view.
template <class Matrix>
  requires detail::eigen_matrix<Matrix>
auto as_rows(Matrix&& x) {
  using plain = std::remove_cvref_t<Matrix>;
  static_assert(
      requires { x.data(); }, "relreason::as_rows: an expression of Eigen has no memory; keep its eval() in a matrix first");
  static_assert(std::is_lvalue_reference_v<Matrix> || !std::is_base_of_v<Eigen::PlainObjectBase<plain>, plain>,
                "relreason::as_rows: a temporary matrix would be gone before its rows are read; give it a name");
  static_assert(plain::IsRowMajor || plain::ColsAtCompileTime == 1,
                "relreason::as_rows: the matrix is column-major, Eigen's default; declare it with Eigen::RowMajor");
  constexpr auto most = static_cast<Eigen::Index>(std::numeric_limits<int>::max());
  if (x.rows() > most || x.cols() > most)
    fail("as_rows: found (", x.rows(), ", ", x.cols(), ") rows and columns, wanted at most ", most, " of each; pass it in parts");
  const auto between_rows = plain::IsRowMajor ? x.outerStride() : x.innerStride(), between_values = plain::IsRowMajor ? x.innerStride() : 1;
  if ((x.rows() > 1 && between_rows != x.cols()) || (x.cols() > 1 && between_values != 1))
    fail("as_rows: found rows ", between_rows, " and values ", between_values, " apart, wanted ", x.cols(),
         " and 1; copy them into a matrix of their own");
  using value = std::remove_pointer_t<decltype(x.data())>;
  return rows_view<value>{x.data(), static_cast<int>(x.rows()), static_cast<int>(x.cols())};
}

template <class T>
matrix_map<T> as_matrix(rows_view<T> x) {
  return {x.data, x.rows, x.width};
}

// The learned array of a path, as PyTorch shapes it: linear's "r.g.0.weight" is (out, in), its bias (out, 1); further axes are joined to the second.
template <class M, class T>
matrix_map<T> as_matrix(parameters<M, T>& p, std::string_view path) {
  const array_entry& e = p.entry(path);
  return {p.data() + e.offset, e.shape[0], static_cast<Eigen::Index>(e.count) / e.shape[0]};
}
template <class M, class T>
matrix_map<const T> as_matrix(const parameters<M, T>& p, std::string_view path) {
  const array_entry& e = p.entry(path);
  return {p.data() + e.offset, e.shape[0], static_cast<Eigen::Index>(e.count) / e.shape[0]};
}

}  // namespace relreason
