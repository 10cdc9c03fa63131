// relreason/metric/scene_graph.hpp -- a scene as a graph: objects with four attributes, and who is right of and in front of whom.
// Source: Messina et al., "Learning Relationship-aware Visual Features", ECCV workshops 2018; left and behind say nothing more.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::metric {

// Two relations over at most 32 objects. No positions: a graph says what a question could ask.
class scene_graph {
 public:
  static constexpr int most_objects = 32;
  enum relation : std::uint8_t { right, front };

  // How many objects an object has of which it is only right, only in front, or both.
  struct label_counts {
    std::int8_t right = 0, front = 0, both = 0;
  };

  // Returns the object's number. Attributes are any small numbers, in the same order for all graphs that are compared.
  int add(std::array<std::uint8_t, 4> attributes) {
    if (n_ == most_objects) fail("scene_graph::add: found more than ", most_objects, " objects, wanted at most ", most_objects);
    std::uint32_t packed = 0;
    for (const std::uint8_t a : attributes) packed = packed << 8 | a;
    attributes_[static_cast<std::size_t>(n_)] = packed;
    return n_++;
  }
  // The edge a -> b: a is right of b, or a is in front of b.
  void connect(relation r, int a, int b) {
    if (a < 0 || b < 0 || a >= n_ || b >= n_ || a == b)
      fail("scene_graph::connect: found an edge from object ", a, " to ", b, ", wanted two different ones below ", n_);
    if (has(r, a, b)) return;
    edges_[r][static_cast<std::size_t>(a)] |= 1u << b;
    label_counts& of = counts_[static_cast<std::size_t>(a)];
    const bool other = has(r == right ? front : right, a, b);
    (other ? of.both : r == right ? of.right : of.front) += 1;
    if (other) (r == right ? of.front : of.right) -= 1;
  }

  int size() const { return n_; }
  std::uint32_t attributes(int i) const { return attributes_[static_cast<std::size_t>(i)]; }       // one byte each
  std::uint32_t edges(relation r, int a) const { return edges_[r][static_cast<std::size_t>(a)]; }  // bit b: a -> b
  bool has(relation r, int a, int b) const { return edges(r, a) >> b & 1u; }
  const label_counts& counts(int a) const { return counts_[static_cast<std::size_t>(a)]; }

  bool operator==(const scene_graph& other) const { return compare(other) == 0; }
  // Some total order, so that a pair of graphs can be taken in one direction. < 0, 0 or > 0
  int compare(const scene_graph& other) const {
    const auto sign = [](auto x, auto y) { return (x > y) - (x < y); };
    if (n_ != other.n_) return sign(n_, other.n_);
    for (int i = 0; i < n_; ++i)
      if (attributes(i) != other.attributes(i)) return sign(attributes(i), other.attributes(i));
    for (const relation r : {right, front})
      for (int i = 0; i < n_; ++i)
        if (edges(r, i) != other.edges(r, i)) return sign(edges(r, i), other.edges(r, i));
    return 0;
  }

 private:
  int n_ = 0;
  std::array<std::uint32_t, most_objects> attributes_{};
  std::array<std::array<std::uint32_t, most_objects>, 2> edges_{};
  std::array<label_counts, most_objects> counts_{};
};

// The graph of a scene of CLEVR or of the blocks world. Its relationships must be there: related[right] and related[front].
inline scene_graph scene_graph_of(const clevr::scene& s) {
  scene_graph g;
  const auto wrong = [&](const auto&... found_wanted) {
    fail("scene_graph_of: scene ", s.image_index, " ", s.image_filename, ": ", found_wanted...);
  };
  if (s.objects.size() > scene_graph::most_objects) wrong("found ", s.objects.size(), " objects, wanted at most ", scene_graph::most_objects);
  for (const clevr::object& o : s.objects) g.add(o.attributes);
  const auto take = [&](scene_graph::relation to, clevr::relation from) {
    const auto& related = s.related[from];
    if (related.size() != s.objects.size())
      wrong("found relationships \"", clevr::relation_names[from], "\" of ", related.size(), " objects, wanted ", s.objects.size(),
            "; read scenes that have them");
    for (std::size_t b = 0; b < related.size(); ++b)
      for (const int a : related[b]) {
        if (a < 0 || a >= g.size() || a == static_cast<int>(b))
          wrong("object ", b, ": found object ", a, " ", clevr::relation_names[from], " of it, wanted another one below ", g.size());
        g.connect(to, a, static_cast<int>(b));
      }
  };
  take(scene_graph::right, clevr::right);
  take(scene_graph::front, clevr::front);
  return g;
}

namespace detail {

// How many of four bytes differ.
inline int differing_attributes(std::uint32_t a, std::uint32_t b) {
  std::uint32_t x = a ^ b;
  x |= x >> 4;
  x |= x >> 2;
  x |= x >> 1;
  return static_cast<int>(((x & 0x01010101u) * 0x01010101u) >> 24);
}

}  // namespace detail

}  // namespace relreason::metric
