// relreason/data/clevr.hpp -- the records of CLEVR: scenes, questions, programs, answers.
// Source: Johnson et al., "CLEVR: A Diagnostic Dataset for Compositional Language and Elementary Visual Reasoning", CVPR 2017; files of CLEVR_v1.0.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace relreason::clevr {

// Attribute ids are 0-based positions in these lists; the state encoder adds 1.
inline constexpr std::array<std::string_view, 8> colors{"cyan", "blue", "yellow", "purple", "red", "green", "gray", "brown"};
inline constexpr std::array<std::string_view, 2> materials{"rubber", "metal"};
inline constexpr std::array<std::string_view, 3> shapes{"sphere", "cube", "cylinder"};
inline constexpr std::array<std::string_view, 2> sizes{"large", "small"};
enum attribute : std::uint8_t { size, color, material, shape };  // the order in which filters appear in programs
enum relation : std::uint8_t { left, right, front, behind };
inline constexpr std::array<std::string_view, 4> attribute_names{"size", "color", "material", "shape"};
inline constexpr std::array<std::string_view, 4> relation_names{"left", "right", "front", "behind"};
inline constexpr int max_objects = 10;  // in one scene of CLEVR
inline constexpr int n_answers = 28;

// The 28 answers in 6 classes: number 0..10, material, color, shape, size, exist; this order is the order of reports.
inline constexpr std::array<std::string_view, n_answers> answers{
    "0",    "1",      "2",      "3",   "4",     "5",    "6",     "7",      "8",    "9",        "10",    "rubber", "metal", "cyan",
    "blue", "yellow", "purple", "red", "green", "gray", "brown", "sphere", "cube", "cylinder", "large", "small",  "yes",   "no"};
inline constexpr std::array<std::string_view, 6> answer_classes{"number", "material", "color", "shape", "size", "exist"};

struct object {
  std::array<std::uint8_t, 4> attributes{};  // ids by enum attribute
  std::array<double, 3> position{};          // 3d_coords, CLEVR units
  std::array<double, 3> pixel{};             // pixel_coords: x, y, depth
  double rotation = 0;                       // degrees, nominal (never the rendered yaw)
};

struct scene {
  int image_index = -1;
  std::string image_filename, split;
  std::vector<object> objects;
  std::array<std::vector<std::vector<int>>, 4> related;  // related[r][i]: sorted j such that object j is r of object i
  std::array<std::array<double, 3>, 6> directions{};     // left, right, front, behind, above, below
};

// Functions of the programs. The *_attribute families carry which attribute; relate carries which relation.
enum class function : std::uint8_t {
  scene,
  filter,
  unique,
  relate,
  union_,
  intersect,
  same,
  count,
  exist,
  query,
  equal,
  equal_integer,
  less_than,
  greater_than,
  equal_object
};

struct program_node {
  function what{};
  std::uint8_t which = 0;                     // attribute of filter, same, query, equal; relation of relate
  std::uint8_t value = 0;                     // attribute value of filter
  std::array<std::int8_t, 2> inputs{-1, -1};  // earlier nodes
};

struct question {
  int image_index = -1, question_index = -1, family = -1;
  std::string image_filename, split, text, answer;  // answer is empty where the file gives none (test split)
  std::vector<program_node> program;                // empty where the file gives none
};

// The files that scenes and questions came from, for the messages of errors; empty where there is none.
struct sources {
  std::string scenes = {}, questions = {};
};
// "file: ", or nothing
inline std::string in_file(std::string_view file) { return file.empty() ? std::string{} : std::string(file) + ": "; }

}  // namespace relreason::clevr
