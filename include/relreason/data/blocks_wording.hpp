// relreason/data/blocks_wording.hpp -- the sentences of the 90 question families, put together from noun phrases, within CLEVR's 82 words.
// Wording of our own after the kinds of question in Johnson et al. 2017, Sec. 3; blocks_programs.hpp has the notation ("$2 [that is] @1 the $1").
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <vector>

#include "relreason/data/blocks_programs.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks::detail {

using strings = std::vector<std::string>;

inline std::string number(const char* mark, int i) { return mark + std::to_string(i); }

// "$n [that is] @(n-1) the ... [that is] @1 the $1"
inline std::string chain_text(int n) {
  std::string text = number("$", n);
  for (int i = n - 1; i >= 1; --i) text += " [that is] " + number("@", i) + " the " + number("$", i);
  return text;
}

// What one can ask about the attribute of one object; `one` is "$1", "$2 [that is] @1 the $1" and so on. There is no second sentence where
// `there_is` is empty.
inline strings about(int attribute, const std::string& one, const std::string& there_is = "There is a ", const std::string& the = "the ") {
  const std::string a(clevr::attribute_names[static_cast<std::size_t>(attribute)]), x = the + one;
  std::string subject = x;
  subject[0] = 'T';
  strings texts{"What " + a + " is " + x + "?", "What is the " + a + " of " + x + "?"};
  const auto also = [&](std::initializer_list<std::string> more) { texts.insert(texts.end(), more); };
  if (attribute == clevr::size) also({"How big is " + x + "?", subject + " is what size?"});
  if (attribute == clevr::color) also({subject + " is what color?", subject + " has what color?"});
  if (attribute == clevr::material) also({"What is " + x + " made of?", subject + " is made of what material?"});
  if (attribute == clevr::shape) also({subject + " is what shape?", subject + " has what shape?"});
  if (there_is.empty()) return texts;
  const std::string so = there_is + one + "; ";
  also({so + "what " + a + " is it?", so + "what is its " + a + "?"});
  if (attribute == clevr::size) also({so + "how big is it?"});
  if (attribute == clevr::material) also({so + "what is it made of?"});
  return texts;
}

inline strings how_many(const std::string& things, const std::string& rest) {
  return {"How many " + things + " " + rest + "?", "What number of " + things + " " + rest + "?"};
}

// 0-8: more, fewer or as many. x, y: noun phrases in the plural.
inline strings compare_counts(action how, const std::string& x, const std::string& y) {
  if (how == action::less_than) return {"Are there fewer " + x + " than " + y + "?", "Is the number of " + x + " less than the number of " + y + "?"};
  if (how == action::greater_than)
    return {"Are there more " + x + " than " + y + "?", "Is the number of " + x + " greater than the number of " + y + "?"};
  return {"Are there an equal number of " + x + " and " + y + "?", "Are there the same number of " + x + " and " + y + "?",
          "Are there as many " + x + " as " + y + "?", "Is the number of " + x + " the same as the number of " + y + "?"};
}

// 9-24: whether two objects have the same attribute; with a second sentence where one of them is told by a relation.
inline strings compare_objects(int attribute, const std::string& x, const std::string& y, bool related) {
  const std::string a(clevr::attribute_names[static_cast<std::size_t>(attribute)]);
  strings texts{"Do the " + x + " and the " + y + " have the same " + a + "?", "Is the " + a + " of the " + x + " the same as the " + y + "?",
                "Does the " + x + " have the same " + a + " as the " + y + "?"};
  if (attribute == clevr::material) {
    texts.push_back("Are the " + x + " and the " + y + " made of the same material?");
    texts.push_back("Is the " + x + " made of the same material as the " + y + "?");
    return texts;
  }
  texts.push_back("Is the " + x + " the same " + a + " as the " + y + "?");
  if (!related) return texts;
  texts.push_back("There is a " + x + "; is it the same " + a + " as the " + y + "?");
  texts.push_back("There is a " + x + "; does its " + a + " equal the " + a + " of the " + y + "?");
  return texts;
}

// 25, 26, 72, 73, 78, 79: what stands in a relation to the end of a chain.
inline strings count_in_chain(int hops) {
  const std::string things = number("$", hops + 1) + "s", related = number("@", hops);
  strings texts = how_many(things, "are " + related + " the " + chain_text(hops));
  for (const char* how : {"how many ", "what number of "})
    texts.push_back("There is a " + chain_text(hops) + "; " + how + things + " are " + related + " it?");
  return texts;
}

inline strings exist_in_chain(int hops) {
  const std::string thing = number("$", hops + 1), related = number("@", hops), chain = chain_text(hops);
  return {"Are there any " + thing + "s [that are] " + related + " the " + chain + "?",
          "Is there a " + thing + " [that is] " + related + " the " + chain + "?",
          "There is a " + chain + "; are there any " + thing + "s [that are] " + related + " it?",
          "There is a " + chain + "; is there a " + thing + " [that is] " + related + " it?"};
}

// 31-58: "have the same size as the $1"
inline std::string same_as(int attribute, const char* verb) {
  const std::string a(clevr::attribute_names[static_cast<std::size_t>(attribute)]);
  const std::string made = attribute == clevr::material && std::string(verb) != "have" && std::string(verb) != "has" ? " [made of]" : "";
  return verb + made + " the same " + a + " as the $1";
}

}  // namespace relreason::blocks::detail
