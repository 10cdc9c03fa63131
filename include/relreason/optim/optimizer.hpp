// relreason/optim/optimizer.hpp -- what an optimizer is, and the loop over flat arrays that all of them share.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>

#include "relreason/core/error.hpp"
#include "relreason/optim/text.hpp"

namespace relreason {

// An optimizer keeps `moments` arrays as long as the parameters, which start at zero and are saved under `moment_names`.
// update(w, g, m, n, rate, step, scale): one step of n parameters in place, element by element, with gradient scale * g.
// step counts from 1. Splitting [0, n) into ranges, one update each, gives the same result.
template <class Optimizer>
concept optimizer = requires(const Optimizer& o, float* w, const float* g, float* const* m, double* wd, const double* gd, double* const* md) {
  { Optimizer::name } -> std::convertible_to<std::string_view>;
  { Optimizer::moments } -> std::convertible_to<int>;
  { Optimizer::moment_names[0] } -> std::convertible_to<std::string_view>;
  requires Optimizer::moment_names.size() == static_cast<std::size_t>(Optimizer::moments);
  { o.update(w, g, m, std::size_t{}, double{}, 1LL, double{}) } -> std::same_as<void>;
  { o.update(wd, gd, md, std::size_t{}, double{}, 1LL, double{}) } -> std::same_as<void>;
  { o.check() } -> std::same_as<void>;
  { o.text() } -> std::convertible_to<std::string>;
};

namespace detail {

inline constexpr std::size_t element_block = 64;

// body(first, count) over [0, n). A whole block passes its count as a constant, which compilers need to vectorize at -O2.
template <class Body>
void for_element_blocks(std::size_t n, Body&& body) {
  std::size_t first = 0;
  for (; first + element_block <= n; first += element_block) body(first, std::integral_constant<std::size_t, element_block>{});
  if (first < n) body(first, n - first);
}

inline void check_setting(std::string_view policy, std::string_view setting, double value, bool good, std::string_view wanted) {
  if (!good || !std::isfinite(value)) fail(policy, ": ", setting, " is ", number_text(value), "; wanted ", wanted);
}

inline void check_step(std::string_view policy, long long step) {
  if (step < 1) fail(policy, "::update: step is ", step, "; steps count from 1");
}

}  // namespace detail
}  // namespace relreason
