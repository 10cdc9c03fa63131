// relreason/report/report_text.hpp -- text for the report: escaped for HTML, numbers as people read them.
// Source: HTML Living Standard, sections 13.1.2.3 (attributes) and 13.1.4 (character references).
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "relreason/report/json_writer.hpp"

namespace relreason::report {

// Text as it may stand in an element or in a quoted attribute.
inline std::string html(std::string_view text) {
  std::string out;
  for (const char c : mended_utf8(text)) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F) out += ' ';
    else out += c;
  }
  return out;
}

// As printf, whose %s must not be used: text goes through html().
template <class... Values>
std::string format(const char* how, Values... values) {
  std::string out(static_cast<std::size_t>(std::snprintf(nullptr, 0, how, values...)), ' ');
  std::snprintf(out.data(), out.size() + 1, how, values...);
  return out;
}

// 12345 -> 12,345
inline std::string with_commas(std::int64_t v) {
  std::string digits = std::to_string(v);
  for (int at = static_cast<int>(digits.size()) - 3; at > (v < 0 ? 1 : 0); at -= 3) digits.insert(static_cast<std::size_t>(at), 1, ',');
  return digits;
}

// .408 -> 40.8 %
inline std::string percent(double share) { return format("%.1f %%", 100 * share); }

}  // namespace relreason::report
