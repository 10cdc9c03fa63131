// relreason/backend/cuda/program_lines.cuh -- what is known of a device program when it is compiled: which lines run, and which values are wanted.
#pragma once

#include <array>
#include <type_traits>
#include <utility>

#include "relreason/backend/cuda/state.cuh"
#include "relreason/core/engine.hpp"

namespace relreason::device {

template <class Model, class OnSystem, class By, bool Training, name... Wanted>
struct program_lines {
  using M = Model;
  using System = OnSystem;
  using Products = By;
  using T = float;
  using engine = typename relreason::detail::engine_for<M, T, Training, typename relreason::detail::wanted_flags<M, Training, Wanted...>::type,
                                                        backend<System, Products>>::type;
  using store = storage<System>;
  static constexpr bool training = Training;
  static constexpr int n = M::n;
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static constexpr line_info line(int i) { return M::info[at(i)]; }
  static constexpr bool is_input(int i) { return engine::places[at(i)].needed && line(i).kind == line_kind::input; }
  static constexpr bool can_be_held(int i) { return is_input(i) && (line(i).bytes || !line(i).integral); }
  static constexpr bool runs(int i) { return engine::places[at(i)].needed && line(i).kind != line_kind::input && line(i).kind != line_kind::output; }
  static constexpr bool all_run_here = []<std::size_t... I>(std::index_sequence<I...>) {
    return ((!runs(static_cast<int>(I)) || engine::template bound_at<static_cast<int>(I)>::on_device) && ...);
  }
  (std::make_index_sequence<at(n)>{});
  static_assert(
      all_run_here,
      "relreason::device: the model has an operation or a loss that runs on the CPU only; write it with the context's primitives alone and say "
      "on_device = true (docs/policies/backend.md)");
  static constexpr bool is_value(name asked) {
    for (const line_info& f : M::info)
      if (f.id == asked && f.kind != line_kind::input && !f.integral) return true;
    return false;
  }
  static_assert((is_value(Wanted.before_dot()) && ...), "relreason::device: a wanted name must be that of an equation whose result is numbers");
  static_assert(((!Training || Wanted.after_dot() == name{}) && ...), "relreason::device: side results are for predictions");

  static constexpr auto valued = relreason::detail::valued_lines<M, Wanted...>(engine::places);

  // The numbers of a line's value, as an input's array holds them.
  template <int I>
  using number_of = std::conditional_t<M::info[at(I)].bytes, std::uint8_t, std::conditional_t<M::info[at(I)].integral, int, T>>;

  // Where a wanted value lives: that of a line, or a side result's.
  template <name N, name Line = N.before_dot(), name Side = N.after_dot()>
  struct value_of {
    using result = typename engine::template bound_at<M::template find<Line>()>::template side<Side>;
    static_assert(!std::is_void_v<result>, "relreason::device: the line has no side result of that name");
    static constexpr int line = M::template find<Line>(), space = index_of<typename result::space>(typename M::spaces{}), width = result::width;
    static constexpr bool side = true;
  };
  template <name N, name Line>
  struct value_of<N, Line, name{}> {
    static constexpr int line = M::template find<Line>(), space = M::info[at(line)].space, width = M::info[at(line)].width;
    static constexpr bool side = false;
  };
  struct wanted_value {
    int line, space, width;
    bool side;
  };
  static constexpr std::size_t n_wanted = sizeof...(Wanted);
  static constexpr std::array<wanted_value, n_wanted> wanted{
      wanted_value{value_of<Wanted>::line, value_of<Wanted>::space, value_of<Wanted>::width, value_of<Wanted>::side}...};

  // A loss's weight in the sum, and what the sum of its rows is divided by.
  template <int I>
  static constexpr double weight_of() {
    return loss_policies<typename M::template line_at<I>::extra>::weight;
  }
  template <int I>
  using mean_of = typename loss_policies<typename M::template line_at<I>::extra>::mean;
};

// The names in which a program's batch and memory are written.
template <class Lines>
struct program_parts {
  using M = typename Lines::M;
  using T = typename Lines::T;
  using System = typename Lines::System;
  using engine = typename Lines::engine;
  using store = typename Lines::store;
  static constexpr int n = Lines::n;
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }

  struct one_batch;   // program_batch.cuh
  struct all_memory;  // program_memory.cuh
};

// What a captured step is told anew at each launch.
template <class Lines>
struct program_call {
  std::uint64_t step;
  typename Lines::T factor[Lines::at(Lines::n)];  // of each loss
};

}  // namespace relreason::device
