// relreason/data/clevr_program.hpp -- names, checks and runs the programs of CLEVR's questions.
// Source: Johnson et al. 2017, supplement, and its generator's question engine (facebookresearch/clevr-dataset-gen), restated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::clevr {

inline constexpr int max_program_nodes = 127;  // inputs are stored in one signed byte
inline constexpr int max_scene_objects = 64;   // a set of objects is one word of bits

// What a node takes and gives. An attribute's value is comparable only with a value of the same attribute.
enum class kind : std::uint8_t { set, object, integer, boolean, size, color, material, shape };
inline constexpr std::array<std::string_view, 8> kind_names{"a set of objects", "an object", "a number",   "yes or no",
                                                            "a size",           "a color",   "a material", "a shape"};

inline std::string_view value_name(std::uint8_t attribute, std::uint8_t value) {
  switch (attribute) {
    case size: return sizes[value];
    case color: return colors[value];
    case material: return materials[value];
    default: return shapes[value];
  }
}

// The value's id, or -1 where the attribute has no such value.
inline int value_id(std::uint8_t attribute, std::string_view name) {
  const auto in = [&](const auto& names) {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == name) return static_cast<int>(i);
    return -1;
  };
  switch (attribute) {
    case size: return in(sizes);
    case color: return in(colors);
    case material: return in(materials);
    default: return in(shapes);
  }
}

namespace detail {

struct signature {
  std::string_view name;  // a trailing '_' stands for an attribute's name to follow
  function what;
  std::uint8_t arity, values;  // number of inputs; of value_inputs
};

inline constexpr std::array<signature, 15> signatures{{{"scene", function::scene, 0, 0},
                                                       {"filter_", function::filter, 1, 1},
                                                       {"unique", function::unique, 1, 0},
                                                       {"relate", function::relate, 1, 1},
                                                       {"union", function::union_, 2, 0},
                                                       {"intersect", function::intersect, 2, 0},
                                                       {"same_", function::same, 1, 0},
                                                       {"count", function::count, 1, 0},
                                                       {"exist", function::exist, 1, 0},
                                                       {"query_", function::query, 1, 0},
                                                       {"equal_", function::equal, 2, 0},
                                                       {"equal_integer", function::equal_integer, 2, 0},
                                                       {"less_than", function::less_than, 2, 0},
                                                       {"greater_than", function::greater_than, 2, 0},
                                                       {"equal_object", function::equal_object, 2, 0}}};

inline const signature& signature_of(function what) { return signatures[static_cast<std::size_t>(what)]; }

inline kind kind_of_attribute(std::uint8_t a) { return static_cast<kind>(static_cast<std::uint8_t>(kind::size) + a); }

inline kind wanted_kind(const program_node& n) {
  switch (n.what) {
    case function::relate:
    case function::same:
    case function::query:
    case function::equal_object: return kind::object;
    case function::equal_integer:
    case function::less_than:
    case function::greater_than: return kind::integer;
    case function::equal: return kind_of_attribute(n.which);
    default: return kind::set;
  }
}

inline kind given_kind(const program_node& n) {
  switch (n.what) {
    case function::unique: return kind::object;
    case function::count: return kind::integer;
    case function::query: return kind_of_attribute(n.which);
    case function::exist:
    case function::equal:
    case function::equal_integer:
    case function::less_than:
    case function::greater_than:
    case function::equal_object: return kind::boolean;
    default: return kind::set;
  }
}

template <class... Parts>
std::string joined(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

}  // namespace detail

inline int n_inputs(function what) { return detail::signature_of(what).arity; }
inline int n_value_inputs(function what) { return detail::signature_of(what).values; }

// "filter_color", "relate", "union"; the name that the files use.
inline std::string function_name(const program_node& n) {
  const std::string_view name = detail::signature_of(n.what).name;
  return name.back() == '_' ? std::string(name) + std::string(attribute_names[n.which]) : std::string(name);
}

// The function of that name with `which` set, or nothing.
inline std::optional<program_node> function_named(std::string_view name) {
  for (const auto& s : detail::signatures) {
    if (s.name.back() != '_' && s.name == name) return program_node{s.what};
    if (s.name.back() != '_' || name.substr(0, s.name.size()) != s.name) continue;
    for (std::uint8_t a = 0; a < 4; ++a)
      if (attribute_names[a] == name.substr(s.name.size())) return program_node{s.what, a};
  }
  return std::nullopt;
}

// What is wrong with a program, as "node 3 (count): found ..., wanted ..."; empty where it can be run. An empty program has no fault.
// With wants_answer the last node must give one.
inline std::string program_fault(const std::vector<program_node>& program, bool wants_answer = true) {
  if (program.size() > static_cast<std::size_t>(max_program_nodes))
    return detail::joined("found ", program.size(), " nodes, wanted at most ", max_program_nodes);
  for (std::size_t i = 0; i < program.size(); ++i) {
    const program_node& n = program[i];
    const auto where = [&] { return detail::joined("node ", i, " (", function_name(n), "): "); };
    if (static_cast<std::size_t>(n.what) >= detail::signatures.size()) return detail::joined("node ", i, ": found no function of CLEVR");
    const std::uint8_t n_values[] = {2, 8, 2, 3};
    if (n.which > 3 || (n.what == function::filter && n.value >= n_values[n.which]))
      return detail::joined("node ", i, ": found no attribute value of CLEVR");
    for (std::size_t k = 0; k < 2; ++k) {
      const int from = n.inputs[k];
      const bool used = k < detail::signature_of(n.what).arity;
      if (!used && from != -1) return where() + detail::joined("found an input too many, wanted ", n_inputs(n.what));
      if (!used) continue;
      if (from < 0 || from >= static_cast<int>(i))
        return where() + detail::joined("found input ", from, ", wanted an earlier node (0 to ", static_cast<int>(i) - 1, ")");
      const kind given = detail::given_kind(program[static_cast<std::size_t>(from)]), wanted = detail::wanted_kind(n);
      if (given != wanted)
        return where() + detail::joined("found input ", from, " to be ", kind_names[static_cast<std::size_t>(given)], ", wanted ",
                                        kind_names[static_cast<std::size_t>(wanted)]);
    }
  }
  if (program.empty() || !wants_answer) return {};
  const kind last = detail::given_kind(program.back());
  if (last == kind::set || last == kind::object)
    return detail::joined("node ", program.size() - 1, " (", function_name(program.back()), "): found the last node to give ",
                          kind_names[static_cast<std::size_t>(last)], ", wanted a number, yes or no, or a value");
  return {};
}

// The result of one node. what == set or object: `number` is a set of bits, one per object, or the object's index.
struct value {
  kind what{};
  std::uint64_t number = 0;

  std::vector<int> members() const {
    std::vector<int> list;
    for (int i = 0; i < max_scene_objects; ++i)
      if (number >> i & 1) list.push_back(i);
    return list;
  }
};

namespace detail {

inline std::uint64_t having(const scene& s, std::uint8_t a, std::uint8_t v) {
  std::uint64_t set = 0;
  for (std::size_t i = 0; i < s.objects.size(); ++i) set |= static_cast<std::uint64_t>(s.objects[i].attributes[a] == v) << i;
  return set;
}

inline std::uint64_t related_to(const scene& s, std::uint8_t r, std::uint64_t object) {
  if (s.related[r].size() != s.objects.size())
    fail("clevr::execute: scene ", s.image_index, " has no relationships \"", relation_names[r],
         "\", wanted one list per object; read the scene with them");
  std::uint64_t set = 0;
  for (const int j : s.related[r][object]) {
    if (j < 0 || j >= static_cast<int>(s.objects.size()))
      fail("clevr::execute: scene ", s.image_index, ": found object ", j, " in \"", relation_names[r], "\", wanted 0 to ", s.objects.size() - 1);
    set |= std::uint64_t{1} << j;
  }
  return set;
}

inline std::uint64_t count_bits(std::uint64_t set) {
  std::uint64_t n = 0;
  for (; set; set &= set - 1) ++n;
  return n;
}

// a, b: the inputs' numbers. Nothing where unique finds no or several objects.
inline std::optional<std::uint64_t> run(const scene& s, const program_node& n, std::uint64_t a, std::uint64_t b) {
  const std::size_t m = s.objects.size();
  const auto attribute_of = [&](std::uint64_t object) { return s.objects[object].attributes[n.which]; };
  switch (n.what) {
    case function::scene: return m == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << m) - 1;
    case function::filter: return a & having(s, n.which, n.value);
    case function::unique: {
      if (count_bits(a) != 1) return std::nullopt;
      return count_bits(a - 1);
    }
    case function::relate: return related_to(s, n.which, a);
    case function::union_: return a | b;
    case function::intersect: return a & b;
    case function::same: return having(s, n.which, attribute_of(a)) & ~(std::uint64_t{1} << a);
    case function::count: return count_bits(a);
    case function::exist: return a != 0;
    case function::query: return attribute_of(a);
    case function::equal:
    case function::equal_integer:
    case function::equal_object: return a == b;
    case function::less_than: return a < b;
    case function::greater_than: return a > b;
  }
  return std::nullopt;
}

// program: without fault
inline std::vector<value> run_all(const scene& s, const std::vector<program_node>& program) {
  if (s.objects.size() > static_cast<std::size_t>(max_scene_objects))
    fail("clevr::execute: scene ", s.image_index, " has ", s.objects.size(), " objects, wanted at most ", max_scene_objects);
  std::vector<value> values;
  values.reserve(program.size());
  for (const program_node& n : program) {
    std::array<std::uint64_t, 2> in{};
    for (std::size_t k = 0; k < signature_of(n.what).arity; ++k) in[k] = values[static_cast<std::size_t>(n.inputs[k])].number;
    const auto out = run(s, n, in[0], in[1]);
    if (!out) break;
    values.push_back({given_kind(n), *out});
  }
  return values;
}

}  // namespace detail

// The result of every node in order; a program that is INVALID on this scene (unique of no or several objects) ends early.
// The last node may give anything.
inline std::vector<value> trace(const scene& s, const std::vector<program_node>& program) {
  if (const std::string fault = program_fault(program, false); !fault.empty()) fail("clevr::trace: ", fault, "; correct the program");
  return detail::run_all(s, program);
}

// The text of an answer: "3", "yes", "cube".
inline std::string answer_text(const value& v) {
  switch (v.what) {
    case kind::set:
    case kind::object: fail("clevr::answer_text: found ", kind_names[static_cast<std::size_t>(v.what)], ", wanted an answer");
    case kind::integer: return std::to_string(v.number);
    case kind::boolean: return v.number ? "yes" : "no";
    default:
      return std::string(
          value_name(static_cast<std::uint8_t>(static_cast<int>(v.what) - static_cast<int>(kind::size)), static_cast<std::uint8_t>(v.number)));
  }
}

// The answer of a program on a scene, or nothing where it is INVALID there. The program is checked first.
inline std::optional<std::string> execute(const scene& s, const std::vector<program_node>& program) {
  if (program.empty()) fail("clevr::execute: found an empty program, wanted at least one node");
  if (const std::string fault = program_fault(program); !fault.empty()) fail("clevr::execute: ", fault, "; correct the program");
  const auto values = detail::run_all(s, program);
  if (values.size() < program.size()) return std::nullopt;
  return answer_text(values.back());
}

enum class question_type : std::uint8_t { exist, count, compare_numbers, query_attribute, compare_attribute };
inline constexpr std::array<std::string_view, 5> question_type_names{"exist", "count", "compare numbers", "query attribute", "compare attribute"};

// By the last function; nothing where there is no program, or none that ends in an answer.
inline std::optional<question_type> type_of(const std::vector<program_node>& program) {
  if (program.empty()) return std::nullopt;
  switch (program.back().what) {
    case function::exist: return question_type::exist;
    case function::count: return question_type::count;
    case function::equal_integer:
    case function::less_than:
    case function::greater_than: return question_type::compare_numbers;
    case function::query: return question_type::query_attribute;
    case function::equal:
    case function::equal_object: return question_type::compare_attribute;
    default: return std::nullopt;
  }
}

}  // namespace relreason::clevr
