// tests/cuda/allocation.test.cpp -- all primitives one after another: none allocates, and they give the same bytes on every host system.
#include <cstdlib>
#include <vector>

#include "catch.hpp"
#include "cuda/all_primitives.hpp"
#include "support/count_allocations.hpp"

using namespace relreason;
using namespace systems_test;

namespace {

struct block {
  std::vector<std::byte> bytes = std::vector<std::byte>(all_primitives::bytes() + 64),
                         scratch = std::vector<std::byte>(all_primitives::scratch_bytes);
  block() { all_primitives::prepare(data()); }
  std::byte* data() { return bytes.data(); }
};

}  // namespace

TEST_CASE("no device primitive allocates", "[cuda]") {
#if RELREASON_COUNTS
  block b;
  const std::vector<std::byte> before = b.bytes;
  const long seen = allocations.load();
  void* volatile one = std::malloc(1);
  std::free(one);
  REQUIRE(allocations.load() == seen + 1);
  const long none = allocations.load();
  all_primitives::run(device::serial_system{}, b.data(), b.scratch.data());
  CHECK(allocations.load() == none);
  CHECK(b.bytes != before);
#else
  WARN("skipped: allocations cannot be counted here");
#endif
}

#if defined(_OPENMP)
TEST_CASE("device primitives give the same bytes on Thrust's serial and OpenMP systems", "[cuda]") {
  block serial, openmp;
  REQUIRE(serial.bytes == openmp.bytes);
  all_primitives::run(device::serial_system{}, serial.data(), serial.scratch.data());
  all_primitives::run(device::openmp_system{}, openmp.data(), openmp.scratch.data());
  CHECK(serial.bytes == openmp.bytes);
}
#endif
