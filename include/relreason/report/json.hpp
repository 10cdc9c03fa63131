// relreason/report/json.hpp -- JSON text from values: strings escaped for JSON and for a script in a page, numbers with the fewest digits that read back.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>

namespace relreason::json {

// A finished piece of JSON text. Objects and arrays grow by set() and push().
class value {
 public:
  value(std::string_view text) : text_(quoted(text)) {}
  value(const std::string& text) : value(std::string_view(text)) {}
  value(const char* text) : value(std::string_view(text)) {}
  value(double v) : text_(number(v)) {}
  value(int v) : value(static_cast<double>(v)) {}

  value& set(std::string_view key, const value& v) { return add(quoted(key) + ":" + v.text_); }
  value& push(const value& v) { return add(v.text_); }
  const std::string& text() const { return text_; }

  static value container(char open, char close) {
    value v("");
    v.text_ = {open, close};
    return v;
  }

 private:
  value& add(const std::string& part) {
    const char close = text_.back();
    text_.pop_back();
    if (text_.size() > 1) text_ += ',';
    text_ += part;
    text_ += close;
    return *this;
  }
  // '<' is escaped too: a text can then never end the script element that holds it.
  static std::string quoted(std::string_view s) {
    static constexpr char hex[] = "0123456789abcdef";
    std::string out = "\"";
    for (const char c : s) {
      const auto u = static_cast<unsigned char>(c);
      if (c == '"' || c == '\\') (out += '\\') += c;
      else if (u < 0x20 || c == '<') ((out += "\\u00") += hex[u >> 4]) += hex[u & 15];
      else out += c;
    }
    return out + "\"";
  }
  static std::string number(double v) {
    if (!std::isfinite(v)) return "null";
    char text[40];
    return {text, std::to_chars(text, text + sizeof text, v).ptr};
  }
  std::string text_;
};

inline value object() { return value::container('{', '}'); }
inline value array() { return value::container('[', ']'); }

}  // namespace relreason::json
