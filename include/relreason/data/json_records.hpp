// relreason/data/json_records.hpp -- a JSON file {..., "NAME": [record, record, ...], ...} read window by window in little memory.
// Records are cut at their closing brace by counting brackets outside strings; simdjson then parses and checks each window of whole records.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/byte_source.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason {

// Where a record stands; wrong() reports what is amiss in it.
struct json_place {
  std::string_view who, path, noun;  // "clevr::read_questions", the file, "question"
  std::int64_t index;                // of the record in its list, from 0
  std::uint64_t byte;                // of its first byte in the (unpacked) file

  template <class... Parts>
  [[noreturn]] void wrong(const Parts&... found_wanted) const {
    fail(who, ": ", path, ": ", noun, " ", index, " (byte ", byte, "): ", found_wanted..., "; correct the file or fetch it again");
  }
};

class json_records {
 public:
  static constexpr std::size_t window_bytes = 1 << 20, most_record_bytes = 1 << 22;
  static constexpr std::size_t first_bytes = 1 << 14;  // the buffer grows from here as the records need
  static constexpr int most_depth = 32;

  // list: the name of the list, as "questions"; noun: one of its records, as "question".
  json_records(const std::string& path, std::string who, std::string list, std::string noun, std::int64_t most_records)
      : path_(path), who_(std::move(who)), list_(std::move(list)), noun_(std::move(noun)), most_records_(most_records), source_(path, who_) {
    text_.resize(first_bytes);
  }

  // take(simdjson::dom::element, json_place) for each record in the order of the file.
  template <class Take>
  void each(Take&& take) {
    skip_spaces();
    expect('{', "the object that a CLEVR file is");
    std::vector<std::string> keys;
    bool found = false;
    for (skip_spaces(); peek() != '}'; skip_spaces()) {
      if (!keys.empty()) {
        expect(',', "a comma or the end of the object");
        skip_spaces();
      }
      keys.push_back(key());
      constexpr std::size_t most_keys = 64;
      if (keys.size() > most_keys) wrong(place(), "found more than ", most_keys, " fields beside the list, wanted \"info\" and \"", list_, "\"");
      if (std::find(keys.begin(), keys.end() - 1, keys.back()) != keys.end() - 1)
        wrong(place(), "found field ", detail::quoted(keys.back()), " twice, wanted it once");
      skip_spaces();
      expect(':', "a colon after the field's name");
      skip_spaces();
      if (keys.back() == list_) {
        found = true;
        read_list(take);
      } else {
        skip_other();
      }
    }
    ++at_;
    skip_spaces();
    if (more()) wrong(place(), "found ", detail::quoted({&text_[at_], 1}), " after the end of the object, wanted the end of the file");
    if (!found)
      fail(who_, ": ", path_, ": found no list \"", list_, "\", wanted {\"info\": ..., \"", list_, "\": [...]}; is it a CLEVR file of ", list_, "?");
  }

 private:
  struct extent {
    std::uint64_t begin, end;
  };

  template <class... Parts>
  [[noreturn]] void wrong(std::uint64_t byte, const Parts&... found_wanted) const {
    fail(who_, ": ", path_, ": byte ", byte, ": ", found_wanted..., "; correct the file or fetch it again");
  }

  std::uint64_t place() const { return base_ + at_; }

  // True if text_[at_] exists; reads on where needed. Bytes before keep_ may be forgotten.
  bool more() {
    if (at_ < size_) return true;
    const std::size_t forget = std::min(keep_, at_);
    if (forget > 0) {
      std::memmove(text_.data(), text_.data() + forget, size_ - forget);
      at_ -= forget, size_ -= forget, keep_ -= forget;
      base_ += forget;
    }
    constexpr std::size_t padding = simdjson::SIMDJSON_PADDING;
    if (text_.size() - padding - size_ < std::min(text_.size() / 4, window_bytes)) text_.resize(text_.size() * 2);
    size_ += source_.read(text_.data() + size_, std::min(text_.size() - padding - size_, window_bytes));
    return at_ < size_;
  }
  void keep_from_here() { keep_ = at_ > 0 ? at_ - 1 : 0; }

  char peek() {
    if (!more()) wrong(place(), "found the end of the file, wanted more: it is cut short");
    return text_[at_];
  }
  void skip_spaces() {
    while (more() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
      if (window_.empty()) keep_from_here();
      else if (place() - window_.front().begin > 2 * most_record_bytes)
        wrong(place(), "found over ", most_record_bytes, " bytes of white space, wanted less");
    }
  }
  void expect(char c, const char* what) {
    if (peek() != c) wrong(place(), "found ", detail::quoted({&text_[at_], 1}), ", wanted '", c, "', ", what);
    ++at_;
  }

  std::string key() {
    keep_from_here();
    const std::uint64_t begin = place();
    expect('"', "a field's name");
    std::string name;
    constexpr std::size_t longest = 256;
    for (char c = peek(); c != '"'; c = peek()) {
      if (c == '\\' || static_cast<unsigned char>(c) < 0x20 || name.size() == longest)
        wrong(begin, "found a field's name with escapes or over ", longest, " bytes, wanted a plain one");
      name += c;
      ++at_;
    }
    ++at_;
    return name;
  }

  // Moves at_ behind the bracketed value that begins there. Strings are skipped with their escapes.
  void skip_brackets(const std::string& what) {
    const std::uint64_t begin = place();
    int depth = 0;
    bool in_string = false;
    for (;;) {
      if (!more()) wrong(begin, "found ", what, " without its end, wanted more: the file is cut short");
      const char* p = text_.data() + at_;
      const char* const end = text_.data() + size_;
      while (p < end) {
        if (in_string) {
          while (p < end && *p != '"' && *p != '\\') ++p;
          if (p == end) break;
          if (*p == '\\') {
            if (p + 1 == end) break;
            p += 2;
            continue;
          }
          in_string = false;
          ++p;
          continue;
        }
        const char c = *p++;
        if (c == '"') {
          in_string = true;
        } else if (c == '{' || c == '[') {
          if (++depth > most_depth)
            wrong(base_ + static_cast<std::uint64_t>(p - 1 - text_.data()), "found brackets nested over ", most_depth, " deep in ", what,
                  ", wanted fewer");
        } else if ((c == '}' || c == ']') && --depth == 0) {
          at_ = static_cast<std::size_t>(p - text_.data());
          if (place() - begin > most_record_bytes) too_long(begin, what);
          return;
        }
      }
      // A backslash may be the last byte read: its partner must come first.
      const bool split = p < end;
      at_ = static_cast<std::size_t>(p - text_.data());
      if (place() - begin > most_record_bytes) too_long(begin, what);
      if (split) more_after(begin, what);
    }
  }
  void more_after(std::uint64_t begin, const std::string& what) {
    const std::size_t backslash = at_;
    const std::uint64_t at = base_ + backslash;
    at_ = size_;
    if (!more()) wrong(begin, "found ", what, " without its end, wanted more: the file is cut short");
    at_ = static_cast<std::size_t>(at - base_);
  }
  [[noreturn]] void too_long(std::uint64_t begin, const std::string& what) const {
    wrong(begin, "found ", what, " over ", most_record_bytes, " bytes, wanted a shorter one");
  }

  // A field that is not the list: parsed for its errors only.
  void skip_other() {
    keep_from_here();
    const std::uint64_t begin = place();
    const char first = peek();
    if (first == '{' || first == '[') {
      skip_brackets("a field");
    } else if (first == '"') {
      skip_string(begin);
    } else {
      while (more() && !std::strchr(",} \n\r\t", text_[at_]) && place() - begin < 64) ++at_;
    }
    const std::string value(text_.data() + (begin - base_), static_cast<std::size_t>(place() - begin));
    simdjson::dom::element ignored;
    if (const auto code = parser_.parse(value).get(ignored))
      wrong(begin, "found malformed JSON (", simdjson::error_message(code), "), wanted a value");
    keep_from_here();
  }
  void skip_string(std::uint64_t begin) {
    for (++at_; peek() != '"'; ++at_) {
      if (text_[at_] == '\\') {
        ++at_;
        peek();
      }
      if (place() - begin > most_record_bytes) too_long(begin, "a field");
    }
    ++at_;
  }

  template <class Take>
  void read_list(Take&& take) {
    expect('[', "the list");
    keep_from_here();
    skip_spaces();
    std::int64_t first = 0;
    while (peek() != ']') {
      if (first + static_cast<std::int64_t>(window_.size()) > 0) {
        expect(',', "a comma or the end of the list");
        skip_spaces();
      }
      if (window_.empty()) keep_from_here();
      if (peek() != '{') wrong(place(), "found ", detail::quoted({&text_[at_], 1}), ", wanted '{', the beginning of a ", noun_);
      if (first + static_cast<std::int64_t>(window_.size()) == most_records_)
        wrong(place(), "found more than ", most_records_, " ", list_, ", wanted at most these");
      const std::uint64_t begin = place();
      skip_brackets("a " + noun_);
      window_.push_back({begin, place()});
      if (place() - window_.front().begin >= window_bytes) first = flush(take, first);
      skip_spaces();
    }
    flush(take, first);
    ++at_;
    keep_from_here();
  }

  // Parses the window in place as [record, ..., record]: the bytes before and behind it are lent for the brackets.
  template <class Take>
  std::int64_t flush(Take&& take, std::int64_t first) {
    if (window_.empty()) return first;
    peek();
    const std::size_t begin = static_cast<std::size_t>(window_.front().begin - base_) - 1, end = static_cast<std::size_t>(window_.back().end - base_);
    const char after = std::exchange(text_[end], ']');
    text_[begin] = '[';
    simdjson::dom::array records;
    const auto code = parser_.parse(text_.data() + begin, end + 1 - begin, false).get(records);
    if (code) find_malformed(first, code);
    std::size_t i = 0;
    for (const simdjson::dom::element record : records) {
      if (i == window_.size()) break;
      take(record, json_place{who_, path_, noun_, first + static_cast<std::int64_t>(i), window_[i].begin});
      ++i;
    }
    text_[end] = after;
    first += static_cast<std::int64_t>(window_.size());
    window_.clear();
    keep_from_here();
    return first;
  }

  [[noreturn]] void find_malformed(std::int64_t first, simdjson::error_code code) {
    for (std::size_t i = 0; i < window_.size(); ++i) {
      const std::string record(text_.data() + (window_[i].begin - base_), static_cast<std::size_t>(window_[i].end - window_[i].begin));
      simdjson::dom::element ignored;
      if (const auto own = parser_.parse(record).get(ignored)) {
        const json_place at{who_, path_, noun_, first + static_cast<std::int64_t>(i), window_[i].begin};
        at.wrong("found malformed JSON (", simdjson::error_message(own), "), wanted a ", noun_);
      }
    }
    wrong(window_.front().begin, "found malformed JSON (", simdjson::error_message(code), "), wanted ", list_);
  }

  std::string path_, who_, list_, noun_;
  std::int64_t most_records_;
  byte_source source_;
  simdjson::dom::parser parser_;
  std::vector<char> text_;  // bytes [base_, base_ + size_) of the unpacked file, then room for simdjson's padding
  std::size_t at_ = 0, size_ = 0, keep_ = 0;
  std::uint64_t base_ = 0;
  std::vector<extent> window_;  // whole records not yet parsed
};

}  // namespace relreason
