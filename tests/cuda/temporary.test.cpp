// tests/cuda/temporary.test.cpp -- scratch for Thrust: pieces of the caller's range, given back, never more than there is.
#include "relreason/backend/cuda/temporary.cuh"

#include <thrust/sort.h>

#include <algorithm>
#include <string>
#include <vector>

#include "catch.hpp"
#include "cuda/systems.hpp"
#include "support/message_of.hpp"

using namespace relreason;
using namespace systems_test;

TEST_CASE("a temporary hands out pieces at multiples of 256 bytes and takes the last one back", "[cuda]") {
  alignas(256) char range[2048];
  device::temporary t(range, sizeof range);
  char* const a = t.allocate(1);
  char* const b = t.allocate(257);
  CHECK((a == range && b == range + 256 && t.used() == 768));
  t.deallocate(b, 257);
  CHECK(t.used() == 256);
  CHECK(t.allocate(10) == range + 256);
  t.deallocate(a, 1);  // not the last: it stays until all are back
  CHECK(t.used() == 512);
  t.deallocate(range + 256, 10);
  CHECK((t.used() == 0 && t.peak() == 768));
  CHECK((t.allocate(0) == range && t.used() == 0));
  t.allocate(2048);
  t.reset();
  CHECK((t.used() == 0 && t.peak() == 2048 && t.bytes() == 2048));
}

TEST_CASE("an exhausted temporary says what was asked for, what is free and what to plan", "[cuda]") {
  alignas(256) char range[512];
  device::temporary t(range, sizeof range), none;
  t.allocate(100);
  const std::string message = message_of([&] { t.allocate(300); });
  CHECK(contains(message, "asks for 512 bytes"));
  CHECK(contains(message, "256 of 512 are free"));
  CHECK(contains(message, "plan at least 768 bytes"));
  CHECK(t.used() == 256);
  CHECK(contains(message_of([&] { none.allocate(1); }), "0 of 0 are free"));
}

TEMPLATE_TEST_CASE("Thrust sorts in a temporary, and leaves it free", "[cuda]", RELREASON_HOST_SYSTEMS) {
  std::vector<double> range(1 << 16);
  device::temporary scratch(range.data(), range.size() * sizeof(double));
  for (std::uint64_t run = 0; run < 20; ++run) {
    auto keys = indices(1000, 50, run), wanted = keys;
    std::sort(wanted.begin(), wanted.end());
    thrust::stable_sort(device::policy_with(TestType{}, scratch), keys.data(), keys.data() + 1000);
    REQUIRE(keys == wanted);
    REQUIRE(scratch.used() == 0);
  }
}

TEST_CASE("a Thrust sort runs in as many bytes as it needed before, and reports that fewer are too few", "[cuda]") {
  const device::serial_system on;
  std::vector<double> range(1 << 16);
  device::temporary large(range.data(), range.size() * sizeof(double));
  const auto keys = indices(1000, 50, 1);
  auto sorted = keys, again = keys;
  thrust::stable_sort(device::policy_with(on, large), sorted.data(), sorted.data() + 1000);
  device::temporary exact(range.data(), large.peak()), small(range.data(), large.peak() - 256);
  thrust::stable_sort(device::policy_with(on, exact), again.data(), again.data() + 1000);
  CHECK(again == sorted);
  CHECK(contains(message_of([&] { thrust::stable_sort(device::policy_with(on, small), again.data(), again.data() + 1000); }), "device::temporary"));
}
