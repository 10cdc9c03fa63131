// relreason/report/json_writer.hpp -- writes one JSON value, piece by piece: commas, escapes and shortest numbers that read back to the same bits.
// Source: RFC 8259.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/json_string.hpp"
#include "relreason/data/utf8.hpp"

namespace relreason::report {

// Inside an HTML page < > & and the two line separators of JavaScript are written as \u...., so that no text can end a <script>.
enum class json_place { file, html };

// JSON has no infinity and no NaN: they become null.
inline std::string json_number(double v) {
  if (!std::isfinite(v)) return "null";
  char text[40];
  return {text, std::to_chars(text, text + sizeof text, v).ptr};
}

// Text that is not UTF-8 keeps its ASCII; each other byte becomes U+FFFD.
inline std::string mended_utf8(std::string_view text) {
  if (relreason::detail::valid_utf8(text)) return std::string(text);
  std::string out;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x80) out += c;
    else out += "\xEF\xBF\xBD";
  return out;
}

inline std::string json_text(std::string_view text, json_place place = json_place::file) {
  std::string plain;
  relreason::detail::append_json_string(plain, mended_utf8(text));
  if (place == json_place::file) return plain;
  std::string out;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (c == '<') out += "\\u003c";
    else if (c == '>') out += "\\u003e";
    else if (c == '&') out += "\\u0026";
    else if (plain.compare(i, 3, "\xE2\x80\xA8") == 0) out += "\\u2028", i += 2;
    else if (plain.compare(i, 3, "\xE2\x80\xA9") == 0) out += "\\u2029", i += 2;
    else out += c;
  }
  return out;
}

// json_writer j;  j.begin_object().member("loss", 1.5).key("x").begin_array().value(1).value(2).end_array().end_object();  j.text()
class json_writer {
 public:
  explicit json_writer(json_place place = json_place::file) : place_(place) {}

  json_writer& begin_object() { return open('{', '}'); }
  json_writer& begin_array() { return open('[', ']'); }
  json_writer& end_object() { return close('}'); }
  json_writer& end_array() { return close(']'); }

  json_writer& key(std::string_view name) {
    if (open_.empty() || open_.back().end != '}' || has_key_) fail("json_writer: key \"", name, "\" outside an object or after another key");
    if (std::exchange(open_.back().filled, true)) text_ += ',';
    text_ += json_text(name, place_) + ':';
    has_key_ = true;
    return *this;
  }

  json_writer& value(std::string_view v) { return put(json_text(v, place_)); }
  json_writer& value(const char* v) { return value(std::string_view(v)); }
  json_writer& value(double v) { return put(json_number(v)); }
  json_writer& value(std::nullptr_t) { return put("null"); }
  template <std::integral T>
  json_writer& value(T v) {
    if constexpr (std::is_same_v<T, bool>) return put(v ? "true" : "false");
    else return put(std::to_string(v));
  }
  template <class T>
  json_writer& member(std::string_view name, const T& v) {
    return key(name).value(v);
  }

  // The whole value; an error where something is still open or nothing was written.
  const std::string& text() const {
    if (!open_.empty() || text_.empty()) fail("json_writer: ", open_.size(), " objects or arrays are still open; wanted one whole value");
    return text_;
  }

 private:
  struct level {
    char end;
    bool filled;
  };

  void before_value() {
    if (open_.empty() ? !text_.empty() : open_.back().end == '}' && !has_key_)
      fail("json_writer: a value without a key in an object, or a second value after the first; wanted key() before it");
    if (!open_.empty() && open_.back().end == ']' && std::exchange(open_.back().filled, true)) text_ += ',';
    has_key_ = false;
  }
  json_writer& put(std::string_view text) {
    before_value();
    text_ += text;
    return *this;
  }
  json_writer& open(char begin, char end) {
    before_value();
    text_ += begin;
    open_.push_back({end, false});
    return *this;
  }
  json_writer& close(char end) {
    if (open_.empty() || open_.back().end != end || has_key_) fail("json_writer: '", end, "' closes nothing that is open here");
    text_ += end;
    open_.pop_back();
    return *this;
  }

  json_place place_;
  std::string text_;
  std::vector<level> open_;
  bool has_key_ = false;
};

}  // namespace relreason::report
