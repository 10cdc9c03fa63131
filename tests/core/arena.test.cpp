// tests/core/arena.test.cpp
#include "relreason/core/arena.hpp"

#include <cstdint>

#include "catch.hpp"
#include "support/message_of.hpp"

using namespace relreason;

TEST_CASE("memory: it is zeroed, aligned, and moved without a copy", "[core][arena]") {
  for (const std::size_t bytes : {std::size_t{1}, std::size_t{5000}, std::size_t{5} << 20}) {
    memory a(bytes);
    CHECK(a.bytes() == bytes);
    CHECK(reinterpret_cast<std::uintptr_t>(a.data()) % (bytes >= (std::size_t{2} << 20) ? std::size_t{2} << 20 : 64) == 0);
    std::size_t set = 0;
    for (std::size_t i = 0; i < bytes; ++i) set += a.data()[i] != std::byte{};
    CHECK(set == 0);
    a.data()[bytes - 1] = std::byte{7};
    const std::byte* at = a.data();
    const memory b = std::move(a);
    CHECK(b.data() == at);
    CHECK(b.data()[bytes - 1] == std::byte{7});
  }
  CHECK(memory(0).data() == nullptr);
}

TEST_CASE("memory: a size that no machine has is an error with the number of bytes", "[core][arena]") {
  CHECK(contains(message_of([] { memory m(std::size_t{1} << 60); }), "refused 1152921504606846976 bytes"));
}

TEST_CASE("arena: measuring and handing out agree, and every array starts at 64 bytes", "[core][arena]") {
  const auto use = [](arena& a) {
    a.take<char>(1);
    a.take<double>(9);
    float* zeroed = a.take_zeroed<float>(3);
    return zeroed;
  };
  arena plan;
  CHECK(use(plan) == nullptr);
  CHECK(plan.measuring());
  CHECK(plan.peak() == 64 + 128 + 64);
  const memory block(plan.peak());
  std::fill_n(block.data(), block.bytes(), std::byte{1});
  arena real(block.data(), block.bytes());
  const float* zeroed = use(real);
  CHECK(real.used() == plan.used());
  CHECK(reinterpret_cast<const std::byte*>(zeroed) == block.data() + 192);
  for (int i = 0; i < 3; ++i) CHECK(zeroed[i] == 0);
  CHECK(contains(message_of([&] { real.take<char>(1); }), "320 bytes are wanted but 256 were planned"));
  real.reset(64);
  CHECK(reinterpret_cast<std::byte*>(real.take<int>(1)) == block.data() + 64);
  CHECK(real.peak() == 320);
}
