// relreason/core/name_list.hpp -- the names of an enumeration: as text, and the enumerator of one of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "relreason/core/error.hpp"

namespace relreason::detail {

template <std::size_t N>
std::string joined_names(const std::array<std::string_view, N>& names) {
  std::string all;
  for (const std::string_view n : names) all.append(all.empty() ? "" : ", ").append(n);
  return all;
}

// The i-th enumerator, counted from 0, has the i-th name. `who` begins the message about any other name.
template <class Enum, std::size_t N>
Enum enumerator_named(const char* who, const std::array<std::string_view, N>& names, std::string_view name) {
  const auto at = std::find(names.begin(), names.end(), name);
  if (at == names.end()) fail(who, ": found \"", name, "\", wanted one of ", joined_names(names));
  return static_cast<Enum>(at - names.begin());
}

}  // namespace relreason::detail
