// relreason/core/operation.hpp -- what an operation is made of: declared arrays, a context, and the products it may call.
// docs/policies/operation.md describes the whole contract with an example.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "relreason/backend/cpu/state.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/name.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/graph/extent.hpp"
#include "relreason/graph/value.hpp"

namespace relreason {

template <class... Ts>
struct list {
  static constexpr int size = sizeof...(Ts);
};

// How a parameter starts. uniform: U(-a, a); normal: N(0, a^2); constant: a; uniform_from_zero: U(0, a).
struct initializer {
  enum what { uniform, normal, constant, uniform_from_zero } kind = constant;
  double a = 0;
};

// One named array that an operation owns.
struct array_entry {
  std::string path;  // "r.g.0.weight" once the line's name stands before it
  std::vector<int> shape;
  initializer init;
  std::size_t offset = 0, count = 0;
  bool frozen = false;
};

// An operation's answer to "what do you own": learned parameters and state (saved, not learned).
class declaration {
 public:
  std::vector<array_entry> parameters, states;
  void parameter(std::string path, std::vector<int> shape, initializer init) { parameters.push_back(entry(std::move(path), std::move(shape), init)); }
  void state(std::string path, std::vector<int> shape, double start) {
    states.push_back(entry(std::move(path), std::move(shape), {initializer::constant, start}));
  }

 private:
  static array_entry entry(std::string path, std::vector<int> shape, initializer init) {
    std::size_t count = 1;
    for (const int n : shape) count *= static_cast<std::size_t>(n);
    return {std::move(path), std::move(shape), init, 0, count, false};
  }
};

// What prepare() makes once per step (once in all for prediction): packed weights and tables, never saved; and shared values,
// read by all tiles, each with a gradient that is joined over the lanes before finish() sees it.
struct reservation {
  std::vector<std::size_t> prepared_bytes, shared_counts;
  void prepared(std::size_t bytes) { prepared_bytes.push_back(bytes); }
  void shared(std::size_t count) { shared_counts.push_back(count); }
};

// What a line finds at run time: its arrays by number, in the order of declaration.
template <class T>
struct slots {
  const T* const* parameter = nullptr;
  T* const* dparameter = nullptr;  // null entries: frozen
  T* const* state = nullptr;
  std::byte* const* prepared = nullptr;
  T* const* shared = nullptr;
  T* const* dshared = nullptr;
};

template <class S, class... Ts>
consteval int index_of(list<Ts...>) {
  int i = 0, at = -1;
  ((std::is_same_v<S, Ts> ? (at = i, ++i) : ++i), ...);
  return at;
}

// What an operation writes into the space that it fills: parents + 1 offsets from 0, and, where the space lists rows, those of the batch.
struct filled_rows {
  int *offsets = nullptr, *senders = nullptr, *receivers = nullptr, *index = nullptr;
};

// What a call may use besides its arguments: the backend's primitives and the extents of the rows at hand.
template <class T, class Spaces, class Backend = cpu_backend>
struct context : Backend::template state<T> {
  using spaces = Spaces;
  extent extents[Spaces::size == 0 ? 1 : Spaces::size];
  template <class S>
  const extent& at() const {
    static_assert(index_of<S>(Spaces{}) >= 0, "relreason: an operation asks for a space that its model does not have; list it in bind::spaces");
    return extents[index_of<S>(Spaces{})];
  }
  template <class S>
  extent& at() {
    return extents[index_of<S>(Spaces{})];
  }
  // How many rows of S count, in the backend's memory; null: all. A loss, and whatever else sums over rows without groups, passes over the others.
  template <class S>
  const int* live() const {
    return this->live_rows ? this->live_rows + index_of<S>(Spaces{}) : nullptr;
  }
  // For the operation that fills S; at<S>().rows is the capacity of this tile until it returns.
  template <class S>
  filled_rows filling() const {
    const extent& e = at<S>();
    return {const_cast<int*>(e.offsets), const_cast<int*>(e.senders), const_cast<int*>(e.receivers), const_cast<int*>(e.index)};
  }
};

// The first row of From below row p of To, which holds it.
template <class From, class To, class C>
int first_row_below(const C& ctx, int p) {
  if constexpr (std::is_same_v<From, To>) {
    return p;
  } else {
    const extent& e = ctx.template at<From>();
    return e.offsets[first_row_below<typename From::parent, To>(ctx, p)] - e.offsets[0];
  }
}

// For plan() and lay_out(): the rows of From, grouped by the row of To that holds them. No rows where both are the same space.
template <class From, class To, class C>
row_groups take_groups_above(C& ctx) {
  if constexpr (std::is_same_v<From, To>) return {};
  else return ctx.take_groups(ctx.template at<From>().rows, ctx.template at<To>().rows);
}
template <class From, class To, class C>
void fill_groups_above(C& ctx, row_groups& g) {
  if constexpr (!std::is_same_v<From, To>) {
    if constexpr (is_once<To> && !is_once<From>) std::fill_n(g.of.host, g.rows, 0);
    else
      for (int p = 0; p < g.groups; ++p)
        for (int r = first_row_below<From, To>(ctx, p); r < first_row_below<From, To>(ctx, p + 1); ++r) g.of.host[r] = p;
    ctx.close_groups(g);
  }
}

// How an operation reads several graphs at once. by_statistics: in training alone, and through a few sums over the batch. Tiles run it, after
// statistics() has seen its input for the whole batch; backward() adds what the gradient needs to sum up to dshared[0], n_sums numbers, and
// statistics_backward() sees them for the whole batch.
enum class coupling { none, in_training, always, by_statistics };

// The values a line reads, in order, and where their gradients go: added to, or null where none is wanted.
template <class T>
struct arguments {
  const void* x[8]{};
  T* dx[8]{};
  const T* real(int i) const { return static_cast<const T*>(x[i]); }
  const int* index(int i) const { return static_cast<const int*>(x[i]); }
  const std::uint8_t* bytes(int i) const { return static_cast<const std::uint8_t*>(x[i]); }
};

// What an operation inherits: the parts it may leave out.
struct operation {
  using spaces = list<>;                               // spaces it uses beyond those of its inputs and its result
  using fills = void;                                  // the space that it fills, if any
  static constexpr coupling couples = coupling::none;  // reads several graphs at once: the list is cut here
  static constexpr bool learns = false;                // has parameters
  static constexpr bool keeps_nothing = false;         // backward reads its arguments alone, nothing that forward left
  static constexpr bool on_device = false;             // calls primitives alone, so that it runs on a device too
  static constexpr bool judges = false;                // a loss whose forward says by add_right() which rows its first value has right
  static constexpr bool by_extents = false;  // lay_out reads rows, parents and offsets alone: a device keeps its tables while these stay the same
  static constexpr int n_parameters = 0, n_states = 0, n_prepared = 0, n_shared = 0;  // arrays that declare() and reserve() list, always
  // The result depends on the length to which the batch pads S (extent::padded): a prediction must be told it.
  template <class S>
  static constexpr bool pads() {
    return false;
  }
  static void declare(declaration&) {}
  static std::string text() { return "operation"; }  // what describe<model>() shows
  template <class C>
  static double flops(const C&) {
    return 0;
  }  // of the forward pass, for the extents of ctx
  template <class C>
  static void reserve(C&, reservation&) {}
  template <class T>
  struct tape {};
  template <class C, class Tape>
  static void plan(C&, Tape&) {}
  template <class C, class Tape>
  static void lay_out(C&, Tape&, const arguments<typename C::real>&) {}
  template <class C>
  static void prepare(C&, const slots<typename C::real>&) {}
  template <class C>
  static void finish(C&, const slots<typename C::real>&) {}
};

// The innermost of the inputs' spaces: where a row-wise operation of several inputs lives.
template <class... Values>
struct deepest {
  using space = void;
};
template <class V>
struct deepest<V> {
  using space = typename V::space;
};
template <class V, class... Rest>
struct deepest<V, Rest...> {
  using other = typename deepest<Rest...>::space;
  using space = std::conditional_t<inside<typename V::space, other>(), typename V::space, other>;
};
template <class... Values>
using deepest_space = typename deepest<Values...>::space;

}  // namespace relreason
