// relreason/data/scanner.hpp -- reads a small text (the header of a tensor file) character by character and says where it went wrong.
// Shared by safetensors.hpp and npy.hpp; every position in a message is a byte of the whole file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "relreason/core/error.hpp"
#include "relreason/data/utf8.hpp"

namespace relreason::detail {

// A name from a file as it may stand in a message: at most 80 bytes, in UTF-8, no character able to disturb a terminal.
inline std::string quoted(std::string_view text) {
  constexpr std::size_t most = 80;
  constexpr const char* digits = "0123456789abcdef";
  std::string out = "\"";
  for (std::string_view rest = text.substr(0, most); !rest.empty();) {
    const std::size_t whole = utf8_length(rest), n = whole ? whole : 1;
    const auto byte = static_cast<unsigned char>(rest[0]);
    if (whole == 0 || byte < 0x20 || byte == 0x7f || byte == '"' || byte == '\\') (((out += "\\x") += digits[byte >> 4]) += digits[byte & 15]);
    else out += rest.substr(0, n);
    rest.remove_prefix(n);
  }
  return out + (text.size() > most ? "...\"" : "\"");
}

class scanner {
 public:
  // `who` is the function and the file, `first_byte` where the text starts in the file.
  scanner(std::string_view text, std::string who, std::size_t first_byte) : text_(text), who_(std::move(who)), first_byte_(first_byte) {}

  std::size_t place() const { return first_byte_ + at_; }
  const std::string& who() const { return who_; }
  bool at_end() const { return at_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[at_]; }

  template <class... Parts>
  [[noreturn]] void wrong(std::size_t place, const Parts&... found_wanted) const {
    fail(who_, ": byte ", place, ": ", found_wanted..., "; the file is damaged or of another format: fetch or save it again");
  }
  template <class... Parts>
  [[noreturn]] void wanted(const Parts&... what) const {
    if (at_end()) wrong(place(), "found the end of the header, wanted ", what...);
    wrong(place(), "found ", quoted(text_.substr(at_, 1)), ", wanted ", what...);
  }

  char take() {
    if (at_end()) wanted("more text");
    return text_[at_++];
  }
  bool take_if(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_if(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void expect(char c) {
    if (!take_if(c)) wanted("'", c, "'");
  }
  // JSON's white space.
  void skip_spaces() {
    while (!at_end() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
  }

  // Decimal digits without sign, fraction or leading zeros, below 2^63.
  std::int64_t integer() {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    const std::size_t start = place();
    const bool zero = peek() == '0';
    if (peek() < '0' || peek() > '9') wanted("a whole number of 0 or more");
    std::int64_t value = 0;
    for (int digits = 0; peek() >= '0' && peek() <= '9'; ++digits) {
      if (zero && digits > 0) wrong(start, "found a number with a leading 0, wanted none");
      const std::int64_t digit = take() - '0';
      if (value > (most - digit) / 10) wrong(start, "found a number over ", most, ", wanted a smaller one");
      value = value * 10 + digit;
    }
    return value;
  }

 private:
  std::string_view text_;
  std::string who_;
  std::size_t first_byte_;
  std::size_t at_ = 0;
};

}  // namespace relreason::detail
