// relreason/data/blocks_writer.hpp -- writes scenes and questions as the files of CLEVR_v1.0.
// Source: the released files: scenes/CLEVR_{split}_scenes.json and questions/CLEVR_{split}_questions.json, program nodes with "function".
// Coordinates are written with the fewest digits that give the same double again.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/blocks_world.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/data/clevr_program.hpp"
#include "relreason/data/json_string.hpp"

namespace relreason::blocks {

namespace detail {

using relreason::detail::append_json_string;

template <class Number>
void append_number(std::string& out, Number v) {
  char digits[32];
  const auto [end, problem] = std::to_chars(digits, digits + sizeof digits, v);
  out.append(digits, end);
}

// [a,b,c], each written by `one`.
template <class List, class One>
void append_list(std::string& out, const List& list, One&& one) {
  out += '[';
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ',';
    first = false;
    one(item);
  }
  out += ']';
}

inline void append_key(std::string& out, std::string_view key) { ((out += '"') += key) += "\":"; }

inline void append_text(std::string& out, std::string_view key, std::string_view value) {
  append_key(out, key);
  append_json_string(out, value);
  out += ',';
}

template <class List>
void append_numbers(std::string& out, std::string_view key, const List& list) {
  append_key(out, key);
  append_list(out, list, [&](const auto& v) { append_number(out, v); });
}

inline void append_object(std::string& out, const clevr::object& o) {
  out += '{';
  for (std::size_t a = 0; a < 4; ++a) append_text(out, clevr::attribute_names[a], clevr::value_name(static_cast<std::uint8_t>(a), o.attributes[a]));
  append_key(out, "rotation");
  append_number(out, o.rotation);
  out += ',';
  append_numbers(out, "3d_coords", o.position);
  out += ',';
  append_numbers(out, "pixel_coords", o.pixel);
  out += '}';
}

inline void append_node(std::string& out, const clevr::program_node& n) {
  out += "{\"inputs\":[";
  for (std::size_t i = 0; i < 2 && n.inputs[i] >= 0; ++i) {
    if (i) out += ',';
    append_number(out, static_cast<int>(n.inputs[i]));
  }
  out += "],\"function\":\"";
  out += clevr::function_name(n);
  out += "\",\"value_inputs\":[";
  if (n.what == clevr::function::filter) append_json_string(out, clevr::value_name(n.which, n.value));
  if (n.what == clevr::function::relate) append_json_string(out, clevr::relation_names[n.which]);
  out += "]}";
}

inline void append_head(std::string& out, const options& o, std::string_view list) {
  out += "{\"info\":{";
  append_text(out, "split", o.split);
  append_text(out, "version", "1.0");
  append_text(out, "date", "");
  append_text(out, "license", "made by relreason blocks_world; free of any license");
  append_key(out, "seed");
  append_number(out, o.seed);
  out += "},";
  append_key(out, list);
  out += '[';
}

}  // namespace detail

inline void append_scene(std::string& out, const clevr::scene& s) {
  using namespace detail;
  constexpr std::array<std::string_view, 6> direction_names{"left", "right", "front", "behind", "above", "below"};
  out += '{';
  append_key(out, "image_index");
  append_number(out, s.image_index);
  out += ',';
  append_text(out, "image_filename", s.image_filename);
  append_text(out, "split", s.split);
  append_key(out, "objects");
  append_list(out, s.objects, [&](const clevr::object& o) { append_object(out, o); });
  out += ",\"relationships\":{";
  for (std::size_t r = 0; r < 4; ++r) {
    if (r) out += ',';
    append_key(out, clevr::relation_names[r]);
    append_list(out, s.related[r], [&](const std::vector<int>& j) { append_list(out, j, [&](int v) { append_number(out, v); }); });
  }
  out += "},\"directions\":{";
  for (std::size_t d = 0; d < 6; ++d) {
    if (d) out += ',';
    append_numbers(out, direction_names[d], s.directions[d]);
  }
  out += "}}";
}

inline void append_question(std::string& out, const clevr::question& q) {
  using namespace detail;
  const auto append_count = [&](std::string_view key, int value) {
    append_key(out, key);
    append_number(out, value);
    out += ',';
  };
  out += '{';
  append_count("image_index", q.image_index);
  append_text(out, "image_filename", q.image_filename);
  append_text(out, "split", q.split);
  append_count("question_index", q.question_index);
  append_count("question_family_index", q.family);
  append_text(out, "question", q.text);
  append_text(out, "answer", q.answer);
  append_key(out, "program");
  append_list(out, q.program, [&](const clevr::program_node& n) { append_node(out, n); });
  out += '}';
}

inline std::string scenes_file(const std::string& folder, const std::string& split) { return folder + "/scenes/CLEVR_" + split + "_scenes.json"; }
inline std::string questions_file(const std::string& folder, const std::string& split) {
  return folder + "/questions/CLEVR_" + split + "_questions.json";
}

namespace detail {

inline void make_folder(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(path, problem);
  if (problem) fail("blocks::write: cannot create the folder ", path, ": ", problem.message(), "; choose a folder that you may write to");
}

struct run_texts {
  std::string scenes, questions;
};

// ",\n" stands before each record but the file's first.
inline run_texts texts_of(const world& w) {
  run_texts t;
  for (const clevr::scene& s : w.scenes) {
    t.scenes += s.image_index ? ",\n" : "\n";
    append_scene(t.scenes, s);
  }
  for (const clevr::question& q : w.questions) {
    t.questions += q.question_index ? ",\n" : "\n";
    append_question(t.questions, q);
  }
  return t;
}

}  // namespace detail

// Writes one split under `folder`, a few runs of scenes at a time, so memory does not grow with n_scenes; an error leaves older files as they
// were. progress(scenes done) is called now and then. Returns the number of questions.
inline int write(const options& o, executor& e, std::span<const family> families, const std::string& folder,
                 const std::function<void(int)>& progress = {}) {
  check(o);
  detail::make_folder(folder + "/scenes");
  detail::make_folder(folder + "/questions");
  atomic_file scenes(scenes_file(folder, o.split)), questions(questions_file(folder, o.split));
  std::string head;
  detail::append_head(head, o, "scenes");
  scenes.write(head);
  head.clear();
  detail::append_head(head, o, "questions");
  questions.write(head);
  const int at_once = 2 * std::max(e.threads(), 1), all = n_runs(o);
  int n_questions = 0;
  for (int first = 0; first < all; first += at_once) {
    const auto runs = detail::make_runs(o, families, e, first, std::min(at_once, all - first), n_questions);
    std::vector<detail::run_texts> texts(runs.size());
    failure kept;
    e.parallel_for(static_cast<int>(runs.size()), [&](int i) {
      const auto at = static_cast<std::size_t>(i);
      kept.guard([&] { texts[at] = detail::texts_of(runs[at]); });
    });
    kept.rethrow();
    for (const detail::run_texts& t : texts) {
      scenes.write(t.scenes);
      questions.write(t.questions);
    }
    if (progress) progress(std::min((first + at_once) * scenes_per_run, o.n_scenes));
  }
  scenes.write("\n]}\n");
  questions.write("\n]}\n");
  scenes.commit();
  questions.commit();
  return n_questions;
}

}  // namespace relreason::blocks
