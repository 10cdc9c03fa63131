// tests/optim/optimizer_checks.hpp -- what every optimizer must satisfy, and its agreement with PyTorch.
#pragma once

#include <cstring>
#include <vector>

#include "optim/reference.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/optim/clip.hpp"
#include "relreason/optim/optimizer.hpp"

inline constexpr double double_rounding = 1e-13;  // five steps of some ten double operations on numbers near 1

// The gradient of tests/reference/optim.py at step 1, 2, ...
inline std::vector<double> reference_gradient(int step) {
  std::vector<double> g;
  for (int i = 0; i < 5; ++i) g.push_back((i - 2) * 0.3 + 0.1 * step * (1 - 2 * (i % 2)));
  return g;
}

template <relreason::optimizer Optimizer>
void agrees_with_pytorch(const Optimizer& o, double rate, const std::string& name, double clip = 0) {
  std::vector<double> w{0.5, -1.25, 2.0, -0.03, 0.0};
  std::vector<std::vector<double>> moments(static_cast<std::size_t>(Optimizer::moments), std::vector<double>(5));
  std::vector<double*> m;
  for (auto& moment : moments) m.push_back(moment.data());
  relreason::serial_executor serial;
  for (int step = 1; step <= 5; ++step) {
    const auto g = reference_gradient(step);
    const double scale = clip > 0 ? relreason::clip_factor(relreason::global_norm(serial, g.data(), g.size()), clip) : 1;
    o.update(w.data(), g.data(), m.data(), w.size(), rate, step, scale);
  }
  const auto compare = [&](const std::string& line, const std::vector<double>& ours) {
    const auto theirs = optim_reference(line);
    REQUIRE(theirs.size() == ours.size());
    for (std::size_t i = 0; i < ours.size(); ++i) {
      INFO(line << " element " << i);
      CHECK(std::abs(ours[i] - theirs[i]) <= double_rounding);
    }
  };
  compare(name, w);
  for (std::size_t k = 0; k < moments.size(); ++k) compare(name + "." + std::to_string(k + 1), moments[k]);
}

// n parameters after three steps, updated in ranges of the given length.
template <class T, relreason::optimizer Optimizer>
std::vector<T> in_ranges(const Optimizer& o, std::size_t n, std::size_t range) {
  std::vector<T> w(n), g(n);
  std::vector<std::vector<T>> moments(static_cast<std::size_t>(Optimizer::moments), std::vector<T>(n));
  for (std::size_t i = 0; i < n; ++i) w[i] = static_cast<T>(relreason::philox::normal(1, 0, i));
  for (int step = 1; step <= 3; ++step) {
    for (std::size_t i = 0; i < n; ++i) g[i] = static_cast<T>(relreason::philox::normal(1, static_cast<std::uint64_t>(step), i));
    for (std::size_t first = 0; first < n; first += range) {
      std::vector<T*> m;
      for (auto& moment : moments) m.push_back(moment.data() + first);
      o.update(w.data() + first, g.data() + first, m.data(), std::min(range, n - first), .01, step, .7);
    }
  }
  for (const auto& moment : moments) w.insert(w.end(), moment.begin(), moment.end());
  return w;
}

template <class T, relreason::optimizer Optimizer>
void ranges_change_no_bit(const Optimizer& o) {
  constexpr std::size_t n = 1000;
  const auto whole = in_ranges<T>(o, n, n);
  for (const std::size_t range : {1u, 3u, 64u, 100u, 500u}) {
    const auto parts = in_ranges<T>(o, n, range);
    INFO("ranges of " << range);
    CHECK(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(T)) == 0);
  }
}

// Three steps in float stay this close to the same in double: each step rounds numbers below 4 a few times (eps 6e-8 of 4).
template <relreason::optimizer Optimizer>
void float_follows_double(const Optimizer& o) {
  constexpr double float_rounding = 2e-6;
  const auto single = in_ranges<float>(o, 500, 500);
  const auto twice = in_ranges<double>(o, 500, 500);
  for (std::size_t i = 0; i < 500; ++i) CHECK(std::abs(static_cast<double>(single[i]) - twice[i]) < float_rounding);
}
