// tests/compile_fail/eigen_expression.cpp
// expect: relreason::as_rows: an expression of Eigen has no memory; keep its eval() in a matrix first
#include "relreason/data/eigen.hpp"

Eigen::VectorXf x(3);
auto rows = relreason::as_rows(2 * x);
