// tests/support/blocks_checks.hpp -- what the tests of the blocks world share: CLEVR's words, a tokenizer, a real scene.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "relreason/data/clevr.hpp"

// The 82 tokens of CLEVR's questions with punctuation apart, lower case.
inline const std::set<std::string>& clevr_words() {
  static const std::set<std::string> words = [] {
    std::istringstream in(
        "; ? a an and another any anything are as ball balls behind big block blocks blue both brown color cube cubes cyan cylinder cylinders do "
        "does "
        "either else equal fewer front gray greater green has have how in is it its large left less made many material matte metal metallic more "
        "number object objects of on or other purple red right rubber same shape shiny side size small sphere spheres than that the there thing "
        "things "
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
