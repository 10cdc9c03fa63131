// relreason/data/json_string.hpp -- one JSON string, read strictly and written as serde_json writes it.
// Source: RFC 8259, section 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "relreason/data/scanner.hpp"
#include "relreason/data/utf8.hpp"

namespace relreason::detail {

inline std::uint32_t four_hex_digits(scanner& in) {
  std::uint32_t code = 0;
  for (int i = 0; i < 4; ++i) {
    const char c = in.peek();
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
    else if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
    else in.wanted("four hexadecimal digits after \\u");
    in.take();
    code = code << 4 | digit;
  }
  return code;
}

// After the backslash. \ud83d\ude00 is one character: 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00).
inline void read_escape(scanner& in, std::string& out) {
  const std::size_t start = in.place() - 1;
  if (in.take_if('u')) {
    std::uint32_t code = four_hex_digits(in);
    if (code >= 0xdc00 && code <= 0xdfff) in.wrong(start, "found the second half of a surrogate pair alone, wanted a character");
    if (code >= 0xd800 && code <= 0xdbff) {
      const std::uint32_t low = in.take_if("\\u") ? four_hex_digits(in) : 0;
      if (low < 0xdc00 || low > 0xdfff) in.wrong(start, "found the first half of a surrogate pair alone, wanted both");
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    return append_utf8(out, code);
  }
  constexpr std::string_view letters = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
  const std::size_t which = in.at_end() ? letters.npos : letters.find(in.peek());
  if (which == letters.npos) in.wanted("one of \" \\ / b f n r t u after a backslash");
  in.take();
  out += values[which];
}

inline std::string read_json_string(scanner& in) {
  if (in.peek() != '"') in.wanted("a string");
  const std::size_t start = in.place();
  in.take();
  std::string out;
  while (!in.take_if('"')) {
    if (in.at_end()) in.wrong(start, "found a string without its closing '\"'");
    if (static_cast<unsigned char>(in.peek()) < 0x20) in.wanted("a character (control characters are written as \\u00..)");
    const char c = in.take();
    if (c == '\\') read_escape(in, out);
    else out += c;
  }
  if (!valid_utf8(out)) in.wrong(start, "found a string that is not UTF-8, wanted UTF-8");
  return out;
}

// Escapes what must be: quotes, backslashes, control characters.
inline void append_json_string(std::string& out, std::string_view text) {
  constexpr const char* digits = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t which = std::string_view("\"\\\b\f\n\r\t").find(c);
    if (which != std::string_view::npos) (out += '\\') += "\"\\bfnrt"[which];
    else if (byte < 0x20) ((out += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
    else out += c;
  }
  out += '"';
}

}  // namespace relreason::detail
