// tests/compile_fail/eigen_column_major.cpp
// expect: relreason::as_rows: the matrix is column-major, Eigen's default; declare it with Eigen::RowMajor
#include "relreason/data/eigen.hpp"

Eigen::MatrixXf m(2, 3);
auto rows = relreason::as_rows(m);
