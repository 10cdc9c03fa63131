// tests/core/philox.test.cpp -- known answers of Philox4x32-10 from the Random123 distribution (kat_vectors).
#include "relreason/core/philox.hpp"

#include "catch.hpp"

using namespace relreason;

namespace {
bool is(const philox::block& b, std::uint32_t v0, std::uint32_t v1, std::uint32_t v2, std::uint32_t v3) {
  return b.v[0] == v0 && b.v[1] == v1 && b.v[2] == v2 && b.v[3] == v3;
}
}  // namespace

TEST_CASE("philox: known answers", "[core][philox]") {
  CHECK(is(philox::rounds(0, {{0, 0, 0, 0}}), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  CHECK(is(philox::rounds(~std::uint64_t{0}, {{~0u, ~0u, ~0u, ~0u}}), 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  CHECK(is(philox::rounds(0x299f31d0a4093822u, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}), 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST_CASE("philox: seed, stream and position are key and counter", "[core][philox]") {
  CHECK(is(philox::at(0, 0, 0), 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  CHECK(is(philox::at(0x299f31d0a4093822u, 0x0370734413198a2eu, 0x85a308d3243f6a88u), 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
  CHECK(philox::bits(0, 0, 1) == 0xe169c58d);
  CHECK(philox::uniform(0, 0, 0) == static_cast<float>(0x6627e8) / 16777216.f);
  CHECK(philox::below(0, 0, 3, 10) == 6);  // 0x9b00dbd8 / 2^32 = 0.6055
  static_assert(philox::bits(0, 0, 0) == 0x6627e8d5);
}

TEST_CASE("philox: uniform and normal numbers have their mean and variance", "[core][philox]") {
  constexpr int n = 100000;
  double sum = 0, square = 0, normal = 0, normal_square = 0;
  for (std::uint64_t i = 0; i < n; ++i) {
    const double u = static_cast<double>(philox::uniform(1, 2, i)), z = static_cast<double>(philox::normal(1, 3, i));
    REQUIRE((u >= 0 && u < 1));
    sum += u, square += u * u, normal += z, normal_square += z * z;
  }
  // four standard errors of each mean
  CHECK(std::abs(sum / n - 0.5) < 4 * std::sqrt(1.0 / 12 / n));
  CHECK(std::abs(square / n - 1.0 / 3) < 4 * std::sqrt(4.0 / 45 / n));
  CHECK(std::abs(normal / n) < 4 * std::sqrt(1.0 / n));
  CHECK(std::abs(normal_square / n - 1) < 4 * std::sqrt(2.0 / n));
}

TEST_CASE("philox: a sequential reader gives the stream's numbers in order", "[core][philox]") {
  random_stream s{5, 6};
  for (std::uint64_t i = 0; i < 9; ++i) CHECK(s.bits() == philox::bits(5, 6, i));
  CHECK(s.uniform() == philox::uniform(5, 6, 9));
  CHECK(s.below(7) == philox::below(5, 6, 10, 7));
  CHECK(stream_of("") == 0xcbf29ce484222325u);
  CHECK(stream_of("a") == 0xaf63dc4c8601ec8cu);  // FNV-1a, 64 bits
}
