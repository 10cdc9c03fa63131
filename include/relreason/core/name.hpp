// relreason/core/name.hpp -- the name of a value, usable as a template argument: input<"objects", ...>.
#pragma once

#include <cstddef>
#include <string_view>

namespace relreason {

inline constexpr std::size_t longest_name = 23;

// One concrete structural type: nvcc cannot deduce packs of a templated string type.
struct name {
  char text[longest_name + 1]{};

  constexpr name() = default;
  template <std::size_t N>
  consteval name(const char (&s)[N]) {
    static_assert(N <= longest_name + 1, "relreason::name: a name has at most 23 letters");
    for (std::size_t i = 0; i < N && i < longest_name; ++i) text[i] = s[i];
  }
  // "r.pairs" names the side result "pairs" of the line "r".
  constexpr name before_dot() const { return part(0, dot()); }
  constexpr name after_dot() const { return dot() == size() ? name{} : part(dot() + 1, size()); }
  constexpr bool operator==(const name&) const = default;
  constexpr std::string_view view() const { return {text, size()}; }

  constexpr std::size_t size() const {
    std::size_t n = 0;
    while (n < longest_name && text[n]) ++n;
    return n;
  }
  constexpr std::size_t dot() const {
    std::size_t n = 0;
    while (n < longest_name && text[n] && text[n] != '.') ++n;
    return n;
  }
  constexpr name part(std::size_t first, std::size_t last) const {
    name to{""};
    for (std::size_t i = first; i < last; ++i) to.text[i - first] = text[i];
    return to;
  }
};

}  // namespace relreason
