// relreason/core/name.hpp -- the name of a value, usable as a template argument: input<"objects", ...>.
#pragma once

#include <cstddef>
#include <string_view>

namespace relreason {

inline constexpr std::size_t longest_name = 23;

// One concrete structural type: nvcc cannot deduce packs of a templated string type.
struct name {
  char text[longest_name + 1]{};

  consteval name() = default;
  template <std::size_t N>
  consteval name(const char (&s)[N]) {
    static_assert(N <= longest_name + 1, "relreason::name: a name has at most 23 letters");
    for (std::size_t i = 0; i < N && i < longest_name; ++i) text[i] = s[i];
  }
  constexpr bool operator==(const name&) const = default;
  constexpr std::string_view view() const {
    std::size_t n = 0;
    while (n < longest_name && text[n]) ++n;
    return {text, n};
  }
};

}  // namespace relreason
