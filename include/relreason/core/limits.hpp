// relreason/core/limits.hpp -- the capacities for which memory is planned: samples per step, entries per parent of each space.
#pragma once

#include <array>
#include <limits>

#include "relreason/core/model.hpp"

namespace relreason {

// What the engine knows of a space, as numbers.
struct space_info {
  space_kind kind = space_kind::root;
  int parent = -1, receiver = -1, sender = -1, whole = -1;
  int capacity = 0, fixed = 0;  // fixed: entries per parent of exactly<...>
  bool once = false;
};

namespace detail {
constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }

template <class Spaces, class S>
constexpr space_info describe_space() {
  space_info s;
  s.kind = S::kind;
  s.once = is_once<S>;
  if constexpr (!std::is_void_v<typename S::parent>) s.parent = index_of<typename S::parent>(Spaces{});
  if constexpr (requires { typename S::receiver; }) {
    s.receiver = index_of<typename S::receiver>(Spaces{});
    s.sender = index_of<typename S::sender>(Spaces{});
  }
  if constexpr (requires { typename S::whole; }) s.whole = index_of<typename S::whole>(Spaces{});
  if constexpr (requires { S::capacity; }) s.capacity = S::capacity;
  if constexpr (is_exact<S>) s.fixed = S::fixed;
  return s;
}
template <class... S>
constexpr std::array<space_info, sizeof...(S)> describe_spaces(list<S...> all) {
  return {describe_space<decltype(all), S>()...};
}
template <class... S>
constexpr std::array<std::string_view, sizeof...(S)> name_spaces(list<S...>) {
  return {space_name<S>()...};
}
}  // namespace detail

template <class M>
inline constexpr auto spaces_of_model = detail::describe_spaces(typename M::spaces{});
template <class M>
inline constexpr auto space_names_of_model = detail::name_spaces(typename M::spaces{});

namespace detail {
// Spaces whose rows an operation decides, and those that stand on them.
template <class M>
constexpr std::array<bool, at(M::n_spaces)> filled_spaces() {
  std::array<bool, at(M::n_spaces)> t{};
  for (const auto& f : M::info)
    if (f.fills >= 0) t[at(f.fills)] = true;
  for (std::size_t i = 0; i < t.size(); ++i) {
    const space_info& s = spaces_of_model<M>[i];
    if (s.parent >= 0 && t[at(s.parent)]) t[i] = true;
    if (s.receiver >= 0 && (t[at(s.receiver)] || t[at(s.sender)])) t[i] = true;
  }
  return t;
}
}  // namespace detail

// limits<rn> at; at.samples = 640; at.set<object>(10).set<word>(50);
template <class M>
struct limits {
  int samples = 1;
  std::array<int, static_cast<std::size_t>(M::n_spaces)> per_parent = [] {
    std::array<int, static_cast<std::size_t>(M::n_spaces)> start{};
    for (std::size_t i = 0; i < start.size(); ++i) start[i] = spaces_of_model<M>[i].capacity;
    return start;
  }();

  template <class S>
  limits& set(int entries) {
    static_assert(M::template space<S>() >= 0, "relreason::limits: the model has no such space");
    static_assert(!is_exact<S>, "relreason::limits: the space has exactly as many entries as its type says");
    per_parent[static_cast<std::size_t>(M::template space<S>())] = entries;
    return *this;
  }
};

namespace detail {
// Entries per parent that these limits allow: of ends that are pairs or subsets themselves too.
template <class Number, class M>
Number most_per_parent(const limits<M>& at, int space) {
  const space_info& s = spaces_of_model<M>[detail::at(space)];
  if (s.kind == space_kind::all_pairs) return most_per_parent<Number>(at, s.receiver) * most_per_parent<Number>(at, s.sender);
  const int per = at.per_parent[detail::at(space)];
  return s.kind == space_kind::some && per == 0 ? most_per_parent<Number>(at, s.whole) : static_cast<Number>(per);
}

// Rows of every space at these limits must be countable by an int.
template <class M>
void check_limits(const limits<M>& at, int samples) {
  if (samples < 1) fail("limits: ", samples, " samples are planned, wanted at least 1; set limits::samples");
  std::array<double, spaces_of_model<M>.size()> rows{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const space_info& s = spaces_of_model<M>[i];
    const auto label = space_names_of_model<M>[i];
    const int per = at.per_parent[i];
    if (per < 0) fail("limits: ", per, " entries of ", label, " are planned, wanted 0 or more; call limits::set<", label, ">(n)");
    if (s.kind == space_kind::root) rows[i] = samples;
    else if (s.kind == space_kind::once_root) rows[i] = 1;
    else rows[i] = rows[detail::at(s.parent)] * most_per_parent<double>(at, static_cast<int>(i));
    if (rows[i] > std::numeric_limits<int>::max())
      fail("limits: ", samples, " samples have up to ", rows[i], " rows of ", label, ", wanted at most ", std::numeric_limits<int>::max(),
           "; plan fewer samples, or fewer entries of what it is made of");
  }
}
}  // namespace detail

// The largest extents of `samples` graphs under these limits.
template <class M>
void capacity_extents(const limits<M>& at, int samples, extent* e) {
  detail::check_limits(at, samples);
  for (std::size_t i = 0; i < spaces_of_model<M>.size(); ++i) {
    const space_info& s = spaces_of_model<M>[i];
    e[i] = {};
    if (s.kind == space_kind::root) e[i].rows = samples;
    else if (s.kind == space_kind::once_root) e[i].rows = 1;
    else {
      e[i].parents = e[s.parent].rows;
      e[i].rows = static_cast<int>(e[i].parents * detail::most_per_parent<double>(at, static_cast<int>(i)));
      e[i].padded = at.per_parent[i];
    }
  }
}

}  // namespace relreason
