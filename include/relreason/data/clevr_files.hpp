// relreason/data/clevr_files.hpp -- reads CLEVR's scene and question files, as published and as the public generator writes them.
// Source: CLEVR_v1.0.zip; facebookresearch/clevr-dataset-gen ("type" for "function", raw answers, "_output", more fields). .json or .json.gz.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/data/clevr_program.hpp"
#include "relreason/data/json_records.hpp"
#include "relreason/data/picture_list.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason::clevr {

struct read_options {
  bool programs = true;                    // false: leaves them out, unread
  std::int64_t most_records = 10'000'000;  // of one file
};

namespace detail {

namespace dom = simdjson::dom;
using relreason::detail::quoted;

// What a JSON value is, for a message.
inline std::string found(dom::element e) {
  switch (e.type()) {
    case dom::element_type::OBJECT: return "an object";
    case dom::element_type::ARRAY: return "a list of " + std::to_string(e.get_array().value_unsafe().size());
    case dom::element_type::STRING: return quoted(e.get_string().value_unsafe());
    default: return simdjson::minify(e);
  }
}

// One field of one record. `inside` names what is between, as "object 2" or "program node 3".
struct field_place {
  const json_place& record;
  std::string_view name;
  const char* inside = nullptr;
  std::size_t number = 0;

  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... found_wanted) const {
    if (inside) record.wrong(inside, " ", number, ": field ", quoted(name), ": ", found_wanted...);
    record.wrong("field ", quoted(name), ": ", found_wanted...);
  }
};

inline std::string_view text_of(dom::element e, const field_place& at, std::size_t longest) {
  std::string_view text;
  if (e.get(text)) at.wrong("found ", found(e), ", wanted a string");
  if (text.size() > longest) at.wrong("found a string of ", text.size(), " bytes, wanted at most ", longest);
  return text;
}

inline int count_of(dom::element e, const field_place& at) {
  std::int64_t n = 0;
  if (e.get(n) || n < 0 || n > 2147483647) at.wrong("found ", found(e), ", wanted a whole number from 0 to 2147483647");
  return static_cast<int>(n);
}

inline double number_of(dom::element e, const field_place& at) {
  constexpr double most = 1e6;
  double x = 0;
  if (e.get(x) || !std::isfinite(x) || std::abs(x) > most) at.wrong("found ", found(e), ", wanted a number of at most 1e6");
  return x;
}

inline std::array<double, 3> triple_of(dom::element e, const field_place& at) {
  dom::array list;
  if (e.get(list) || list.size() != 3) at.wrong("found ", found(e), ", wanted a list of 3 numbers");
  std::array<double, 3> x{};
  std::size_t i = 0;
  for (const dom::element one : list) x[i++] = number_of(one, at);
  return x;
}

inline dom::array list_of(dom::element e, const field_place& at, std::size_t longest) {
  dom::array list;
  if (e.get(list)) at.wrong("found ", found(e), ", wanted a list");
  if (list.size() > longest) at.wrong("found a list of ", list.size(), ", wanted at most ", longest);
  return list;
}

inline dom::object object_of(dom::element e, const field_place& at) {
  dom::object fields;
  if (e.get(fields)) at.wrong("found ", found(e), ", wanted an object");
  return fields;
}

// Which of the known fields have come. A field of two names (function, type) counts as one.
class seen_fields {
 public:
  void take(unsigned bit, const field_place& at) {
    if (seen_ >> bit & 1u) at.wrong("found it twice, wanted it once");
    seen_ |= 1u << bit;
  }
  bool has(unsigned bit) const { return seen_ >> bit & 1u; }

 private:
  unsigned seen_ = 0;
};

inline constexpr std::size_t longest_name = 1024, longest_question = 4096, longest_answer = 64;

inline object read_object(dom::element e, const json_place& record, std::size_t number) {
  object o;
  seen_fields seen;
  for (const auto [key, value] : object_of(e, {record, "objects", "object", number})) {
    const field_place at{record, key, "object", number};
    for (std::uint8_t a = 0; a < 4; ++a) {
      if (key != attribute_names[a]) continue;
      seen.take(a, at);
      const auto name = text_of(value, at, longest_name);
      const int id = value_id(a, name);
      if (id < 0) at.wrong("found ", quoted(name), ", wanted a ", attribute_names[a], " of CLEVR, as ", value_name(a, 0));
      o.attributes[a] = static_cast<std::uint8_t>(id);
    }
    if (key == "3d_coords") seen.take(4, at), o.position = triple_of(value, at);
    else if (key == "pixel_coords") seen.take(5, at), o.pixel = triple_of(value, at);
    else if (key == "rotation") seen.take(6, at), o.rotation = number_of(value, at);
  }
  for (unsigned bit = 0; bit < 5; ++bit)
    if (!seen.has(bit)) field_place{record, bit < 4 ? attribute_names[bit] : "3d_coords", "object", number}.wrong("found none, wanted one");
  return o;
}

// related[i]: the j that are r of i, ascending.
inline std::vector<std::vector<int>> read_relation(dom::element e, const field_place& at) {
  std::vector<std::vector<int>> related;
  for (const dom::element one : list_of(e, at, max_scene_objects)) {
    auto& row = related.emplace_back();
    for (const dom::element j : list_of(one, at, max_scene_objects)) {
      const int object = count_of(j, at), self = static_cast<int>(related.size()) - 1;
      if (object == self || (!row.empty() && object <= row.back()))
        at.wrong("found object ", object, " in list ", self, ", wanted other objects in ascending order");
      row.push_back(object);
    }
  }
  return related;
}

inline void check_relations(const scene& s, const json_place& record) {
  const int n = static_cast<int>(s.objects.size());
  for (std::size_t r = 0; r < 4; ++r) {
    if (s.related[r].empty()) continue;
    if (static_cast<int>(s.related[r].size()) != n)
      record.wrong("field ", quoted(relation_names[r]), ": found ", s.related[r].size(), " lists, wanted ", n, ", one per object");
    for (const auto& row : s.related[r])
      if (!row.empty() && row.back() >= n) record.wrong("field ", quoted(relation_names[r]), ": found object ", row.back(), ", wanted 0 to ", n - 1);
  }
}

inline scene read_scene(dom::element e, const json_place& record) {
  scene s;
  seen_fields seen;
  for (const auto [key, value] : object_of(e, {record, record.noun})) {
    const field_place at{record, key};
    if (key == "image_index") seen.take(0, at), s.image_index = count_of(value, at);
    else if (key == "image_filename") seen.take(1, at), s.image_filename = text_of(value, at, longest_name);
    else if (key == "split") seen.take(2, at), s.split = text_of(value, at, longest_name);
    else if (key == "objects") {
      seen.take(3, at);
      const dom::array list = list_of(value, at, max_scene_objects);
      for (const dom::element one : list) s.objects.push_back(read_object(one, record, s.objects.size()));
    } else if (key == "relationships") {
      seen.take(4, at);
      seen_fields relations;
      for (const auto [name, lists] : object_of(value, at))
        for (unsigned r = 0; r < 4; ++r)
          if (name == relation_names[r]) relations.take(r, {record, name}), s.related[r] = read_relation(lists, {record, name});
    } else if (key == "directions") {
      constexpr std::array<std::string_view, 6> names{"left", "right", "front", "behind", "above", "below"};
      seen.take(5, at);
      seen_fields directions;
      for (const auto [name, triple] : object_of(value, at))
        for (unsigned d = 0; d < 6; ++d)
          if (name == names[d]) directions.take(d, {record, name}), s.directions[d] = triple_of(triple, {record, name});
    }
  }
  if (!seen.has(0)) field_place{record, "image_index"}.wrong("found none, wanted one");
  if (!seen.has(3)) field_place{record, "objects"}.wrong("found none, wanted a list");
  check_relations(s, record);
  return s;
}

inline void read_value_input(dom::element list, program_node& n, const field_place& at) {
  const dom::array values = list_of(list, at, 8);
  if (values.size() != static_cast<std::size_t>(n_value_inputs(n.what)))
    at.wrong("found ", values.size(), " values for ", function_name(n), ", wanted ", n_value_inputs(n.what));
  if (values.size() == 0) return;
  const auto name = text_of(values.at(0).value_unsafe(), at, longest_name);
  if (n.what == function::filter) {
    const int id = value_id(n.which, name);
    if (id < 0) at.wrong("found ", quoted(name), ", wanted a ", attribute_names[n.which], " of CLEVR, as ", value_name(n.which, 0));
    n.value = static_cast<std::uint8_t>(id);
    return;
  }
  for (std::uint8_t r = 0; r < 4; ++r)
    if (relation_names[r] == name) {
      n.which = r;
      return;
    }
  at.wrong("found ", quoted(name), ", wanted left, right, front or behind");
}

inline program_node read_node(dom::element e, const json_place& record, std::size_t number) {
  const auto place = [&](std::string_view name) { return field_place{record, name, "program node", number}; };
  seen_fields seen;
  dom::element name, inputs, values;
  for (const auto [key, value] : object_of(e, place("program"))) {
    if (key == "function" || key == "type") seen.take(0, place(key)), name = value;
    else if (key == "inputs") seen.take(1, place(key)), inputs = value;
    else if (key == "value_inputs" || key == "side_inputs") seen.take(2, place(key)), values = value;
  }
  if (!seen.has(0)) place("function").wrong("found none, wanted one (or \"type\")");
  const auto text = text_of(name, place("function"), longest_name);
  const auto named = function_named(text);
  if (!named) place("function").wrong("found ", quoted(text), ", wanted a function of CLEVR, as filter_color");
  program_node n = *named;
  if (seen.has(2)) read_value_input(values, n, place("value_inputs"));
  else if (n_value_inputs(n.what) > 0) place("value_inputs").wrong("found none, wanted one value for ", text);
  const std::size_t wanted = static_cast<std::size_t>(n_inputs(n.what)), given = seen.has(1) ? list_of(inputs, place("inputs"), 127).size() : 0;
  if (given != wanted) place("inputs").wrong("found ", given, " inputs for ", text, ", wanted ", wanted);
  for (std::size_t k = 0; k < wanted; ++k) {
    const dom::element input = inputs.get_array().value_unsafe().at(k).value_unsafe();
    std::int64_t from = -1;
    if (input.get(from) || from < 0 || from >= static_cast<std::int64_t>(number))
      place("inputs").wrong("found ", found(input), ", wanted an earlier node (below ", number, ")");
    n.inputs[k] = static_cast<std::int8_t>(from);
  }
  return n;
}

inline std::vector<program_node> read_program(dom::element e, const json_place& record) {
  std::vector<program_node> program;
  if (e.is_null()) return program;
  const dom::array list = list_of(e, {record, "program"}, max_program_nodes);
  program.reserve(list.size());
  for (const dom::element one : list) program.push_back(read_node(one, record, program.size()));
  if (const std::string fault = program_fault(program); !fault.empty()) field_place{record, "program"}.wrong(fault);
  return program;
}

// The generator writes true, false and numbers for "yes", "no" and "3".
inline std::string read_answer(dom::element e, const field_place& at) {
  if (e.is_null()) return {};
  if (bool yes; !e.get(yes)) return yes ? "yes" : "no";
  if (e.is_string()) return std::string(text_of(e, at, longest_answer));
  return std::to_string(count_of(e, at));
}

inline question read_question(dom::element e, const json_place& record, const read_options& options) {
  question q;
  seen_fields seen;
  for (const auto [key, value] : object_of(e, {record, record.noun})) {
    const field_place at{record, key};
    if (key == "image_index") seen.take(0, at), q.image_index = count_of(value, at);
    else if (key == "question") seen.take(1, at), q.text = text_of(value, at, longest_question);
    else if (key == "question_index") seen.take(2, at), q.question_index = count_of(value, at);
    else if (key == "question_family_index") seen.take(3, at), q.family = value.is_null() ? -1 : count_of(value, at);
    else if (key == "image_filename") seen.take(4, at), q.image_filename = text_of(value, at, longest_name);
    else if (key == "split") seen.take(5, at), q.split = text_of(value, at, longest_name);
    else if (key == "answer") seen.take(6, at), q.answer = read_answer(value, at);
    else if (key == "program") {
      seen.take(7, at);
      if (options.programs) q.program = read_program(value, record);
    }
  }
  if (!seen.has(0)) field_place{record, "image_index"}.wrong("found none, wanted one");
  if (!seen.has(1)) field_place{record, "question"}.wrong("found none, wanted one");
  if (!seen.has(2)) q.question_index = static_cast<int>(record.index);
  return q;
}

}  // namespace detail

inline std::vector<scene> read_scenes(const std::string& path, const read_options& options = {}) {
  std::vector<scene> scenes;
  json_records file(path, "clevr::read_scenes", "scenes", "scene", options.most_records);
  file.each([&](simdjson::dom::element e, const json_place& at) { scenes.push_back(detail::read_scene(e, at)); });
  return scenes;
}

// About 400 bytes per question with its program. A question without question_index gets its position in the file.
inline std::vector<question> read_questions(const std::string& path, const read_options& options = {}) {
  std::vector<question> questions;
  json_records file(path, "clevr::read_questions", "questions", "question", options.most_records);
  file.each([&](simdjson::dom::element e, const json_place& at) { questions.push_back(detail::read_question(e, at, options)); });
  return questions;
}

// scene_of[i]: the position in `scenes` of the scene that question i asks about. A split counts only where both name one. Errors name the sources.
inline std::vector<int> join(const std::vector<scene>& scenes, const std::vector<question>& questions, const sources& from = {}) {
  std::unordered_map<std::string, std::unordered_map<int, int>> by_split;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    const scene& s = scenes[i];
    const auto [first, is_new] = by_split[s.split].emplace(s.image_index, static_cast<int>(i));
    if (!is_new)
      fail("clevr::join: ", in_file(from.scenes), "found two scenes of image_index ", s.image_index, " in split ", relreason::detail::quoted(s.split),
           " (scenes ", first->second, " and ", i, " of the list), wanted one; give each scene once");
  }
  const auto find = [&](const std::string& split, int image) {
    const auto group = by_split.find(split);
    if (group == by_split.end()) return -1;
    const auto at = group->second.find(image);
    return at == group->second.end() ? -1 : at->second;
  };
  std::vector<int> scene_of;
  scene_of.reserve(questions.size());
  for (const question& q : questions) {
    int at = find(q.split, q.image_index);
    if (at < 0) at = find("", q.image_index);
    if (at < 0 && q.split.empty() && by_split.size() == 1) at = find(by_split.begin()->first, q.image_index);
    if (at < 0)
      fail("clevr::join: ", in_file(from.questions), "question ", q.question_index, " asks about image_index ", q.image_index, " of split ",
           relreason::detail::quoted(q.split), ", found no such scene among ", scenes.size(), from.scenes.empty() ? "" : " in " + from.scenes,
           ", wanted one; give the scene file of that split");
    scene_of.push_back(at);
  }
  return scene_of;
}

struct dataset {
  std::vector<scene> scenes;
  std::vector<question> questions;
  std::vector<int> scene_of;  // per question
  sources from = {};
  picture_list pictures = {};  // of the scenes, or none: data/scene_pictures.hpp
};

// A scene file and a file of questions about those scenes.
inline dataset open_files(const std::string& scenes, const std::string& questions, const read_options& options = {}) {
  dataset d{read_scenes(scenes, options), read_questions(questions, options), {}, {scenes, questions}};
  d.scene_of = join(d.scenes, d.questions, d.from);
  return d;
}

// The files of one split under DIR, as CLEVR_v1.0.zip lays them out (each .json or .json.gz). The split test has no scenes: use read_questions.
inline dataset open(const std::string& directory, const std::string& split, const read_options& options = {}) {
  const auto path_of = [&](const std::string& what) {
    const std::string name = what + "/CLEVR_" + split + "_" + what + ".json";
    for (const char* ending : {"", ".gz"})
      if (std::error_code ignored; std::filesystem::exists(directory + "/" + name + ending, ignored)) return directory + "/" + name + ending;
    fail("clevr::open: no file ", name, " (or ", name, ".gz) under ", directory, "; expected the layout of CLEVR_v1.0.zip");
  };
  const std::string scenes = path_of("scenes"), questions = path_of("questions");  // both are looked for before one is read
  return open_files(scenes, questions, options);
}

}  // namespace relreason::clevr
