// tests/embedding/mixed_host.cpp -- compiled with exceptions: what an error does is the same wherever it comes from, in any order of linking.
#include <cstdio>
#include <stdexcept>
#include <string>

#include "mixed.hpp"

using namespace product;

namespace {

int failures = 0;
void check(bool holds, const char* claim) {
  std::printf("[%s] mixed units: %s\n", holds ? "passed" : "failed", claim);
  if (!holds) ++failures;
}
struct host_error : std::logic_error {
  using std::logic_error::logic_error;
};

template <class Error, class Code>
std::string caught(const Code& code) {
  try {
    code();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

// Static objects of a unit with exceptions may already catch.
const std::string early = caught<relreason::error>([] { relreason::fail("early"); });

}  // namespace

int main() {
  const parameters<net> weights(7);
  const net_predictor predict(weights, planned(), select_kernels<float>());
  const auto good = some_scenes(), bad = too_many_objects();
  std::vector<float> a(static_cast<std::size_t>(scenes) * answers);
  net_predictor::workspace own(predict);
  predict.run(own, good, {a.data()});
  check(component_predicts(predict, good) == a, "the same bytes from both");

  check(early == "early", "an error in a static object's initializer is thrown");
  const auto here = caught<relreason::error>([&] { predict.run(own, bad, {a.data()}); });
  const auto there = caught<relreason::error>([&] { component_predicts(predict, bad); });
  check(here == there && here.find("7 entries of object") != std::string::npos, "an error of either is thrown and caught here");
  thread_pool pool(3);
  check(caught<relreason::error>([&] { component_fails_in_parallel(pool); }) == "index 3 failed",
        "an error in the component's threads reaches this one");

  const auto before = set_error_handler([](const char* message) { throw host_error(message); });
  const auto ours = caught<host_error>([&] { component_predicts(predict, bad); });
  set_error_handler(before);
  check(before == nullptr && ours == here, "a host's handler may throw the host's own exception");
  check(caught<relreason::error>([&] { component_predicts(predict, bad); }) == here, "without it, the default is back");
  return failures != 0;
}
