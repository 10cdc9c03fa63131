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

#include "relreason/backend/kernels.hpp"
#include "relreason/core/arena.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/name.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/graph/extent.hpp"
#include "relreason/graph/value.hpp"

namespace relreason {

template <class... Ts>
struct list {
  static constexpr int size = sizeof...(Ts);
};

constexpr std::size_t extent_product(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

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

// Everything a call may use besides its arguments. Copied per worker; extents are those of the tile at hand.
template <class T>
struct run_state {
  using real = T;
  const kernels<T>* kernel = nullptr;
  executor* inner = nullptr;       // parallel inside an operation: serial in a lane, the pool for a single graph
  std::byte* workspace = nullptr;  // kernel scratch, one slice per inner chunk
  std::size_t workspace_slice = 0;
  int inner_chunks = 1;
  arena* memory = nullptr;
  bool training = false, gradients = false;
  std::uint64_t seed = 0, step = 0, line = 0;
  std::size_t* workspace_wanted = nullptr;

  // For plan(): this line will call products up to this size.
  void want(int n_rows, int k, int n) {
    if (workspace_wanted) *workspace_wanted = std::max(*workspace_wanted, kernel->workspace_bytes(n_rows, k, n));
  }

  // Y = X W^T + b ...; split over panels of 32 columns where threads are free: no value depends on the split.
  void affine(const affine_args<T>& a) const {
    const int panels = (a.n + 31) / 32;
    const int chunks = extent_product(a.rows, a.k) * static_cast<std::size_t>(a.n) < 65536 ? 1 : std::min(inner_chunks, panels);
    inner->parallel_for(chunks, [&](int c) {
      const int first = panels * c / chunks * 32, last = std::min(panels * (c + 1) / chunks * 32, a.n);
      affine_args<T> part = a;
      part.n = last - first;
      part.packed = static_cast<const std::byte*>(a.packed) + static_cast<std::size_t>(first / 32) * kernel->packed_bytes(a.k, 32);
      if (a.bias) part.bias = a.bias + first;
      if (a.y) part.y = a.y + first;
      if (a.gate) part.gate = a.gate + first;
      if (a.bits) part.bits = a.bits + first / 32;
      if (a.sum) part.sum = a.sum + first;
      part.workspace = workspace + static_cast<std::size_t>(c) * workspace_slice;
      kernel->affine(part);
    });
  }
  // C += A^T B
  void outer(outer_args<T> a) const {
    if (a.rows == 0) return;
    a.workspace = workspace;
    kernel->outer(a);
  }
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

template <class T, class Spaces>
struct context : run_state<T> {
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
  // For the operation that fills S; at<S>().rows is the capacity of this tile until it returns.
  template <class S>
  filled_rows filling() const {
    const extent& e = at<S>();
    return {const_cast<int*>(e.offsets), const_cast<int*>(e.senders), const_cast<int*>(e.receivers), const_cast<int*>(e.index)};
  }
};

// The row of To that holds each row of From: an array from the arena, or null where they are the same space.
template <class From, class To, class C>
const int* rows_above(C& ctx) {
  if constexpr (std::is_same_v<From, To>) {
    return nullptr;
  } else {
    const extent& from = ctx.template at<From>();
    int* map = ctx.memory->template take<int>(static_cast<std::size_t>(from.rows));
    if constexpr (is_once<To> && !is_once<From>) {
      if (map) std::fill_n(map, from.rows, 0);
    } else {
      const int* above = rows_above<typename From::parent, To>(ctx);
      if (map)
        for (int p = 0; p < from.parents; ++p) std::fill_n(map + from.begin(p), from.count(p), above ? above[p] : p);
    }
    return map;
  }
}

enum class coupling { none, in_training, always };

// The values a line reads, in order, and where their gradients go: added to, or null where none is wanted.
template <class T>
struct arguments {
  const void* x[8]{};
  T* dx[8]{};
  const T* real(int i) const { return static_cast<const T*>(x[i]); }
  const int* index(int i) const { return static_cast<const int*>(x[i]); }
};

// What an operation inherits: the parts it may leave out.
struct operation {
  using spaces = list<>;                                                              // spaces it uses beyond those of its inputs and its result
  using fills = void;                                                                 // the space that it fills, if any
  static constexpr coupling couples = coupling::none;                                 // reads several graphs at once: the list is cut here
  static constexpr bool learns = false;                                               // has parameters
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
