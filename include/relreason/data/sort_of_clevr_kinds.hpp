// relreason/data/sort_of_clevr_kinds.hpp -- which kinds of Sort-of-CLEVR's questions are asked, as a list and as text.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/data/sort_of_clevr.hpp"

namespace relreason::sort_of_clevr {

using kind_list = std::vector<kind>;

// "non-relational,binary": the kinds in the order of kind_names, whatever the order of the text.
inline kind_list parse_kinds(std::string_view text) {
  std::array<bool, kind_names.size()> chosen{};
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const auto name = text.substr(from, comma - from);
    const auto at = static_cast<std::size_t>(std::find(kind_names.begin(), kind_names.end(), name) - kind_names.begin());
    if (at == kind_names.size() || std::exchange(chosen[at], true))
      fail("sort_of_clevr::parse_kinds: found \"", name, "\" in \"", text,
           "\"; wanted some of non-relational, binary, ternary, each once, with commas");
    from = comma + 1;
  }
  kind_list kinds;
  for (std::size_t i = 0; i < chosen.size(); ++i)
    if (chosen[i]) kinds.push_back(static_cast<kind>(i));
  return kinds;
}
inline std::string text_of(const kind_list& kinds) {
  std::string text;
  for (const kind k : kinds) text.append(text.empty() ? "" : ",").append(kind_names[static_cast<std::size_t>(k)]);
  return text;
}
inline bool holds(const kind_list& kinds, kind k) { return std::find(kinds.begin(), kinds.end(), k) != kinds.end(); }

}  // namespace relreason::sort_of_clevr
