// relreason/data/blocks_families.hpp -- the 90 question families of CLEVR with wording of our own, within CLEVR's 82 words.
// Source: Johnson et al. 2017, Sec. 3; numbering as released: template files in alphabetical order, specs in the paper's supplement.
// Steps and constraints are those of the released families, in their order; blocks_wording.hpp has the sentences.
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "relreason/data/blocks_programs.hpp"
#include "relreason/data/blocks_wording.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

namespace detail {

// Writes a family step by step; each function returns the step's index. Slots are counted from 1, as in the texts.
struct family_writer {
  family f;

  int add(action what, int first = -1, int second = -1, int description = 0, int relation = 0, int which = 0) {
    f.steps.push_back({what,
                       {static_cast<std::int8_t>(first), static_cast<std::int8_t>(second)},
                       static_cast<std::int8_t>(description - 1),
                       static_cast<std::int8_t>(relation - 1),
                       static_cast<std::uint8_t>(which)});
    return static_cast<int>(f.steps.size()) - 1;
  }
  int all() { return add(action::scene); }
  int of_all(action what, int description) { return add(what, all(), -1, description); }
  int the(int description) { return of_all(action::filter_unique, description); }
  int next(action what, int from, int relation, int description) { return add(what, from, -1, description, relation); }
  int query(int object, int attribute) { return add(action::query, object, -1, 0, 0, attribute); }

  // "the $n @(n-1) the ... @1 the $1" with one relation after the other
  int chain(int n) {
    int at = the(1);
    for (int i = 2; i <= n; ++i) at = next(action::relate_filter_unique, at, i - 1, i);
    return at;
  }
  void differ(int a, int b) { f.differ.push_back({static_cast<std::int8_t>(a), static_cast<std::int8_t>(b)}); }
  void hide(int description, int attribute) { f.hidden[static_cast<std::size_t>(description - 1)] |= static_cast<std::uint8_t>(1u << attribute); }
  void say(const std::string& text) { f.texts.push_back(text); }
  void say(const strings& texts) { f.texts.insert(f.texts.end(), texts.begin(), texts.end()); }
};

// 0-8: two counts, of all objects or of those in a relation.
inline void add_compare_integer(std::vector<family>& all) {
  for (int related = 0; related <= 2; ++related)
    for (const action how : {action::equal_integer, action::less_than, action::greater_than}) {
      family_writer w;
      const int one = related ? w.the(1) : 0, x = related ? w.next(action::relate_filter_count, one, 1, 2) : w.of_all(action::filter_count, 1);
      const int two = related == 2 ? w.the(3) : 0;
      const int y = related == 2 ? w.next(action::relate_filter_count, two, 2, 4) : w.of_all(action::filter_count, related ? 3 : 2);
      w.add(how, x, y);
      if (related == 0) w.differ(x, y);
      if (related == 2) w.differ(one, two);
      const std::string first = "$2s [that are] @1 the $1";
      w.say(related == 0   ? compare_counts(how, "$1s", "$2s")
            : related == 1 ? compare_counts(how, first, "$3s")
                           : compare_counts(how, first, "$4s [that are] @2 the $3"));
      all.push_back(w.f);
    }
}

// 9-24: two objects, each alone or by its relation to another. As released, 9 and 10 ask for both attributes at the end.
inline family compare(int attribute, bool first_related, bool second_related) {
  family_writer w;
  const bool related = first_related || second_related, at_the_end = !related && attribute <= clevr::color;
  const int a = first_related ? 2 : 1, b = a + (second_related ? 2 : 1);  // the two descriptions compared
  const int x = w.chain(a), first = at_the_end ? 0 : w.query(x, attribute), anchor = w.the(a + 1);
  const int y = second_related ? w.next(action::relate_filter_unique, anchor, a, b) : anchor;
  const int qx = at_the_end ? w.query(x, attribute) : first, qy = w.query(y, attribute);
  w.add(action::equal, qx, qy, 0, 0, attribute);
  w.differ(x, y);
  w.hide(a, attribute);
  w.hide(b, attribute);
  const std::string second = second_related ? number("$", b) + " [that is] " + number("@", a) + " the " + number("$", a + 1) : number("$", b);
  w.say(compare_objects(attribute, chain_text(a), second, related));
  return w.f;
}

inline void add_comparison(std::vector<family>& all) {
  for (const int attribute : {clevr::size, clevr::color, clevr::material, clevr::shape}) all.push_back(compare(attribute, false, false));
  for (const int attribute : {clevr::size, clevr::color, clevr::material, clevr::shape})
    for (const auto& [first, second] : {std::pair(true, false), std::pair(false, true), std::pair(true, true)})
      all.push_back(compare(attribute, first, second));
}

// 25-30, 72-89: count, exist or query at the end of a chain of relations; ask: an attribute, or one of these.
inline constexpr int ask_count = 4, ask_exist = 5;

inline family hop(int hops, int ask) {
  family_writer w;
  if (ask < ask_count) {
    w.query(w.chain(hops + 1), ask);
    w.hide(hops + 1, ask);
    w.say(about(ask, chain_text(hops + 1), hops ? "There is a " : ""));
  } else if (hops == 0) {
    w.of_all(ask == ask_count ? action::filter_count : action::filter_exist, 1);
    if (ask == ask_count) w.say(how_many("$1s", "are there")), w.say("How many $1s are visible?");
    else w.say({"Are there any $1s?", "Are any $1s visible?", "Is there a $1?", "Is a $1 visible?"});
  } else {
    w.next(ask == ask_count ? action::relate_filter_count : action::relate_filter_exist, w.chain(hops), hops, hops + 1);
    w.say(ask == ask_count ? count_in_chain(hops) : exist_in_chain(hops));
  }
  return w.f;
}

inline void add_hops(std::vector<family>& all, int hops, std::initializer_list<int> asks) {
  for (const int ask : asks) all.push_back(hop(hops, ask));
}

// 31-58: other objects that share an attribute with one.
inline family_writer same_start(int attribute, int& others) {
  family_writer w;
  others = w.add(action::same, w.the(1), -1, 0, 0, attribute);
  w.hide(1, attribute);
  return w;
}

inline family same_exist(int attribute) {
  int others;
  family_writer w = same_start(attribute, others);
  w.add(action::exist, others);
  for (const auto& [many, one] : {std::pair("have", "has"), std::pair("are", "is")}) {
    w.say("Are there any other ~s that " + same_as(attribute, many) + "?");
    w.say("Is there anything else that " + same_as(attribute, one) + "?");
    w.say("Is there any other ~ that " + same_as(attribute, one) + "?");
  }
  return w.f;
}

inline family same_count(int attribute) {
  int others;
  family_writer w = same_start(attribute, others);
  w.add(action::count, others);
  w.say(how_many("other ~s", same_as(attribute, "are")));
  w.say(how_many("other ~s", same_as(attribute, "have")));
  w.say(how_many("other ~s", "are there of the same " + std::string(clevr::attribute_names[static_cast<std::size_t>(attribute)]) + " as the $1"));
  return w.f;
}

inline family same_filtered(int attribute, action what) {
  int others;
  family_writer w = same_start(attribute, others);
  w.add(what, others, -1, 2);
  w.hide(2, attribute);
  if (what == action::filter_count) {
    w.say(how_many("other $2s", same_as(attribute, "have")));
    w.say(how_many("other $2s", same_as(attribute, "are")));
    return w.f;
  }
  for (const auto& [many, one] : {std::pair("have", "has"), std::pair("are", "is")}) {
    w.say("Are there any other $2s that " + same_as(attribute, many) + "?");
    w.say("Is there another $2 that " + same_as(attribute, one) + "?");
  }
  return w.f;
}

inline family same_query(int attribute, int asked) {
  int others;
  family_writer w = same_start(attribute, others);
  w.query(w.add(action::filter_unique, others, -1, 2), asked);
  w.hide(2, attribute);
  w.hide(2, asked);
  w.say(about(asked, "$2 that " + same_as(attribute, "is"), "There is another ", "the other "));
  return w.f;
}

inline void add_same_relate(std::vector<family>& all) {
  constexpr std::array each{clevr::size, clevr::color, clevr::material, clevr::shape};
  for (const int a : each) all.push_back(same_exist(a));
  for (const int a : each) all.push_back(same_count(a));
  for (const int a : each) all.push_back(same_filtered(a, action::filter_exist));
  for (const int a : each) all.push_back(same_filtered(a, action::filter_count));
  const std::array<std::array<int, 3>, 4> asked{{{clevr::color, clevr::material, clevr::shape},
                                                 {clevr::size, clevr::material, clevr::shape},
                                                 {clevr::size, clevr::color, clevr::shape},
                                                 {clevr::size, clevr::color, clevr::material}}};
  for (std::size_t i = 0; i < 4; ++i)
    for (const int ask : asked[i]) all.push_back(same_query(each[i], ask));
}

// 59-63: what lies in two relations at once.
inline void add_single_and(std::vector<family>& all) {
  for (const int ask : {ask_count, int{clevr::size}, int{clevr::color}, int{clevr::material}, int{clevr::shape}}) {
    family_writer w;
    const int x = w.add(action::relate, w.the(1), -1, 0, 1), y = w.add(action::relate, w.the(2), -1, 0, 2), both = w.add(action::intersect, x, y);
    const std::string where = "[both] @2 the $2 and @1 the $1";
    if (ask == ask_count) {
      w.add(action::filter_count, both, -1, 3);
      w.say(how_many("$3s", "are " + where));
    } else {
      w.query(w.add(action::filter_unique, both, -1, 3), ask);
      w.differ(x, y);
      w.hide(3, ask);
      w.say(about(ask, "$3 that is " + where));
    }
    all.push_back(w.f);
  }
}

// 64-71: what is in one set or another.
inline family either(bool first_related, bool second_related) {
  family_writer w;
  const int a = first_related ? 2 : 1, b = a + (second_related ? 2 : 1);
  const int x = first_related ? w.next(action::relate_filter, w.the(1), 1, 2) : w.of_all(action::filter, 1);
  const int y = second_related ? w.next(action::relate_filter, w.the(a + 1), a, b) : w.of_all(action::filter, b);
  w.add(action::count, w.add(action::unite, x, y));
  if (!first_related && !second_related) w.differ(x, y);
  const auto phrase = [](bool related, int d, int relation, int anchor) {
    return number("$", d) + (related ? "s [that are] " + number("@", relation) + " the " + number("$", anchor) : "s");
  };
  w.say(how_many("~s", "are [either] " + phrase(first_related, a, 1, 1) + " or " + phrase(second_related, b, a, a + 1)));
  return w.f;
}

inline family either_filtered(int attribute) {
  family_writer w;
  const int first = w.all(), early = attribute == clevr::shape ? w.all() : 0;  // as released, 69 names both scenes first
  const int x = w.add(action::filter, first, -1, 1), y = w.add(action::filter, early ? early : w.all(), -1, 2);
  w.add(action::count, w.add(action::filter, w.add(action::unite, x, y), -1, 3));
  w.f.only[2] = static_cast<std::uint8_t>(1u << attribute);
  w.differ(x, y);
  w.hide(1, attribute);
  w.hide(2, attribute);
  w.say(how_many("$3s", "are [either] $1s or $2s"));
  return w.f;
}

inline void add_single_or(std::vector<family>& all) {
  all.push_back(either(false, false));
  all.push_back(either_filtered(clevr::size));
  all.push_back(either_filtered(clevr::color));
  all.push_back(either(true, true));
  all.push_back(either_filtered(clevr::material));
  all.push_back(either_filtered(clevr::shape));
  all.push_back(either(true, false));
  all.push_back(either(false, true));
}

}  // namespace detail

// The 90 families by question_family_index.
inline std::vector<family> own_families() {
  using namespace clevr;
  std::vector<family> all;
  detail::add_compare_integer(all);
  detail::add_comparison(all);
  detail::add_hops(all, 1, {detail::ask_count, detail::ask_exist, size, color, material, shape});
  detail::add_same_relate(all);
  detail::add_single_and(all);
  detail::add_single_or(all);
  detail::add_hops(all, 3, {detail::ask_count, detail::ask_exist, size, shape, color, material});
  detail::add_hops(all, 2, {detail::ask_count, detail::ask_exist, size, color, material, shape});
  detail::add_hops(all, 0, {detail::ask_count, detail::ask_exist, shape, material, color, size});
  return all;
}

}  // namespace relreason::blocks
