// tests/data/blocks_random.test.cpp -- the random words of the blocks world: the stream's own, in order; choices uniform; streams apart.
#include <algorithm>
#include <array>
#include <cstdint>
#include <set>

#include "catch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/blocks_random.hpp"

using namespace relreason::blocks;

TEST_CASE("blocks random: bits are the words of philox, in order", "[data][blocks]") {
  draws random(7, 9);
  for (std::uint64_t position = 0; position < 5; ++position)
    for (const std::uint32_t word : relreason::philox::at(7, 9, position).v) CHECK(random.bits() == word);
}

TEST_CASE("blocks random: below(n) is uniform in [0, n)", "[data][blocks]") {
  draws random(1, 1);
  std::array<int, 10> counts{};
  for (int i = 0; i < 10'000; ++i) ++counts.at(static_cast<std::size_t>(random.below(10)));
  double chi_squared = 0;
  for (const int n : counts) chi_squared += (n - 1000.) * (n - 1000.) / 1000;
  constexpr double nine_free = 27.88;  // the 99.9 % point with 9 degrees of freedom
  CHECK(chi_squared < nine_free);
  CHECK(random.below(1) == 0);
}

TEST_CASE("blocks random: picks shuffle a list, each order as often", "[data][blocks]") {
  draws random(1, 2);
  std::array<int, 6> counts{};
  for (int i = 0; i < 6000; ++i) {
    std::array<int, 3> list{0, 1, 2};
    for (int k = 0; k < 3; ++k) random.pick(list.data(), k, 3);
    CHECK(std::set<int>(list.begin(), list.end()).size() == 3);
    ++counts[static_cast<std::size_t>(2 * list[0] + (list[1] > list[2]))];
  }
  double chi_squared = 0;
  for (const int n : counts) chi_squared += (n - 1000.) * (n - 1000.) / 1000;
  constexpr double five_free = 20.52;  // the 99.9 % point with 5 degrees of freedom
  CHECK(chi_squared < five_free);
}

TEST_CASE("blocks random: purpose, split and index give streams of their own", "[data][blocks]") {
  std::set<std::uint64_t> streams;
  for (const char* purpose : {"blocks world, scene", "blocks world, questions"})
    for (const char* split : {"train", "val", "test", "", "nrait"})
      for (int index = 0; index < 1000; ++index) streams.insert(stream_for(purpose, split, index));
  CHECK(streams.size() == 2 * 5 * 1000);
}
