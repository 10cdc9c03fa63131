// tests/data/element.test.cpp -- the table of types, sizes of shapes, half precision. Conversions of whole arrays are tested with safetensors.
#include "relreason/data/element.hpp"

#include <cmath>
#include <cstdint>
#include <vector>

#include "catch.hpp"

using relreason::element;
using relreason::element_of;
using relreason::shape_text;

TEST_CASE("element: each line of the table stands at its own type's place", "[data][element]") {
  for (std::size_t i = 0; i < relreason::element_table.size(); ++i) CHECK(static_cast<std::size_t>(relreason::element_table[i].type) == i);
  CHECK(relreason::info(element::bf16).bytes == 2);
  CHECK(relreason::info(element::u64).name == "U64");
}

TEST_CASE("element: C++ types have the element type of their size and sign", "[data][element]") {
  STATIC_REQUIRE(element_of<bool>() == element::boolean);
  STATIC_REQUIRE(element_of<unsigned char>() == element::u8);
  STATIC_REQUIRE(element_of<long long>() == element::i64);
  STATIC_REQUIRE(element_of<std::uint32_t>() == element::u32);
  STATIC_REQUIRE(element_of<float>() == element::f32);
}

TEST_CASE("shape_bytes: the product of all extents, or false from 2^63 on", "[data][element]") {
  std::uint64_t bytes = 0;
  CHECK((relreason::detail::shape_bytes({}, 4, bytes) && bytes == 4));
  CHECK((relreason::detail::shape_bytes({2, 3}, 8, bytes) && bytes == 48));
  CHECK((relreason::detail::shape_bytes({0, std::int64_t{1} << 62}, 8, bytes) && bytes == 0));
  CHECK((relreason::detail::shape_bytes({(std::int64_t{1} << 62) - 1, 2}, 1, bytes) && bytes == (std::uint64_t{1} << 63) - 2));
  CHECK_FALSE(relreason::detail::shape_bytes({std::int64_t{1} << 62, 2}, 1, bytes));
  CHECK_FALSE(relreason::detail::shape_bytes({-1}, 1, bytes));
}

TEST_CASE("shape_text: as NumPy prints shapes", "[data][element]") {
  CHECK(shape_text({}) == "()");
  CHECK(shape_text({3}) == "(3,)");
  CHECK(shape_text({64, 26}) == "(64, 26)");
  CHECK(shape_text(std::vector<std::int64_t>(17, 1)) == "(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ...)");
}

TEST_CASE("widen_f16: every finite binary16 value is sign * 2^(exponent - 25) * (1024 + fraction), or subnormal", "[data][element]") {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31), fraction = static_cast<int>(bits & 1023), sign = bits & 0x8000 ? -1 : 1;
    if (exponent == 31) continue;
    const double expected = sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
    if (static_cast<double>(relreason::detail::widen_f16(static_cast<std::uint16_t>(bits))) != expected) FAIL("wrong value for " << bits);
  }
}
