// relreason/data/blocks_text.hpp -- turns a family's text and its filled slots into a question in words.
// Source: CLEVR's question generator: synonyms, parts that may be left out, and no "other" where two descriptions exclude each other.
// Differs: "an object", where CLEVR has "a object".
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "relreason/data/blocks_programs.hpp"
#include "relreason/data/blocks_random.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

namespace detail {

using words = std::array<std::string_view, 3>;  // synonyms; unused places stay empty

inline std::string_view one_of(const words& w, draws& random) {
  const int n = w[1].empty() ? 1 : w[2].empty() ? 2 : 3;
  return w[n == 1 ? 0 : static_cast<std::size_t>(random.below(n))];
}

inline constexpr std::array<words, 2> size_words{{{"large", "big"}, {"small", "tiny"}}};
inline constexpr std::array<words, 2> material_words{{{"rubber", "matte"}, {"metallic", "metal", "shiny"}}};
inline constexpr std::array<words, 4> noun_words{{{"sphere", "ball"}, {"cube", "block"}, {"cylinder"}, {"thing", "object"}}};  // the last: any shape
inline constexpr std::array<words, 4> relation_words{
    {{"left of", "to the left of", "on the left side of"}, {"right of", "to the right of", "on the right side of"}, {"in front of"}, {"behind"}}};

class realizer {
 public:
  realizer(const filling& slots, draws& random) : slots_(slots), random_(random) {}

  std::string operator()(const family& f) {
    const std::string_view text = f.texts[static_cast<std::size_t>(random_.below(static_cast<int>(f.texts.size())))];
    std::string out;
    out.reserve(160);
    const bool exclude = excluded();
    for (std::size_t i = 0; i < text.size();) i = copy(text, i, exclude, out);
    use_an(out);
    return out;
  }

 private:
  // Whether descriptions 1 and 2 name different values of one attribute: then "other" would say nothing.
  bool excluded() const {
    const auto a = unpack(slots_.descriptions[0]), b = unpack(slots_.descriptions[1]);
    for (std::size_t i = 0; i < 4; ++i)
      if (a[i] < n_values[i] && b[i] < n_values[i] && a[i] != b[i]) return true;
    return false;
  }

  // Writes what stands at `i`; returns where the next piece begins.
  std::size_t copy(std::string_view text, std::size_t i, bool exclude, std::string& out) {
    const char c = text[i];
    const auto slot = [&] { return static_cast<std::size_t>(text[i + 1] - '1'); };
    const auto plural = [&](std::size_t at) { return at < text.size() && text[at] == 's'; };
    if (c == '$') return describe(slots_.descriptions[slot()], plural(i + 2), out), i + 2 + plural(i + 2);
    if (c == '~') return describe(all_open, plural(i + 1), out), i + 1 + plural(i + 1);
    if (c == '@') return out += one_of(relation_words[slots_.relations[slot()]], random_), i + 2;
    if (c == ']') return i + 1;
    if (c == '[') return random_.coin() ? i + 1 : after_brackets(text, i);
    if (exclude && text.substr(i).starts_with("other $2")) return i + 6;
    if (exclude && text.substr(i).starts_with("another $2")) return out += 'a', i + 7;
    return out += c, i + 1;
  }

  static std::size_t after_brackets(std::string_view text, std::size_t i) {
    const std::size_t next = text.find(']', i) + 1;
    return next + (next < text.size() && text[next] == ' ');
  }

  void describe(std::uint16_t description, bool plural, std::string& out) {
    const auto v = unpack(description);
    const auto word = [&](std::string_view w) { (out += w) += ' '; };
    if (v[0] < n_values[0]) word(one_of(size_words[static_cast<std::size_t>(v[0])], random_));
    if (v[1] < n_values[1]) word(clevr::colors[static_cast<std::size_t>(v[1])]);
    if (v[2] < n_values[2]) word(one_of(material_words[static_cast<std::size_t>(v[2])], random_));
    out += one_of(noun_words[static_cast<std::size_t>(v[3])], random_);
    if (plural) out += 's';
  }

  static void use_an(std::string& out) {
    for (std::size_t at = 0; (at = out.find("a object", at)) != std::string::npos; at += 9)
      if (at > 0 && out[at - 1] == ' ') out.insert(at + 1, 1, 'n');
  }

  const filling& slots_;
  draws& random_;
};

}  // namespace detail

inline std::string text_of(const family& f, const filling& slots, draws& random) { return detail::realizer(slots, random)(f); }

}  // namespace relreason::blocks
