// tests/data/json_string.test.cpp -- UTF-8 by its table, and strings that come back as they were. Refusals are tested with safetensors.
#include "relreason/data/json_string.hpp"

#include <string>

#include "catch.hpp"

using relreason::detail::append_json_string;
using relreason::detail::append_utf8;
using relreason::detail::quoted;
using relreason::detail::valid_utf8;

TEST_CASE("utf8: the first and last character of every length is valid, its neighbors are not", "[data][json_string]") {
  const char* valid[] = {"",
                         "a",
                         "\x7f",
                         "\xc2\x80",
                         "\xdf\xbf",
                         "\xe0\xa0\x80",
                         "\xed\x9f\xbf",
                         "\xee\x80\x80",
                         "\xef\xbf\xbf",
                         "\xf0\x90\x80\x80",
                         "\xf4\x8f\xbf\xbf"};
  for (const char* text : valid) CHECK(valid_utf8(text));
  const char* invalid[] = {"\x80",
                           "\xbf",
                           "\xc0\x80",
                           "\xc1\xbf",
                           "\xc2",
                           "\xc2\xc0",
                           "\xe0\x9f\xbf",
                           "\xed\xa0\x80",
                           "\xe1\x80",
                           "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80",
                           "\xf5\x80\x80\x80",
                           "\xf1\x80\x80",
                           "\xff",
                           "a\xfe"};
  for (const char* text : invalid) CHECK_FALSE(valid_utf8(text));
}

TEST_CASE("utf8: code points are written in 1 to 4 bytes", "[data][json_string]") {
  std::string out;
  for (const std::uint32_t code : {0x41u, 0xe9u, 0x20acu, 0x1f600u}) append_utf8(out, code);
  CHECK(out == "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
}

TEST_CASE("json_string: every byte of ASCII comes back as it was", "[data][json_string]") {
  std::string text;
  for (int c = 0; c < 128; ++c) text += static_cast<char>(c);
  std::string json;
  append_json_string(json, text);
  relreason::detail::scanner in(json, "test", 0);
  CHECK(relreason::detail::read_json_string(in) == text);
  CHECK(in.at_end());
  CHECK(json.substr(0, 14) == "\"\\u0000\\u0001\\");
}

TEST_CASE("quoted: a name in a message is short, in UTF-8 and harmless to a terminal", "[data][json_string]") {
  CHECK(quoted("a\x1b[2J\"\\\xff") == "\"a\\x1b[2J\\x22\\x5c\\xff\"");
  CHECK(quoted("\xc3\xa9") == "\"\xc3\xa9\"");
  CHECK(quoted(std::string(81, 'a')) == "\"" + std::string(80, 'a') + "...\"");
  CHECK(quoted(std::string(79, 'a') + "\xc3\xa9") == "\"" + std::string(79, 'a') + "\\xc3...\"");
}
