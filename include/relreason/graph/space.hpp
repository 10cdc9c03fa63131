// relreason/graph/space.hpp -- index spaces: what is counted, and where it lies. Nodes, edges, graphs and tokens are all spaces.
// A user derives a type from one of these: struct scene : sample {};  struct object : each<scene> {};  struct pair : all_pairs<object> {};
#pragma once

#include <string_view>
#include <type_traits>

namespace relreason {

enum class space_kind { root, once_root, each, all_pairs, links, some };

// The unit of a batch: one graph, one image, one question. Roots are counted by the batch and cut into tiles.
struct sample {
  static constexpr space_kind kind = space_kind::root;
  using parent = void;
};

// The other root: computed once a step and shared by all tiles (class prompts, a vocabulary, one large graph). Its gradient gathers over the tiles.
struct once {
  static constexpr space_kind kind = space_kind::once_root;
  using parent = void;
};

// Some per entry of P: the objects of a scene. Packed in one array, with offsets.
template <class P>
struct each {
  static constexpr space_kind kind = space_kind::each;
  static constexpr int capacity = 0;  // per parent; 0: as the batch has
  using parent = P;
};

// The same with a fixed limit per parent; may be filled by the batch or by an operation.
template <int Capacity, class P>
struct at_most {
  static_assert(Capacity > 0, "relreason::at_most: the capacity must be positive");
  static constexpr space_kind kind = space_kind::each;
  static constexpr int capacity = Capacity;
  using parent = P;
};

// Just so many per parent: nobody counts them.
template <int Count, class P>
struct exactly {
  static_assert(Count > 0, "relreason::exactly: the count must be positive");
  static constexpr space_kind kind = space_kind::each;
  static constexpr int capacity = Count, fixed = Count;
  using parent = P;
};

// Every ordered pair (receiver a, sender b) of one parent, row a * n_senders + b. Never listed: the loop is the index.
template <class Receiver, class Sender = Receiver>
struct all_pairs {
  static_assert(std::is_same_v<typename Receiver::parent, typename Sender::parent>,
                "relreason::all_pairs: both ends must lie in the same parent space");
  static constexpr space_kind kind = space_kind::all_pairs;
  static constexpr int capacity = 0;
  using parent = typename Receiver::parent;
  using receiver = Receiver;
  using sender = Sender;
};

// Listed edges senders[e] -> receivers[e], grouped by parent.
template <class Receiver, class Sender = Receiver>
struct links {
  static_assert(std::is_same_v<typename Receiver::parent, typename Sender::parent>, "relreason::links: both ends must lie in the same parent space");
  static constexpr space_kind kind = space_kind::links;
  static constexpr int capacity = 0;
  using parent = typename Receiver::parent;
  using receiver = Receiver;
  using sender = Sender;
};

// A listed subset of Whole, grouped by Whole's parent: masked words, sampled pairs, mined negatives.
template <class Whole>
struct some {
  static constexpr space_kind kind = space_kind::some;
  static constexpr int capacity = 0;
  using parent = typename Whole::parent;
  using whole = Whole;
};

template <class S>
inline constexpr bool is_exact = requires {
  S::fixed;
};

template <class A, class B>
inline constexpr bool same_space = std::is_same_v<A, B>;

// True where A is B or lies inside it: a value on B can be read wherever one on A is wanted.
template <class A, class B>
consteval bool inside() {
  if constexpr (std::is_same_v<A, B>) return true;
  else if constexpr (std::is_void_v<typename A::parent>) return std::is_base_of_v<once, B>;  // what is computed once is readable anywhere
  else return inside<typename A::parent, B>();
}

template <class A>
struct root_of : root_of<typename A::parent> {};
template <class A>
  requires std::is_void_v<typename A::parent>
struct root_of<A> {
  using type = A;
};
template <class A>
inline constexpr bool is_once = root_of<A>::type::kind == space_kind::once_root;

// The user's own word for a space, for tables and errors.
template <class S>
constexpr std::string_view space_name() {
  std::string_view s = __PRETTY_FUNCTION__;
  s.remove_prefix(s.find("S = ") + 4);
  s = s.substr(0, s.find_first_of(";]"));
  if (const auto colons = s.rfind("::"); colons != s.npos) s.remove_prefix(colons + 2);
  return s;
}

}  // namespace relreason
