// relreason/optim/schedule.hpp -- learning rates as a function of the epoch, which is counted from 1.
// Source: "Re-implementing and Extending Relation Network for R-CBIR" and its code. The e of a formula is the epoch, and equals
// last_epoch of PyTorch's schedulers: rate(e) is what PyTorch gives after e calls of step().
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

#include "relreason/core/error.hpp"
#include "relreason/optim/text.hpp"

namespace relreason {

// A schedule is a value with a rate for every epoch from 1 on. One that learns from the loss has observe(), state() and restore() as well.
template <class Schedule>
concept rate_schedule = requires(const Schedule& s, int epoch) {
  { s.rate(epoch) } -> std::convertible_to<double>;
  { s.check() } -> std::same_as<void>;
  { s.text() } -> std::convertible_to<std::string>;
};

namespace detail {

inline void check_rate(std::string_view schedule, std::string_view what, double rate) {
  if (!(rate > 0) || !std::isfinite(rate)) fail(schedule, ": ", what, " is ", number_text(rate), "; wanted a positive number");
}
inline void check_epochs(std::string_view schedule, std::string_view what, int epochs) {
  if (epochs < 1) fail(schedule, ": ", what, " is ", epochs, " epochs; wanted at least 1");
}
inline void check_order(std::string_view schedule, double minimum, double base) {
  if (!(minimum >= 0 && minimum <= base))
    fail(schedule, ": minimum is ", number_text(minimum), "; wanted 0 to ", number_text(base), ", the base rate");
}

// min(base 2^k, cap)
inline double doubled(double base, int k, double cap) { return std::min(std::ldexp(base, k), cap); }

}  // namespace detail

// The same rate for ever. 1e-4 is Santoro et al.'s for scene descriptions (2.5e-4 for pixels).
struct constant_rate {
  double base = 1e-4;
  double rate(int) const { return base; }
  void check() const { detail::check_rate("constant", "base", base); }
  std::string text() const { return detail::settings_text("constant", {{"base", base}}); }
};

// min(base 2^floor(e / every), cap): the warm-up that takes RN from 70 to 98 %.
struct doubling {
  double base = 5e-6, cap = 5e-4;
  int every = 20;
  double rate(int epoch) const { return detail::doubled(base, epoch / every, cap); }
  void check() const {
    detail::check_rate("doubling", "base", base);
    detail::check_rate("doubling", "cap", cap);
    detail::check_epochs("doubling", "every", every);
  }
  std::string text() const { return detail::settings_text("doubling", {{"base", base}, {"cap", cap}, {"every", double(every)}}); }

  // The rates the paper's text gives, 5 times below those of its code.
  static constexpr doubling paper_text() { return {1e-6, 1e-4, 20}; }
};

// base 2^floor((e + 1) / every) as the published runs had it: they test the cap before they double, so one doubling overshoots (to 6.4e-4).
struct doubling_legacy {
  double base = 5e-6, cap = 5e-4;
  int every = 20;
  double rate(int epoch) const {
    int most = 0;  // doublings until the cap is reached
    while (std::ldexp(base, most) < cap) ++most;
    return std::ldexp(base, std::min((epoch + 1) / every, most));
  }
  void check() const {
    detail::check_rate("doubling-legacy", "base", base);
    detail::check_rate("doubling-legacy", "cap", cap);
    detail::check_epochs("doubling-legacy", "every", every);
  }
  std::string text() const { return detail::settings_text("doubling-legacy", {{"base", base}, {"cap", cap}, {"every", double(every)}}); }
};

// minimum + (base - minimum) (1 + cos(pi e / period)) / 2, then the minimum for ever (PyTorch would climb again).
struct cosine {
  double base = 5e-4, minimum = 0;
  int period = 350;  // the length of the published training
  double rate(int epoch) const {
    if (epoch >= period) return minimum;
    return minimum + .5 * (base - minimum) * (1 + std::cos(3.141592653589793 * epoch / period));
  }
  void check() const {
    detail::check_rate("cosine", "base", base);
    detail::check_order("cosine", minimum, base);
    detail::check_epochs("cosine", "period", period);
  }
  std::string text() const { return detail::settings_text("cosine", {{"base", base}, {"minimum", minimum}, {"period", double(period)}}); }
};

// d base + (1 - d) minimum, d = decay^i (1 + cos(pi t / T_i)) / 2: t epochs into the i-th period, which is T_i = period growth^i long.
// Source: Loshchilov and Hutter, "SGDR", ICLR 2017. growth is T_mult, decay is eta_mult of the paper's code.
struct cosine_restarts {
  double base = 7.5e-4, minimum = 5e-6;
  int period = 30, growth = 1;
  double decay = 1;
  double rate(int epoch) const {
    long long t = epoch, length = period, i = 0;
    if (growth == 1) {
      i = t / length;
      t %= length;
    }
    for (; t >= length; ++i, length *= growth) t -= length;
    const double angle = 3.141592653589793 * static_cast<double>(t) / static_cast<double>(length);
    const double d = .5 * std::pow(decay, static_cast<double>(i)) * (1 + std::cos(angle));
    return d * base + (1 - d) * minimum;
  }
  void check() const {
    detail::check_rate("cosine-restarts", "base", base);
    detail::check_order("cosine-restarts", minimum, base);
    detail::check_epochs("cosine-restarts", "period", period);
    if (growth < 1) fail("cosine-restarts: growth is ", growth, "; wanted a whole number from 1 on");
    if (!(decay > 0 && decay <= 1)) fail("cosine-restarts: decay is ", detail::number_text(decay), "; wanted 0 < decay <= 1");
  }
  std::string text() const {
    return detail::settings_text("cosine-restarts",
                                 {{"base", base}, {"minimum", minimum}, {"period", double(period)}, {"growth", double(growth)}, {"decay", decay}});
  }
};

// base factor^e
struct exponential {
  double base = 5e-4, factor = .99;
  double rate(int epoch) const { return base * std::pow(factor, epoch); }
  void check() const {
    detail::check_rate("exponential", "base", base);
    detail::check_rate("exponential", "factor", factor);
  }
  std::string text() const { return detail::settings_text("exponential", {{"base", base}, {"factor", factor}}); }
};

// base factor^floor(e / every)
struct step_rate {
  double base = 5e-4, factor = .5;
  int every = 20;
  double rate(int epoch) const { return base * std::pow(factor, epoch / every); }
  void check() const {
    detail::check_rate("step", "base", base);
    detail::check_rate("step", "factor", factor);
    detail::check_epochs("step", "every", every);
  }
  std::string text() const { return detail::settings_text("step", {{"base", base}, {"factor", factor}, {"every", double(every)}}); }
};

// min(base 2^floor((e mod period) / every), cap): doubling that starts over; AVF-RN was trained with it.
struct step_restarts {
  double base = 5e-6, cap = 5e-4;
  int every = 20, period = 1000;
  double rate(int epoch) const { return detail::doubled(base, epoch % period / every, cap); }
  void check() const {
    detail::check_rate("step-restarts", "base", base);
    detail::check_rate("step-restarts", "cap", cap);
    detail::check_epochs("step-restarts", "every", every);
    detail::check_epochs("step-restarts", "period", period);
  }
  std::string text() const {
    return detail::settings_text("step-restarts", {{"base", base}, {"cap", cap}, {"every", double(every)}, {"period", double(period)}});
  }
};

// Multiplies the rate by `factor` when the validation loss has not fallen by 0.01 % for more than `patience` observations in a row.
// Source: torch.optim.lr_scheduler.ReduceLROnPlateau with its defaults; factor and minimum as in the paper's code.
struct plateau {
  double base = 5e-4, minimum = 1e-6, factor = .5;
  int patience = 10;
  double best = std::numeric_limits<double>::infinity(), bad = 0, share = 1;  // best loss, observations without progress, rate / base

  double rate(int) const { return base * share; }

  // A loss that is not a number counts as no progress.
  void observe(double loss) {
    if (loss < best * (1 - 1e-4)) {
      best = loss;
      bad = 0;
    } else {
      ++bad;
    }
    if (bad <= patience) return;
    bad = 0;
    share = std::max(share * factor, minimum / base);
  }

  // What a checkpoint keeps.
  std::array<double, 3> state() const { return {best, bad, share}; }
  void restore(const std::array<double, 3>& state) {
    const bool good = !std::isnan(state[0]) && state[1] >= 0 && state[1] <= patience && state[2] > 0 && state[2] <= 1;
    if (!good)
      fail("plateau::restore: state (", detail::number_text(state[0]), ", ", detail::number_text(state[1]), ", ", detail::number_text(state[2]),
           "); wanted (best loss, count of 0 to ", patience, ", share of the base rate)");
    best = state[0];
    bad = state[1];
    share = state[2];
  }

  void check() const {
    detail::check_rate("plateau", "base", base);
    detail::check_order("plateau", minimum, base);
    if (!(factor > 0 && factor < 1)) fail("plateau: factor is ", detail::number_text(factor), "; wanted 0 < factor < 1");
    if (patience < 0) fail("plateau: patience is ", patience, "; wanted 0 or more observations");
  }
  std::string text() const {
    return detail::settings_text("plateau", {{"base", base}, {"minimum", minimum}, {"factor", factor}, {"patience", double(patience)}});
  }
};

static_assert(rate_schedule<constant_rate> && rate_schedule<doubling> && rate_schedule<doubling_legacy> && rate_schedule<cosine>);
static_assert(rate_schedule<cosine_restarts> && rate_schedule<exponential> && rate_schedule<step_rate> && rate_schedule<step_restarts>);
static_assert(rate_schedule<plateau>);

}  // namespace relreason
