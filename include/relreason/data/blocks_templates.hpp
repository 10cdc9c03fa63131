// relreason/data/blocks_templates.hpp -- reads CLEVR's own question templates as families of the blocks world.
// Source: the template files of facebookresearch/clevr-dataset-gen (CLEVR_1.0_templates/*.json), in alphabetical order as released.
// A slot <Z2> <C2> <M2> <S2> becomes $2, <R2> becomes @2; every program is checked, so that no file can make the generator fail later.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/blocks_programs.hpp"
#include "relreason/data/clevr.hpp"
#include "relreason/data/clevr_program.hpp"

namespace relreason::blocks {

namespace detail {

struct signature {
  std::string_view name;
  action what;
  int n_inputs;
};

// same_, query_ and equal_ go on with an attribute.
inline constexpr std::array<signature, 20> signatures{{
    {"scene", action::scene, 0},
    {"filter", action::filter, 1},
    {"filter_unique", action::filter_unique, 1},
    {"filter_count", action::filter_count, 1},
    {"filter_exist", action::filter_exist, 1},
    {"relate", action::relate, 1},
    {"relate_filter", action::relate_filter, 1},
    {"relate_filter_unique", action::relate_filter_unique, 1},
    {"relate_filter_count", action::relate_filter_count, 1},
    {"relate_filter_exist", action::relate_filter_exist, 1},
    {"same_", action::same, 1},
    {"union", action::unite, 2},
    {"intersect", action::intersect, 2},
    {"count", action::count, 1},
    {"exist", action::exist, 1},
    {"query_", action::query, 1},
    {"equal_", action::equal, 2},
    {"equal_integer", action::equal_integer, 2},
    {"less_than", action::less_than, 2},
    {"greater_than", action::greater_than, 2},
}};

inline int attribute_named(std::string_view name) {
  const auto at = std::find(clevr::attribute_names.begin(), clevr::attribute_names.end(), name);
  return at == clevr::attribute_names.end() ? -1 : static_cast<int>(at - clevr::attribute_names.begin());
}

// Reads one template; `where` names file and place in every error.
class template_reader {
 public:
  explicit template_reader(std::string where) : where_(std::move(where)) {}

  family read(simdjson::dom::element e) {
    for (const auto node : list(e, "nodes")) add_step(node);
    if (f_.steps.empty()) wrong("found no nodes, wanted a program");
    // Written out with every attribute given, so that a wrong kind of input shows at the first filter after it.
    if (const std::string fault = clevr::program_fault(program_of(f_, {})); !fault.empty()) wrong("in the program written out, " + fault);
    for (const auto constraint : list(e, "constraints")) add_constraint(constraint);
    for (const auto text : list(e, "text")) add_text(string(text, "text"));
    if (f_.texts.empty()) wrong("found no text, wanted at least one");
    return f_;
  }

 private:
  [[noreturn]] void wrong(const std::string& what) const {
    fail("blocks::read_templates: ", where_, ": ", what, "; wanted a file of CLEVR_1.0_templates");
  }

  simdjson::dom::array list(simdjson::dom::element e, const char* key) const {
    simdjson::dom::array a;
    if (e[key].get(a) != simdjson::SUCCESS) wrong(std::string("found no list \"") + key + "\"");
    return a;
  }
  std::string string(simdjson::dom::element e, const char* what) const {
    std::string_view text;
    if (e.get(text) != simdjson::SUCCESS) wrong(std::string("found another type than a string in ") + what);
    return std::string(text);
  }
  int step_index(simdjson::dom::element e) const {
    std::int64_t i = 0;
    if (e.get(i) != simdjson::SUCCESS || i < 0 || i >= static_cast<std::int64_t>(f_.steps.size())) wrong("found an input that is no earlier node");
    return static_cast<int>(i);
  }

  struct slot {
    char letter;  // Z, C, M, S or R
    int number;   // from 0
  };
  slot slot_named(const std::string& name) const {
    const bool numbered = name.size() == 4 && name[2] >= '1' && name[2] <= '9';
    if ((name.size() != 3 && !numbered) || name[0] != '<' || name.back() != '>' || std::string_view("ZCMSR").find(name[1]) == std::string_view::npos)
      wrong("found the slot \"" + name + "\", wanted one such as <Z> or <Z2>");
    const int number = numbered ? name[2] - '1' : 0;
    if (number >= (name[1] == 'R' ? max_relations : max_descriptions)) wrong("found the slot " + name + ", wanted at most <Z4> and <R3>");
    return {name[1], number};
  }

  void add_step(simdjson::dom::element node) {
    if (f_.steps.size() == max_steps) wrong("found more than " + std::to_string(max_steps) + " nodes");
    simdjson::dom::element type;
    if (node["type"].get(type) != simdjson::SUCCESS) wrong("found a node without \"type\"");
    const std::string name = string(type, "type");
    step s;
    const signature& as = signature_of(name, s);
    int n = 0;
    for (const auto input : list(node, "inputs")) {
      const int i = step_index(input);
      if (n < 2) s.inputs[static_cast<std::size_t>(n)] = static_cast<std::int8_t>(i);
      ++n;
    }
    if (n != as.n_inputs) wrong("found " + std::to_string(n) + " inputs of " + name + ", wanted " + std::to_string(as.n_inputs));
    add_slots(node, name, s);
    f_.steps.push_back(s);
  }

  // filter_size and its like are a filter with one slot; same_, query_ and equal_ carry their attribute in the name.
  const signature& signature_of(const std::string& name, step& s) const {
    for (const signature& as : signatures) {
      const bool by_attribute = as.name.back() == '_';
      const int attribute = by_attribute && name.starts_with(as.name) ? attribute_named(std::string_view(name).substr(as.name.size())) : -1;
      if (by_attribute ? attribute < 0 : name != as.name) continue;
      s.what = as.what;
      if (by_attribute) s.which = static_cast<std::uint8_t>(attribute);
      return as;
    }
    if (!name.starts_with("filter_") || attribute_named(std::string_view(name).substr(7)) < 0) wrong("found the unknown node type \"" + name + "\"");
    s.what = action::filter;
    return signatures[1];
  }

  void add_slots(simdjson::dom::element node, const std::string& name, step& s) {
    std::string wanted = relates(s.what) ? "R" : "";
    const int single = s.what == action::filter && name != "filter" ? attribute_named(std::string_view(name).substr(7)) : -1;
    if (filters(s.what)) wanted += single < 0 ? std::string("ZCMS") : std::string(1, "ZCMS"[single]);
    std::string found;
    simdjson::dom::array names;
    if (node["side_inputs"].get(names) == simdjson::SUCCESS)
      for (const auto e : names) {
        const slot at = slot_named(string(e, "side_inputs"));
        found += at.letter;
        std::int8_t& place = at.letter == 'R' ? s.relation : s.description;
        if (place >= 0 && place != at.number) wrong("found slots of different numbers in one node");
        place = static_cast<std::int8_t>(at.number);
      }
    if (found != wanted) wrong("found the slots \"" + found + "\" in a node " + name + ", wanted \"" + wanted + "\"");
    // The search fills a slot where it meets it: a second node may not fill it again.
    const unsigned slots = (s.description < 0 ? 0 : 1u << s.description) | (s.relation < 0 ? 0 : 16u << s.relation);
    if (filled_ & slots) wrong("found a slot that two nodes fill");
    filled_ |= slots;
    if (single >= 0) f_.only[static_cast<std::size_t>(s.description)] = static_cast<std::uint8_t>(1u << single);
  }

  void add_constraint(simdjson::dom::element e) {
    simdjson::dom::element type;
    if (e["type"].get(type) != simdjson::SUCCESS) wrong("found a constraint without \"type\"");
    const std::string name = string(type, "constraint");
    const auto parameters = list(e, "params");
    if (name == "NULL" && parameters.size() == 1) {
      const slot at = slot_named(string(parameters.at(0), "params"));
      const auto attribute = std::string_view("ZCMS").find(at.letter);
      if (attribute == std::string_view::npos) wrong("found the constraint NULL on a relation");
      f_.hidden[static_cast<std::size_t>(at.number)] |= static_cast<std::uint8_t>(1u << attribute);
    } else if (name == "OUT_NEQ" && parameters.size() == 2) {
      f_.differ.push_back({static_cast<std::int8_t>(step_index(parameters.at(0))), static_cast<std::int8_t>(step_index(parameters.at(1)))});
    } else {
      wrong("found the unknown constraint " + name);
    }
  }

  // "How many <Z3> things are <R2> the <Z2> <C2> <M2> <S2>?" becomes "How many $3s are @2 the $2?".
  void add_text(const std::string& text) {
    constexpr std::size_t longest = 500;  // bytes; those of CLEVR have at most 165
    if (text.size() > longest) wrong("found a text of " + std::to_string(text.size()) + " bytes, wanted at most " + std::to_string(longest));
    for (const char c : text)
      if (std::string_view("$@~").find(c) != std::string_view::npos) wrong(std::string("found the character ") + c + " in a text");
    std::string out;
    bool open = false;
    for (std::size_t i = 0; i < text.size();) {
      if ((text[i] == '[' && open) || (text[i] == ']' && !open)) wrong("found brackets that do not match in \"" + text + "\"");
      open = text[i] == '[' || (open && text[i] != ']');
      if (text[i] == '<') i = convert_slot(text, i, out);
      else if (const char c = text[i++]; c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
    }
    if (open) wrong("found brackets that do not match in \"" + text + "\"");
    f_.texts.push_back(out);
  }

  // A run of slots of one number, with the noun that follows where <S> is not among them.
  std::size_t convert_slot(const std::string& text, std::size_t i, std::string& out) const {
    const auto next = [&] {
      const std::size_t end = text.find('>', i);
      if (end == std::string::npos) wrong("found a slot without > in \"" + text + "\"");
      const slot at = slot_named(text.substr(i, end + 1 - i));
      i = end + 1;
      if (!(filled_ >> (at.letter == 'R' ? 4 + at.number : at.number) & 1)) wrong("found a slot that no node fills in \"" + text + "\"");
      return at;
    };
    slot at = next();
    out += at.letter == 'R' ? '@' : '$';
    out += static_cast<char>('1' + at.number);
    if (at.letter == 'R') return i;
    while (at.letter != 'S' && i + 1 < text.size() && text[i] == ' ' && text[i + 1] == '<') {
      const int number = at.number;
      ++i;
      at = next();
      if (at.number != number || at.letter == 'R') wrong("found slots of different numbers beside each other in \"" + text + "\"");
    }
    for (const std::string_view noun : {" thing", " object"})
      if (at.letter != 'S' && std::string_view(text).substr(i).starts_with(noun)) return i + noun.size();
    return i;
  }

  std::string where_;
  family f_;
  unsigned filled_ = 0;  // bit d: description d; bit 4 + r: relation r
};

}  // namespace detail

// The templates of all *.json files of a folder, in alphabetical order: the public files give the 90 families as numbered in CLEVR_v1.0.
inline std::vector<family> read_templates(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code problem;
  for (std::filesystem::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem))
    if (at->path().extension() == ".json") paths.push_back(at->path().string());
  if (problem) fail("blocks::read_templates: cannot list the folder ", folder, ": ", problem.message());
  if (paths.empty()) fail("blocks::read_templates: no *.json in ", folder, "; wanted the folder CLEVR_1.0_templates of clevr-dataset-gen");
  std::sort(paths.begin(), paths.end());
  std::vector<family> all;
  simdjson::dom::parser parser(std::size_t{1} << 24);  // bytes of one file
  for (const std::string& path : paths) {
    simdjson::dom::array templates;
    if (const auto code = parser.load(path).get(templates); code != simdjson::SUCCESS)
      fail("blocks::read_templates: ", path, ": ", simdjson::error_message(code), "; wanted a JSON list of templates");
    std::size_t i = 0;
    for (const auto e : templates) all.push_back(detail::template_reader(path + ", template " + std::to_string(i++)).read(e));
  }
  return all;
}

}  // namespace relreason::blocks
