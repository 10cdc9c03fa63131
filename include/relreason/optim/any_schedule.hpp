// relreason/optim/any_schedule.hpp -- a schedule chosen by name at run time, for programs and checkpoints.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "relreason/core/name_list.hpp"
#include "relreason/optim/schedule.hpp"

namespace relreason {

inline constexpr std::array<std::string_view, 10> schedule_names{
    "constant", "doubling", "doubling-legacy", "paper-text", "cosine", "cosine-restarts", "exponential", "step", "step-restarts", "plateau"};

// Any of the schedules that ship.
class any_schedule {
 public:
  using one = std::variant<constant_rate, doubling, doubling_legacy, cosine, cosine_restarts, exponential, step_rate, step_restarts, plateau>;

  any_schedule() = default;
  explicit any_schedule(one which) : which_(std::move(which)) { check(); }

  double rate(int epoch) const {
    return std::visit([&](const auto& s) { return s.rate(epoch); }, which_);
  }
  void check() const {
    std::visit([](const auto& s) { s.check(); }, which_);
  }
  std::string text() const {
    return std::visit([](const auto& s) { return s.text(); }, which_);
  }

  // The validation loss, where it matters; other schedules ignore it.
  void observe(double loss) {
    if (auto* p = std::get_if<plateau>(&which_)) p->observe(loss);
  }

  // What a checkpoint keeps: nothing for a pure function of the epoch.
  std::vector<double> state() const {
    const auto* p = std::get_if<plateau>(&which_);
    if (!p) return {};
    const auto state = p->state();
    return {state.begin(), state.end()};
  }
  void restore(const std::vector<double>& state) {
    auto* p = std::get_if<plateau>(&which_);
    const std::size_t wanted = p ? 3 : 0;
    if (state.size() != wanted)
      fail("any_schedule::restore: ", state.size(), " numbers for ", text(), "; wanted ", wanted, "; was the checkpoint made with another schedule?");
    if (p) p->restore({state[0], state[1], state[2]});
  }

 private:
  one which_ = doubling{};
};

static_assert(rate_schedule<any_schedule>);

// What a command line may set; what it leaves out keeps the schedule's default.
struct schedule_options {
  std::optional<double> base{}, cap{}, minimum{}, factor{}, decay{};
  std::optional<int> every{}, period{}, growth{}, patience{};
};

namespace detail {

// Moves one option into a schedule's field; left over options are errors.
template <class T>
void take_option(std::optional<T>& option, T& field) {
  if (option) field = *option;
  option.reset();
}

template <class Schedule>
void take_options(schedule_options& o, Schedule& s) {
  take_option(o.base, s.base);
  if constexpr (requires { s.cap; }) take_option(o.cap, s.cap);
  if constexpr (requires { s.minimum; }) take_option(o.minimum, s.minimum);
  if constexpr (requires { s.factor; }) take_option(o.factor, s.factor);
  if constexpr (requires { s.decay; }) take_option(o.decay, s.decay);
  if constexpr (requires { s.every; }) take_option(o.every, s.every);
  if constexpr (requires { s.period; }) take_option(o.period, s.period);
  if constexpr (requires { s.growth; }) take_option(o.growth, s.growth);
  if constexpr (requires { s.patience; }) take_option(o.patience, s.patience);
}

inline void refuse_left_over(std::string_view name, const schedule_options& o) {
  const std::array<std::pair<bool, std::string_view>, 9> left{{{o.base.has_value(), "base"},
                                                               {o.cap.has_value(), "cap"},
                                                               {o.minimum.has_value(), "minimum"},
                                                               {o.factor.has_value(), "factor"},
                                                               {o.decay.has_value(), "decay"},
                                                               {o.every.has_value(), "every"},
                                                               {o.period.has_value(), "period"},
                                                               {o.growth.has_value(), "growth"},
                                                               {o.patience.has_value(), "patience"}}};
  for (const auto& [given, option] : left)
    if (given) fail("make_schedule: schedule ", name, " has no setting ", option, "; leave it out, or choose another schedule");
}

template <class Schedule>
any_schedule configured(std::string_view name, schedule_options options, Schedule schedule = {}) {
  take_options(options, schedule);
  refuse_left_over(name, options);
  return any_schedule(schedule);
}

}  // namespace detail

// make_schedule("doubling", {.every = 5})
inline any_schedule make_schedule(std::string_view name, const schedule_options& options = {}) {
  using namespace detail;
  if (name == "constant") return configured<constant_rate>(name, options);
  if (name == "doubling") return configured<doubling>(name, options);
  if (name == "doubling-legacy") return configured<doubling_legacy>(name, options);
  if (name == "paper-text") return configured<doubling>(name, options, doubling::paper_text());
  if (name == "cosine") return configured<cosine>(name, options);
  if (name == "cosine-restarts") return configured<cosine_restarts>(name, options);
  if (name == "exponential") return configured<exponential>(name, options);
  if (name == "step") return configured<step_rate>(name, options);
  if (name == "step-restarts") return configured<step_restarts>(name, options);
  if (name == "plateau") return configured<plateau>(name, options);
  fail("make_schedule: no schedule is called \"", name, "\"; choose one of ", detail::joined_names(schedule_names));
}

}  // namespace relreason
