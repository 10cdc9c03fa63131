// tests/report/json_writer.test.cpp -- what is written is what nlohmann-json reads; nothing can end a <script>; misuse is refused.
#include "relreason/report/json_writer.hpp"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "catch.hpp"
#include "support/message_of.hpp"

using namespace relreason::report;
using nlohmann::json;

TEST_CASE("json_writer puts commas, keys and nesting in their places") {
  json_writer j;
  j.begin_object().member("loss", 1.5).key("x").begin_array().value(1).value(true).value(nullptr).begin_object().end_object().end_array();
  j.member("y", "z").key("none").begin_array().end_array().end_object();
  CHECK(j.text() == R"({"loss":1.5,"x":[1,true,null,{}],"y":"z","none":[]})");
}

TEST_CASE("json_writer writes whole numbers of 64 bits exactly") {
  json_writer j;
  j.begin_array().value(std::numeric_limits<std::int64_t>::min()).value(std::numeric_limits<std::uint64_t>::max()).end_array();
  CHECK(j.text() == "[-9223372036854775808,18446744073709551615]");
}

TEST_CASE("json_number reads back to the same bits, and is null where JSON has no number") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    const auto bits = random();
    double v;
    std::memcpy(&v, &bits, sizeof v);
    if (!std::isfinite(v)) continue;
    CHECK(json::parse(json_number(v)).get<double>() == v);
  }
  CHECK(json_number(.1) == "0.1");
  CHECK(json_number(std::numeric_limits<double>::denorm_min()) == "5e-324");
  CHECK(json_number(std::numeric_limits<double>::quiet_NaN()) == "null");
  CHECK(json_number(std::numeric_limits<double>::infinity()) == "null");
  CHECK(json_number(-std::numeric_limits<double>::infinity()) == "null");
}

TEST_CASE("Any text comes back from a JSON parser, in a file and in a page") {
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  for (const std::string& text : {all, std::string("</script><!--&\"\\"), std::string("\xE2\x80\xA8 \xE2\x80\xA9 \xE2\x80\xA6 \xF0\x9F\x98\x80")}) {
    CHECK(json::parse(json_text(text, json_place::file)).get<std::string>() == text);
    CHECK(json::parse(json_text(text, json_place::html)).get<std::string>() == text);
  }
}

TEST_CASE("Inside a page no text holds <, >, & or a line separator of JavaScript") {
  CHECK(json_text("</script>", json_place::html) == R"("\u003c/script\u003e")");
  CHECK(json_text("a&b", json_place::html) == R"("a\u0026b")");
  CHECK(json_text("\xE2\x80\xA8\xE2\x80\xA9", json_place::html) == R"("\u2028\u2029")");
  json_writer j(json_place::html);
  j.begin_object().member("</script>", 1).end_object();
  CHECK(j.text() == R"({"\u003c/script\u003e":1})");
}

TEST_CASE("Bytes that are not UTF-8 become U+FFFD, one each; ASCII around them stays") {
  CHECK(mended_utf8("a\xFF\xC0z") == "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  CHECK(mended_utf8("caf\xC3\xA9") == "caf\xC3\xA9");
  CHECK(json::parse(json_text("a\xFFz")).get<std::string>() == "a\xEF\xBF\xBDz");
}

TEST_CASE("json_writer refuses what would not be one JSON value") {
  CHECK(contains(message_of([] { json_writer().text(); }), "wanted one whole value"));
  CHECK(contains(message_of([] { json_writer().begin_array().text(); }), "1 objects or arrays are still open"));
  CHECK(contains(message_of([] { json_writer().value(1).value(2); }), "a second value"));
  CHECK(contains(message_of([] { json_writer().begin_object().value(1); }), "a value without a key"));
  CHECK(contains(message_of([] { json_writer().begin_array().key("a"); }), "key \"a\" outside an object"));
  CHECK(contains(message_of([] { json_writer().begin_object().key("a").key("b"); }), "after another key"));
  CHECK(contains(message_of([] { json_writer().begin_object().key("a").end_object(); }), "closes nothing"));
  CHECK(contains(message_of([] { json_writer().begin_array().end_object(); }), "closes nothing"));
  CHECK(contains(message_of([] { json_writer().end_array(); }), "closes nothing"));
}
