// tests/train/log.test.cpp
#include "relreason/train/log.hpp"

#include <cmath>
#include <limits>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {
const std::string three =
    "{\"event\":\"train\",\"step\":20,\"loss\":1.5}\n{\"event\":\"train\",\"step\":40,\"loss\":1.25}\n{\"event\":\"validation\",\"step\":40,"
    "\"accuracy\":0.5}\n";
}

TEST_CASE("run_log: one JSON object a line, and read_log gives the same back", "[train][log]") {
  temporary_folder folder;
  {
    run_log log(folder / "log.jsonl", 0);
    log.write("train", 20, {{"loss", 1.5}});
    log.write("train", 40, {{"loss", 1.25}});
    log.write("validation", 40, {{"accuracy", .5}});
  }
  CHECK(content_of(folder / "log.jsonl") == three);
  const auto events = read_log(folder / "log.jsonl");
  REQUIRE(events.size() == 3);
  CHECK(events[2].event == "validation");
  CHECK(events[2].step == 40);
  CHECK(events[2].find("accuracy") == .5);
  CHECK(!events[2].find("loss"));
}

TEST_CASE("run_log: numbers keep every bit; what is not finite becomes null and is read as NaN", "[train][log]") {
  temporary_folder folder;
  const double third = 1.0 / 3, tiny = std::numeric_limits<double>::denorm_min();
  run_log(folder / "log", 0).write("x", 18446744073709551615u, {{"a", third}, {"b", tiny}, {"c", std::numeric_limits<double>::infinity()}});
  const auto e = read_log(folder / "log").at(0);
  CHECK(e.step == 18446744073709551615u);
  CHECK(*e.find("a") == third);
  CHECK(*e.find("b") == tiny);
  CHECK(std::isnan(*e.find("c")));
}

TEST_CASE("run_log: going on from step 20 drops what came after it, and keeps the rest byte for byte", "[train][log]") {
  temporary_folder folder;
  put_content(folder / "log", three);
  { run_log log(folder / "log", 20); }
  CHECK(content_of(folder / "log") == three.substr(0, three.find('\n') + 1));
}

TEST_CASE("run_log: a last line torn at any byte is dropped; the lines before it stay", "[train][log]") {
  temporary_folder folder;
  const auto last = three.find("{\"event\":\"validation\"");
  for (std::size_t length = last; length < three.size(); ++length) {
    put_content(folder / "log", three.substr(0, length));
    REQUIRE(read_log(folder / "log").size() == 2);
    { run_log(folder / "log", 1000).write("train", 60, {{"loss", 1}}); }
    REQUIRE(content_of(folder / "log") == three.substr(0, last) + "{\"event\":\"train\",\"step\":60,\"loss\":1}\n");
  }
}

TEST_CASE("read_log: a foreign line in the middle is an error that names file and line; no file is one too", "[train][log]") {
  temporary_folder folder;
  put_content(folder / "log", three + "hello\n" + three);
  const auto said = message_of([&] { read_log(folder / "log"); });
  CHECK(contains(said, folder.path + "/log line 4"));
  CHECK(contains(said, "hello"));
  CHECK(contains(message_of([&] { run_log log(folder / "log", 5); }), "line 4"));
  CHECK(contains(message_of([&] { read_log(folder / "none"); }), "cannot open " + folder.path + "/none"));
  CHECK(contains(message_of([&] { run_log log(folder / "no/log", 5); }), "cannot open " + folder.path + "/no/log for writing"));
}

TEST_CASE("run_log: names that would break a line are refused", "[train][log]") {
  temporary_folder folder;
  run_log log(folder / "log", 0);
  CHECK(contains(message_of([&] { log.write("a\"b", 1, {}); }), "quote"));
  CHECK(contains(message_of([&] { log.write("a", 1, {{"x\ny", 1}}); }), "control character"));
  CHECK(contains(message_of([&] { log.write("", 1, {}); }), "empty name"));
  CHECK(contains(message_of([&] { log.write("a", 1, {{"step", 1}}); }), "step"));
  CHECK(content_of(folder / "log").empty());
}
