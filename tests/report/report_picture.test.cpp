// tests/report/report_picture.test.cpp -- base64 by the vectors of RFC 4648; a sample with a picture shows it in place of the drawing.
#include "relreason/report/report_picture.hpp"

#include "catch.hpp"
#include "relreason/report/report_samples.hpp"
#include "support/message_of.hpp"

using namespace relreason;

TEST_CASE("report: base64 as in RFC 4648, section 10", "[report]") {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) CHECK(report::base64(bytes) == text);
  CHECK(report::base64(std::string_view("\xFF\xFB\x00\x80", 4)) == "//sAgA==");
}

TEST_CASE("report: a sample's picture stands in place of the drawn scene", "[report]") {
  report::run r;
  report::sample s;
  s.answer = s.prediction = "yes";
  s.scene.image_index = 17;
  r.samples = {s};
  const auto drawn = report::detail::samples_html(r, "#123");
  CHECK(contains(drawn, "<svg class=\"scene\""));
  CHECK(contains(drawn, "Scenes are drawn from their descriptions."));
  r.samples[0].picture = "foobar";
  const auto shown = report::detail::samples_html(r, "#123");
  CHECK(contains(shown, "alt=\"Picture 17\" src=\"data:image/png;base64,Zm9vYmFy\">"));
  CHECK(!contains(shown, "<svg class=\"scene\""));
  CHECK(contains(shown, "Pictures are those that the network was given."));
}
