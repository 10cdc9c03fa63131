// relreason/data/clevr_text.hpp -- CLEVR's questions as word indices and its answers as labels.
// Source: mesnico/RelationNetworks-CLEVR (dictionaries in order of first appearance, from 1; 0 is padding) and facebookresearch/clevr-iep, restated.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason::clevr {

// punctuation: each of . , ; : ! ? ( ) is a token of its own, lower case: 82 tokens. The released weights use this.
// words: split at white space only, lower case: "cube?" is another word than "cube".
// iep: ';' and ',' are tokens, '?' and '.' are dropped, case is kept, split at each single blank (two blanks give an empty token).
enum class tokenization : std::uint8_t { punctuation, words, iep };
inline constexpr std::array<std::string_view, 3> tokenization_names{"punctuation", "words", "iep"};

// The 82 tokens of CLEVR's questions in byte order; the n-th has index n, from 1.
inline constexpr std::array<std::string_view, 82> closed_words{
    ";",         "?",     "a",        "an",     "and",    "another", "any",     "anything", "are",   "as",      "ball",    "balls",
    "behind",    "big",   "block",    "blocks", "blue",   "both",    "brown",   "color",    "cube",  "cubes",   "cyan",    "cylinder",
    "cylinders", "do",    "does",     "either", "else",   "equal",   "fewer",   "front",    "gray",  "greater", "green",   "has",
    "have",      "how",   "in",       "is",     "it",     "its",     "large",   "left",     "less",  "made",    "many",    "material",
    "matte",     "metal", "metallic", "more",   "number", "object",  "objects", "of",       "on",    "or",      "other",   "purple",
    "red",       "right", "rubber",   "same",   "shape",  "shiny",   "side",    "size",     "small", "sphere",  "spheres", "than",
    "that",      "the",   "there",    "thing",  "things", "tiny",    "to",      "visible",  "what",  "yellow"};
inline constexpr int max_question_tokens = 50;  // of a CLEVR question, punctuation-level

namespace detail {

inline bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
inline bool one_of(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

inline std::vector<std::string> split_iep(std::string_view text) {
  std::vector<std::string> tokens(1);
  for (const char c : text) {
    if (one_of(c, "?.")) continue;
    if (c == ' ' || one_of(c, ";,")) tokens.emplace_back();
    if (c != ' ') tokens.back() += c;
  }
  return tokens;
}

}  // namespace detail

// Bytes outside ASCII stay as they are.
inline std::vector<std::string> tokenize(std::string_view text, tokenization how) {
  if (how == tokenization::iep) return detail::split_iep(text);
  std::vector<std::string> tokens;
  bool inside = false;
  for (const char c : text) {
    const bool mark = how == tokenization::punctuation && detail::one_of(c, ".,;:!?()");
    if (mark) tokens.emplace_back(1, c);
    else if (!detail::is_blank(c)) {
      if (!inside) tokens.emplace_back();
      tokens.back() += detail::lower(c);
    }
    inside = !mark && !detail::is_blank(c);
  }
  return tokens;
}

// Words with indices from 1 in the order given; 0 is padding. For iep words 1, 2, 3 are <START>, <END>, <UNK>.
class dictionary {
 public:
  dictionary(tokenization how, std::vector<std::string> words) : how_(how), words_(std::move(words)) {
    constexpr std::size_t most = 1'000'000;
    if (words_.size() > most) fail("clevr::dictionary: found ", words_.size(), " words, wanted at most ", most);
    for (std::size_t i = 0; i < words_.size(); ++i)
      if (!index_.emplace(words_[i], static_cast<int>(i) + 1).second)
        fail("clevr::dictionary: found word ", relreason::detail::quoted(words_[i]), " at ", i + 1, " and before, wanted each once");
    if (how_ != tokenization::iep) return;
    for (std::size_t i = 0; i < specials.size(); ++i)
      if (words_.size() <= i || words_[i] != specials[i])
        fail("clevr::dictionary: found no ", specials[i], " as word ", i + 1,
             " of an iep dictionary, wanted <START>, <END>, <UNK> before the others");
  }

  // One scan in the order given, as the authors did over the training questions; iep sorts its words by bytes.
  template <class Questions>
  static dictionary scan(const Questions& questions, tokenization how) {
    std::vector<std::string> words;
    std::set<std::string> seen;
    for (const question& q : questions)
      for (std::string& token : tokenize(q.text, how))
        if (seen.insert(token).second) words.push_back(std::move(token));
    if (how == tokenization::iep) {
      words.assign(specials.begin(), specials.end());
      words.insert(words.end(), seen.begin(), seen.end());
    }
    return {how, std::move(words)};
  }

  // All 82 tokens that CLEVR can produce, whatever questions were seen.
  static dictionary closed() { return {tokenization::punctuation, {closed_words.begin(), closed_words.end()}}; }

  tokenization how() const { return how_; }
  const std::vector<std::string>& words() const { return words_; }
  int size() const { return static_cast<int>(words_.size()); }
  int rows() const { return size() + 1; }  // of an embedding: the words and padding

  // The index of a word, or 0.
  int find(const std::string& word) const {
    const auto at = index_.find(word);
    return at == index_.end() ? 0 : at->second;
  }

  // The question's indices without padding (iep: between <START> and <END>). A word never seen is an error.
  // `file` is where the question came from, for the message.
  std::vector<int> encode(const question& q, std::string_view file = {}) const { return encode(q.text, q.question_index, file); }
  std::vector<int> encode(std::string_view text, int question_index = -1, std::string_view file = {}) const {
    std::vector<int> indices;
    if (how_ == tokenization::iep) indices.push_back(1);
    for (const std::string& token : tokenize(text, how_)) {
      const int index = find(token);
      if (index == 0)
        fail("clevr::dictionary::encode: ", in_file(file), "question ", question_index, ", ", relreason::detail::quoted(text), ": found word ",
             relreason::detail::quoted(token), ", wanted one of the ", size(),
             " words of the dictionary; make it from the training questions or use the closed one");
      indices.push_back(index);
    }
    if (how_ == tokenization::iep) indices.push_back(2);
    return indices;
  }

 private:
  static constexpr std::array<std::string_view, 3> specials{"<START>", "<END>", "<UNK>"};

  tokenization how_;
  std::vector<std::string> words_;
  std::unordered_map<std::string, int> index_;
};

// The class of an answer, by position in answer_classes; -1 for a text that is no answer of CLEVR.
inline int answer_class(std::string_view answer) {
  constexpr std::array<int, 7> begin{0, 11, 13, 21, 24, 26, 28};  // in clevr::answers
  for (int c = 0; c < 6; ++c)
    for (int i = begin[static_cast<std::size_t>(c)]; i < begin[static_cast<std::size_t>(c) + 1]; ++i)
      if (answers[static_cast<std::size_t>(i)] == answer) return c;
  return -1;
}

// Answers and labels from 0. By default in the order of clevr::answers; a trained network brings its own order.
class answer_list {
 public:
  answer_list() : answer_list({answers.begin(), answers.end()}) {}
  explicit answer_list(std::vector<std::string> names) : names_(std::move(names)) {
    constexpr std::size_t most = 1'000'000;
    if (names_.size() > most) fail("clevr::answer_list: found ", names_.size(), " answers, wanted at most ", most);
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (!label_.emplace(names_[i], static_cast<int>(i)).second)
        fail("clevr::answer_list: found answer ", relreason::detail::quoted(names_[i]), " at ", i, " and before, wanted each once");
  }

  // In order of first appearance, as the authors did over the training questions. Questions without an answer count for nothing.
  template <class Questions>
  static answer_list scan(const Questions& questions) {
    std::vector<std::string> names;
    std::set<std::string> seen;
    for (const question& q : questions)
      if (!q.answer.empty() && seen.insert(q.answer).second) names.push_back(q.answer);
    return answer_list(std::move(names));
  }

  const std::vector<std::string>& names() const { return names_; }
  int size() const { return static_cast<int>(names_.size()); }

  const std::string& name(int label) const {
    if (label < 0 || label >= size()) fail("clevr::answer_list: found label ", label, ", wanted 0 to ", size() - 1);
    return names_[static_cast<std::size_t>(label)];
  }

  int label(const question& q, std::string_view file = {}) const {
    const auto at = label_.find(q.answer);
    if (at == label_.end())
      fail("clevr::answer_list: ", in_file(file), "question ", q.question_index, ": found ",
           q.answer.empty() ? "no answer" : "answer " + relreason::detail::quoted(q.answer), ", wanted one of the ", size(),
           " known; a split without answers can only be predicted");
    return at->second;
  }

 private:
  std::vector<std::string> names_;
  std::unordered_map<std::string, int> label_;
};

}  // namespace relreason::clevr
