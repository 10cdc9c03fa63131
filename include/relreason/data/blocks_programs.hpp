// relreason/data/blocks_programs.hpp -- what a question family is, and the evaluation of its programs with one bit per object.
// Source: CLEVR's question templates (facebookresearch/clevr-dataset-gen, question_engine.py): steps with open slots, constraints, texts.
// A step such as relate_filter_unique stands for several functions of a program: relate, filters in the order size, color, material, shape, unique.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

using object_set = std::uint16_t;  // bit i: object i

enum class action : std::uint8_t {
  scene,
  filter,
  filter_unique,
  filter_count,
  filter_exist,
  relate,
  relate_filter,
  relate_filter_unique,
  relate_filter_count,
  relate_filter_exist,
  same,
  unite,
  intersect,
  count,
  exist,
  query,
  equal,
  equal_integer,
  less_than,
  greater_than
};

inline constexpr int max_descriptions = 4, max_relations = 3, max_steps = 12;

struct step {
  action what{};
  std::array<std::int8_t, 2> inputs{-1, -1};  // earlier steps
  std::int8_t description = -1;               // slot of the size, color, material and shape that filter
  std::int8_t relation = -1;                  // slot of the relation
  std::uint8_t which = 0;                     // attribute of same, query, equal
};

// In a text $1 is description 1 in the singular, $1s in the plural, @1 relation 1, ~ "thing" or "object"; what stands in [] may be left out.
struct family {
  std::vector<step> steps;                              // the last one gives the answer
  std::vector<std::array<std::int8_t, 2>> differ;       // pairs of steps that must give different values
  std::array<std::uint8_t, max_descriptions> hidden{};  // per description: bit a is set where attribute a must stay open
  std::array<std::uint8_t, max_descriptions> only{};    // per description: if not 0, exactly these attributes are given
  std::vector<std::string> texts;
};

inline bool has(action a, action first, action last) { return a >= first && a <= last; }
inline bool filters(action a) { return has(a, action::filter, action::filter_exist) || has(a, action::relate_filter, action::relate_filter_exist); }
inline bool relates(action a) { return has(a, action::relate, action::relate_filter_exist); }

// A description: per attribute a value, or the number of values where it is open; as one number, 3 x 9 x 3 x 4 = 324 in all.
namespace detail {
inline constexpr std::array<int, 4> n_values{2, 8, 2, 3};  // by clevr::attribute
inline constexpr int n_descriptions = 3 * 9 * 3 * 4;
inline constexpr std::uint16_t all_open = n_descriptions - 1;

constexpr std::uint16_t pack(const std::array<int, 4>& values) {
  return static_cast<std::uint16_t>(((values[0] * 9 + values[1]) * 3 + values[2]) * 4 + values[3]);
}
constexpr std::array<int, 4> unpack(int d) { return {d / 108, d / 12 % 9, d / 4 % 3, d % 4}; }

// Bit a: attribute a is given.
inline constexpr std::array<std::uint8_t, n_descriptions> given = [] {
  std::array<std::uint8_t, n_descriptions> table{};
  for (int d = 0; d < n_descriptions; ++d)
    for (std::size_t a = 0; a < 4; ++a)
      if (unpack(d)[a] < n_values[a]) table[static_cast<std::size_t>(d)] |= static_cast<std::uint8_t>(1u << a);
  return table;
}();
}  // namespace detail

// A scene as bit sets.
struct bit_scene {
  int n = 0;
  object_set all = 0;
  std::array<std::array<object_set, clevr::max_objects>, 4> related{};  // [relation][object]
  std::array<std::array<object_set, 8>, 4> with{};                      // [attribute][value]
  std::array<std::array<std::uint8_t, 4>, clevr::max_objects> attributes{};
  std::array<object_set, detail::n_descriptions> matching{};  // of those in `descriptions`; 0 elsewhere
  std::vector<std::uint16_t> descriptions;                    // that fit at least one object

  explicit bit_scene(const clevr::scene& s) : n(static_cast<int>(s.objects.size())) {
    check(s);
    all = static_cast<object_set>((1u << n) - 1);
    for (std::size_t i = 0; i < s.objects.size(); ++i) {
      attributes[i] = s.objects[i].attributes;
      for (std::size_t a = 0; a < 4; ++a) with[a][attributes[i][a]] |= static_cast<object_set>(1u << i);
      for (std::size_t r = 0; r < 4; ++r)
        for (const int j : s.related[r][i]) related[r][i] |= static_cast<object_set>(1u << j);
      for (unsigned open = 0; open < 16; ++open) describe(i, open);
    }
  }

 private:
  static void check(const clevr::scene& s) {
    const int n = static_cast<int>(s.objects.size());
    const auto wrong = [&](const auto&... found) { fail("blocks world: scene ", s.image_index, " ", found...); };
    if (n > clevr::max_objects) wrong("has ", n, " objects; wanted at most ", clevr::max_objects);
    for (std::size_t i = 0; i < s.objects.size(); ++i)
      for (std::size_t a = 0; a < 4; ++a)
        if (s.objects[i].attributes[a] >= detail::n_values[a])
          wrong("object ", i, " has ", clevr::attribute_names[a], " ", int{s.objects[i].attributes[a]}, "; wanted 0 to ", detail::n_values[a] - 1);
    for (std::size_t r = 0; r < 4; ++r) {
      if (s.related[r].size() != s.objects.size())
        wrong("has ", s.related[r].size(), " lists for \"", clevr::relation_names[r], "\"; wanted one per object, ", n);
      for (const auto& list : s.related[r])
        for (const int j : list)
          if (j < 0 || j >= n) wrong("names object ", j, "; wanted 0 to ", n - 1);
    }
  }

  void describe(std::size_t i, unsigned open) {
    std::array<int, 4> values{};
    for (std::size_t a = 0; a < 4; ++a) values[a] = open >> a & 1 ? detail::n_values[a] : attributes[i][a];
    const auto d = detail::pack(values);
    if (!matching[d]) descriptions.push_back(d);
    matching[d] |= static_cast<object_set>(1u << i);
  }
};

// The open slots of a family, filled.
struct filling {
  std::array<std::uint16_t, max_descriptions> descriptions{};
  std::array<std::uint8_t, max_relations> relations{};
};

inline constexpr int invalid = -1;  // what unique gives unless there is exactly one

namespace detail {

inline int only_one(unsigned set) { return std::has_single_bit(set) ? std::countr_zero(set) : invalid; }

// The value of one step from those before it: a set, an object, a number, an attribute's value, or yes as 1 and no as 0.
inline int value_of(const step& s, const bit_scene& scene, const filling& f, const int* values) {
  const int x = s.inputs[0] < 0 ? 0 : values[s.inputs[0]], y = s.inputs[1] < 0 ? 0 : values[s.inputs[1]];
  if (x == invalid || y == invalid) return invalid;
  const auto object = static_cast<std::size_t>(x);
  unsigned set = static_cast<unsigned>(x);
  if (relates(s.what)) set = scene.related[f.relations[static_cast<std::size_t>(s.relation)]][object];
  if (filters(s.what)) set &= scene.matching[f.descriptions[static_cast<std::size_t>(s.description)]];
  switch (s.what) {
    case action::scene: return scene.all;
    case action::filter:
    case action::relate:
    case action::relate_filter: return static_cast<int>(set);
    case action::filter_unique:
    case action::relate_filter_unique: return only_one(set);
    case action::filter_count:
    case action::relate_filter_count:
    case action::count: return std::popcount(set);
    case action::filter_exist:
    case action::relate_filter_exist:
    case action::exist: return set != 0;
    case action::same: return scene.with[s.which][scene.attributes[object][s.which]] & ~(1 << x);
    case action::unite: return x | y;
    case action::intersect: return x & y;
    case action::query: return scene.attributes[object][s.which];
    case action::equal:
    case action::equal_integer: return x == y;
    case action::less_than: return x < y;
    case action::greater_than: return x > y;
  }
  return invalid;
}

}  // namespace detail

// The value of the whole program, or invalid. A step named in `replaced` gives the whole scene instead.
inline int evaluate(const family& f, const bit_scene& scene, const filling& slots, int replaced = -1) {
  std::array<int, max_steps> values{};
  for (std::size_t i = 0; i < f.steps.size(); ++i) {
    values[i] = static_cast<int>(i) == replaced ? scene.all : detail::value_of(f.steps[i], scene, slots, values.data());
    if (values[i] == invalid) return invalid;
  }
  return values[f.steps.size() - 1];
}

// The answers a family can have: positions [first, first + n) in clevr::answers.
struct answer_range {
  int first, n;
};
inline answer_range answers_of(const family& f) {
  const step& last = f.steps.back();
  switch (last.what) {
    case action::count:
    case action::filter_count:
    case action::relate_filter_count: return {0, 11};
    case action::query: {
      constexpr std::array<int, 4> first{24, 13, 11, 21};  // by clevr::attribute
      return {first[last.which], detail::n_values[last.which]};
    }
    default: return {26, 2};
  }
}

// The place of a value in clevr::answers, where yes comes before no.
inline int answer_of(const family& f, int value) {
  const auto [first, n] = answers_of(f);
  return first == 26 ? first + (value == 0) : first + value;
}

namespace detail {

struct emitter {
  std::vector<clevr::program_node>& nodes;

  int add(clevr::function what, int which = 0, int value = 0, int first = -1, int second = -1) {
    nodes.push_back({what,
                     static_cast<std::uint8_t>(which),
                     static_cast<std::uint8_t>(value),
                     {static_cast<std::int8_t>(first), static_cast<std::int8_t>(second)}});
    return static_cast<int>(nodes.size()) - 1;
  }
  int filter(std::uint16_t description, int at) {
    const auto values = unpack(description);
    for (std::size_t a = 0; a < 4; ++a)
      if (values[a] < n_values[a]) at = add(clevr::function::filter, static_cast<int>(a), values[a], at);
    return at;
  }
};

inline clevr::function plain_function(action a) {
  using enum clevr::function;
  switch (a) {
    case action::same: return same;
    case action::unite: return union_;
    case action::intersect: return clevr::function::intersect;
    case action::query: return query;
    case action::equal: return equal;
    case action::equal_integer: return equal_integer;
    case action::less_than: return less_than;
    case action::greater_than: return greater_than;
    case action::filter_unique:
    case action::relate_filter_unique: return unique;
    case action::filter_exist:
    case action::relate_filter_exist:
    case action::exist: return clevr::function::exist;
    case action::filter_count:
    case action::relate_filter_count:
    case action::count: return clevr::function::count;
    default: return clevr::function::scene;
  }
}

}  // namespace detail

// The program with its macros written out, as CLEVR's files have it.
inline std::vector<clevr::program_node> program_of(const family& f, const filling& slots) {
  std::vector<clevr::program_node> nodes;
  nodes.reserve(24);
  detail::emitter emit{nodes};
  std::array<int, max_steps> node_of{};
  for (std::size_t i = 0; i < f.steps.size(); ++i) {
    const step& s = f.steps[i];
    int at = s.inputs[0] < 0 ? -1 : node_of[static_cast<std::size_t>(s.inputs[0])];
    if (relates(s.what)) at = emit.add(clevr::function::relate, slots.relations[static_cast<std::size_t>(s.relation)], 0, at);
    if (filters(s.what)) at = emit.filter(slots.descriptions[static_cast<std::size_t>(s.description)], at);
    const bool set_only = s.what == action::relate || s.what == action::filter || s.what == action::relate_filter;
    const int second = s.inputs[1] < 0 ? -1 : node_of[static_cast<std::size_t>(s.inputs[1])];
    node_of[i] = set_only ? at : emit.add(detail::plain_function(s.what), s.which, 0, at, second);
  }
  return nodes;
}

}  // namespace relreason::blocks
