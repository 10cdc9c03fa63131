// tests/support/blocks_checks.hpp -- what the tests of the blocks world share: CLEVR's words, a plain executor of programs, a real scene.
#pragma once

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "relreason/data/blocks_scenes.hpp"
#include "relreason/data/clevr.hpp"

// The 82 tokens of CLEVR's questions with punctuation apart, lower case.
inline const std::set<std::string>& clevr_words() {
  static const std::set<std::string> words = [] {
    std::istringstream in(
        "; ? a an and another any anything are as ball balls behind big block blocks blue both brown color cube cubes cyan cylinder cylinders do does "
        "either else equal fewer front gray greater green has have how in is it its large left less made many material matte metal metallic more "
        "number object objects of on or other purple red right rubber same shape shiny side size small sphere spheres than that the there thing things "
        "tiny to visible what yellow");
    std::set<std::string> all;
    for (std::string word; in >> word;) all.insert(word);
    return all;
  }();
  return words;
}

inline std::vector<std::string> tokens_of(const std::string& question) {
  std::string spaced;
  for (const char c : question) {
    if (c == '?' || c == ';' || c == ',' || c == '.') ((spaced += ' ') += c) += ' ';
    else spaced += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  std::istringstream in(spaced);
  std::vector<std::string> tokens;
  for (std::string word; in >> word;) tokens.push_back(word);
  return tokens;
}

// A node's value: a sorted list of objects, or one number (object, count, attribute value, yes as 1); a list of one object is not an object.
struct plain_value {
  std::vector<int> set;
  int number = -1;
};

// Straight from the table of functions, on lists: shares nothing with the bit sets of the generator. "invalid" where unique finds not one.
inline std::string plain_answer(const relreason::clevr::scene& s, const std::vector<relreason::clevr::program_node>& program) {
  using namespace relreason::clevr;
  std::vector<plain_value> values;
  for (const program_node& n : program) {
    plain_value x, y, v;
    if (n.inputs[0] >= 0) x = values.at(static_cast<std::size_t>(n.inputs[0]));
    if (n.inputs[1] >= 0) y = values.at(static_cast<std::size_t>(n.inputs[1]));
    const auto object_at = [&](int i) -> const object& { return s.objects.at(static_cast<std::size_t>(i)); };
    switch (n.what) {
      case function::scene:
        for (int i = 0; i < static_cast<int>(s.objects.size()); ++i) v.set.push_back(i);
        break;
      case function::filter:
        for (const int i : x.set)
          if (object_at(i).attributes[n.which] == n.value) v.set.push_back(i);
        break;
      case function::unique:
        if (x.set.size() != 1) return "invalid";
        v.number = x.set[0];
        break;
      case function::relate: v.set = s.related[n.which].at(static_cast<std::size_t>(x.number)); break;
      case function::union_: std::set_union(x.set.begin(), x.set.end(), y.set.begin(), y.set.end(), std::back_inserter(v.set)); break;
      case function::intersect: std::set_intersection(x.set.begin(), x.set.end(), y.set.begin(), y.set.end(), std::back_inserter(v.set)); break;
      case function::same:
        for (int i = 0; i < static_cast<int>(s.objects.size()); ++i)
          if (i != x.number && object_at(i).attributes[n.which] == object_at(x.number).attributes[n.which]) v.set.push_back(i);
        break;
      case function::count: v.number = static_cast<int>(x.set.size()); break;
      case function::exist: v.number = !x.set.empty(); break;
      case function::query: v.number = object_at(x.number).attributes[n.which]; break;
      case function::equal:
      case function::equal_integer:
      case function::equal_object: v.number = x.number == y.number; break;
      case function::less_than: v.number = x.number < y.number; break;
      case function::greater_than: v.number = x.number > y.number; break;
    }
    values.push_back(v);
  }
  const program_node& last = program.back();
  const auto value = static_cast<std::size_t>(values.back().number);
  if (last.what == function::count) return std::to_string(value);
  if (last.what != function::query) return value ? "yes" : "no";
  switch (last.which) {
    case size: return std::string(sizes[value]);
    case color: return std::string(colors[value]);
    case material: return std::string(materials[value]);
    default: return std::string(shapes[value]);
  }
}

// Scene 0 of CLEVR's validation split (specs: public anchors), positions to six digits, relationships not filled.
inline relreason::clevr::scene first_validation_scene() {
  relreason::clevr::scene s;
  const auto add = [&](std::array<std::uint8_t, 4> attributes, double x, double y, double z, double px, double py, double depth) {
    relreason::clevr::object& o = s.objects.emplace_back();
    o.attributes = attributes;
    o.position = {x, y, z};
    o.pixel = {px, py, depth};
  };
  add({0, 7, 0, 2}, -1.493721, -1.993603, 0.7, 119, 131, 10.8020);   // large brown rubber cylinder
  add({0, 6, 0, 1}, 1.555709, -2.104737, 0.7, 198, 190, 8.6010);     // large gray rubber cube
  add({1, 5, 0, 2}, -2.342185, -0.520501, 0.35, 161, 118, 12.3727);  // small green rubber cylinder
  add({0, 3, 1, 0}, -0.807311, 1.914124, 0.7, 282, 100, 12.4950);    // large purple metal sphere
  add({1, 6, 1, 1}, 2.676381, 0.034539, 0.35, 337, 195, 9.1612);     // small gray metal cube
  return s;
}
