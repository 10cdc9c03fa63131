// bench/compile_time/eigen.cpp -- the yardstick: Eigen's dense matrices alone.
#include <Eigen/Dense>
