// relreason/data/clevr_dictionary.hpp -- the words and answers of published weights, from a JSON file.
// {"question_words": {"are": 1, ...}, "answers": {"yes": 1, ...}}: numbers from 1; numbers that no entry has are words or answers nobody knows.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "relreason/data/clevr_text.hpp"
#include "relreason/data/mapped_file.hpp"

namespace relreason::clevr {

struct published_dictionary {
  dictionary words;
  answer_list answers;
};

namespace detail {

// Entry k - 1 is the name of number k; where there is none, "<k>", which is no word and no answer.
inline std::vector<std::string> numbered_names(const simdjson::dom::element& file, const char* field, const std::string& path) {
  constexpr std::int64_t most = 100'000;
  simdjson::dom::object entries;
  if (file[field].get(entries))
    fail("clevr::read_dictionary: ", path, ": found no object \"", field, "\", wanted {\"", field, "\": {\"name\": 1, ...}}");
  std::vector<std::string> names;
  for (const auto& [name, value] : entries) {
    std::int64_t number = 0;
    if (value.get(number) || number < 1 || number > most)
      fail("clevr::read_dictionary: ", path, ": ", field, ": found no number from 1 to ", most, " at ", relreason::detail::quoted(name));
    const auto at = static_cast<std::size_t>(number) - 1;
    if (names.size() <= at) names.resize(at + 1);
    if (!names[at].empty())
      fail("clevr::read_dictionary: ", path, ": ", field, ": found ", relreason::detail::quoted(names[at]), " and ", relreason::detail::quoted(name),
           " at number ", number, ", wanted one of them");
    names[at] = name;
    if (names[at].empty()) fail("clevr::read_dictionary: ", path, ": ", field, ": found an empty name at number ", number, ", wanted a word");
  }
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].empty()) names[i] = "<" + std::to_string(i + 1) + ">";
  return names;
}

}  // namespace detail

// rows, classes: what the network has room for, padding not counted; unknown names fill up to them.
inline published_dictionary read_dictionary(const std::string& path, int rows, int classes) {
  const mapped_file file(path, "clevr::read_dictionary", mapped_file::how::read);
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (const auto wrong = parser.parse(reinterpret_cast<const std::uint8_t*>(file.bytes().data()), file.bytes().size()).get(root))
    fail("clevr::read_dictionary: ", path, ": found malformed JSON (", simdjson::error_message(wrong),
         "), wanted an object with question_words and answers");
  const auto fill = [&](const char* field, int room) {
    auto names = detail::numbered_names(root, field, path);
    if (names.size() > static_cast<std::size_t>(room))
      fail("clevr::read_dictionary: ", path, ": ", field, " has number ", names.size(), ", the network has room for ", room);
    while (names.size() < static_cast<std::size_t>(room)) names.push_back("<" + std::to_string(names.size() + 1) + ">");
    return names;
  };
  return {dictionary(tokenization::punctuation, fill("question_words", rows)), answer_list(fill("answers", classes))};
}

}  // namespace relreason::clevr
