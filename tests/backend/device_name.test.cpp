// tests/backend/device_name.test.cpp -- the names of devices, with no CUDA at hand.
#include "relreason/backend/device_name.hpp"

#include <string>

#include "catch.hpp"
#include "support/message_of.hpp"

using namespace relreason::device;

TEST_CASE("device names: cpu, cuda and cuda:N are read and written back") {
  CHECK(parse_device("cpu") == device_name{false, 0});
  CHECK(parse_device("cuda") == device_name{true, 0});
  CHECK(parse_device("cuda:0") == device_name{true, 0});
  CHECK(parse_device("cuda:13") == device_name{true, 13});
  CHECK(text_of(parse_device("cpu")) == "cpu");
  CHECK(text_of(parse_device("cuda")) == "cuda:0");
  CHECK(text_of(parse_device("cuda:13")) == "cuda:13");
}

TEST_CASE("device names: anything else is refused with what was found and wanted") {
  for (const char* bad : {"", "gpu", "CUDA", "cuda:", "cuda:-1", "cuda:1x", "cuda: 1", "cuda:+1", "cuda:99999999999", "cpu:0", "cuda1", "cuda:1:2"}) {
    INFO(bad);
    const std::string message = message_of([&] { parse_device(bad); });
    CHECK(contains(message, "found '" + std::string(bad) + "'"));
    CHECK(contains(message, "wanted cpu, cuda or cuda:N"));
  }
  CHECK(message_of([] { parse_device(std::string(100000, 'x')); }).size() < 200);
}
