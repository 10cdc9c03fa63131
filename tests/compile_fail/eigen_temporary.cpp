// tests/compile_fail/eigen_temporary.cpp
// expect: relreason::as_rows: a temporary matrix would be gone before its rows are read; give it a name
#include "relreason/data/eigen.hpp"

auto rows = relreason::as_rows(Eigen::VectorXf(3));
