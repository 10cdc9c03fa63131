// relreason/optim/clip.hpp -- clipping by the global L2 norm of the gradient, with the same bits for any number of threads.
// Source: Pascanu, Mikolov, Bengio, ICML 2013; the factor is that of torch.nn.utils.clip_grad_norm_. RN was trained with norm 50.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "relreason/backend/host_device.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/optim/text.hpp"

namespace relreason {

namespace detail {

inline constexpr std::size_t norm_parts = 64, norm_lanes = 16;

// sum_i x_i^2 in double, by 16 running sums added in order. The square of a float is exact in double, so contraction changes nothing.
template <class T>
double sum_of_squares(const T* x, std::size_t n) {
  std::array<double, norm_lanes> sums{};
  std::size_t i = 0;
  for (; i + norm_lanes <= n; i += norm_lanes)
    for (std::size_t lane = 0; lane < norm_lanes; ++lane) sums[lane] += static_cast<double>(x[i + lane]) * static_cast<double>(x[i + lane]);
  for (std::size_t lane = 0; i < n; ++i, ++lane) sums[lane] += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  double sum = 0;
  for (const double s : sums) sum += s;
  return sum;
}

}  // namespace detail

// |g|_2 of n numbers. The array is cut into 64 parts by its length alone; each thread takes whole parts; the parts are added in order.
template <class T>
double global_norm(executor& threads, const T* gradients, std::size_t n) {
  const std::size_t part = (n / detail::norm_parts / detail::norm_lanes + 1) * detail::norm_lanes;
  std::array<double, detail::norm_parts> sums{};
  threads.parallel_for(static_cast<int>(detail::norm_parts), [&](int p) {
    const auto index = static_cast<std::size_t>(p);
    const std::size_t first = std::min(n, index * part), last = std::min(n, first + part);
    sums[index] = detail::sum_of_squares(gradients + first, last - first);
  });
  double sum = 0;
  for (const double s : sums) sum += s;
  return std::sqrt(sum);
}

namespace detail {
RELREASON_HD inline double clip_scale(double norm, double largest) {
  const double scale = largest / (norm + 1e-6);
  return scale < 1 ? scale : 1;
}
}  // namespace detail

// min(1, largest / (norm + 1e-6)): what to multiply the gradient by. A norm that is not finite is an error: no factor repairs it.
inline double clip_factor(double norm, double largest) {
  if (!(largest > 0)) fail("clip_factor: the largest norm is ", detail::number_text(largest), "; wanted a positive number, or no clipping at all");
  if (!std::isfinite(norm))
    fail("clip_factor: the norm of the gradient is ", detail::number_text(norm), "; look for a loss or an input that is not finite");
  return detail::clip_scale(norm, largest);
}

}  // namespace relreason
