// relreason/optim/text.hpp -- prints the settings of a policy, the same in every locale and exact when read back.
#pragma once

#include <array>
#include <charconv>
#include <initializer_list>
#include <string>
#include <string_view>

namespace relreason::detail {

struct setting {
  std::string_view name;
  double value;
};

// The shortest text that reads back as the same double.
inline std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

// "adam beta1 0.9 beta2 0.999"
inline std::string settings_text(std::string_view name, std::initializer_list<setting> settings) {
  std::string text(name);
  for (const auto& [key, value] : settings) text.append(" ").append(key).append(" ").append(number_text(value));
  return text;
}

}  // namespace relreason::detail
