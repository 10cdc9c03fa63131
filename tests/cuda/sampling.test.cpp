// tests/cuda/sampling.test.cpp -- random choices on every host system: equal to plain loops over Philox, and fair.
#include "relreason/backend/cuda/sampling.cuh"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "catch.hpp"
#include "cuda/systems.hpp"

using namespace relreason;
using namespace systems_test;

namespace {

struct room {
  std::vector<double> words = std::vector<double>(1 << 16);
  device::temporary scratch{words.data(), words.size() * sizeof(double)};
};

// Five standard deviations of a count of draws.
bool fair(int found, double draws, double chance) { return std::abs(found - draws * chance) <= 5 * std::sqrt(draws * chance * (1 - chance)); }

}  // namespace

TEST_CASE("high_product is the high half of a 128-bit product", "[cuda]") {
  constexpr std::uint64_t edges[]{0, 1, 2, 0xffffffff, 0x100000000, 0x100000001, 0x123456789abcdef0, 0xfedcba9876543210, ~std::uint64_t{0}};
  for (const auto a : edges)
    for (const auto b : edges) {
      __extension__ using wide = unsigned __int128;
      CHECK(device::high_product(a, b) == static_cast<std::uint64_t>(static_cast<wide>(a) * b >> 64));
    }
}

TEMPLATE_TEST_CASE("device sample_groups draws what Floyd's algorithm draws from Philox", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const std::vector<int> start{3, 3, 4, 9, 1000};
  for (const std::size_t k : size_list{0, 1, 4, 5, 6, 100}) {
    std::vector<int> chosen(4 * k, 77), wanted;
    device::sample_groups(TestType{}, 4, start.data(), k, {5, 6}, chosen.data());
    for (std::size_t g = 0; g < 4; ++g) {
      const int n = start[g + 1] - start[g], most = static_cast<int>(k);
      std::vector<int> rows;
      if (n <= most) {
        for (int i = 0; i < n; ++i) rows.push_back(i);
      } else {
        random_stream random{5, 6, g * k};
        for (int j = n - most; j < n; ++j) {
          const int t = static_cast<int>(random.below(static_cast<std::uint32_t>(j + 1)));
          rows.push_back(std::count(rows.begin(), rows.end(), t) ? j : t);
        }
      }
      for (const int i : rows) wanted.push_back(start[g] + i);
      wanted.resize((g + 1) * k, -1);
      CHECK(std::set<int>(rows.begin(), rows.end()).size() == rows.size());
    }
    CHECK(chosen == wanted);
  }
}

TEST_CASE("every set of a group is sampled equally often", "[cuda]") {
  constexpr std::size_t groups = 6000;
  std::vector<int> start;
  for (int g = 0; g <= static_cast<int>(groups); ++g) start.push_back(5 * g);
  std::vector<int> chosen(groups * 2);
  device::sample_groups(device::serial_system{}, groups, start.data(), 2, {1, 2}, chosen.data());
  std::map<std::array<int, 2>, int> found;
  for (std::size_t g = 0; g < groups; ++g) {
    const int a = chosen[2 * g] % 5, b = chosen[2 * g + 1] % 5;
    ++found[{std::min(a, b), std::max(a, b)}];
  }
  CHECK(found.size() == 10);
  for (const auto& f : found) CHECK(fair(f.second, groups, .1));
}

TEMPLATE_TEST_CASE("device permutation sorts the rows by random keys", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  for (const std::size_t n : size_list{0, 1, 2, 5000}) {
    std::uint64_t stream = 9;
    std::vector<int> order(n, 77), wanted(n), other(n);
    device::permutation(TestType{}, n, {8, 0, &stream}, order.data(), r.scratch);
    std::iota(wanted.begin(), wanted.end(), 0);
    const auto key = [](int i) {
      const philox::block b = philox::at(8, 9, static_cast<std::uint64_t>(i));
      return std::pair(b.v[0], b.v[1]);
    };
    std::stable_sort(wanted.begin(), wanted.end(), [&](int a, int b) { return key(a) < key(b); });
    CHECK(order == wanted);
    stream = 10;
    device::permutation(TestType{}, n, {8, 0, &stream}, other.data(), r.scratch);
    CHECK((n < 3 || other != order));
    CHECK(std::is_permutation(other.begin(), other.end(), order.begin()));
  }
}

TEMPLATE_TEST_CASE("device weighted_choice finds the weight that a random number falls into", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  const TestType on;
  const std::vector<std::uint32_t> weight{0, 5, 0, 1, 0xffffffff, 7, 0};
  std::vector<std::uint64_t> sums(weight.size());
  device::cumulate(on, weight.size(), weight.data(), sums.data(), r.scratch);
  CHECK(sums == std::vector<std::uint64_t>{0, 5, 5, 6, 0x100000005, 0x10000000c, 0x10000000c});
  constexpr std::size_t draws = 500;
  std::vector<int> except(draws);
  for (std::size_t d = 0; d < draws; ++d) except[d] = static_cast<int>(d % 9) - 1;  // none, each, and one too many
  for (const int* hole : {static_cast<const int*>(nullptr), static_cast<const int*>(except.data())}) {
    std::vector<int> chosen(draws), wanted(draws);
    device::weighted_choice(on, draws, weight.size(), sums.data(), {3, 4}, 1000, hole, chosen.data());
    for (std::size_t d = 0; d < draws; ++d) {
      auto w = weight;
      if (hole && hole[d] >= 0 && hole[d] < 7) w[static_cast<std::size_t>(hole[d])] = 0;
      const philox::block b = philox::at(3, 4, 1000 + d);
      std::uint64_t total = 0;
      for (const auto x : w) total += x;
      std::uint64_t at = device::high_product(std::uint64_t{b.v[0]} << 32 | b.v[1], total);
      int i = 0;
      for (; at >= w[static_cast<std::size_t>(i)]; ++i) at -= w[static_cast<std::size_t>(i)];
      wanted[d] = i;
    }
    CHECK(chosen == wanted);
  }
}

TEST_CASE("weights are the chances; without any weight nothing is chosen", "[cuda]") {
  const device::serial_system on;
  const std::vector<std::uint64_t> sums{1, 3, 6}, zeros{0, 0};
  constexpr std::size_t draws = 6000;
  std::vector<int> chosen(draws);
  device::weighted_choice(on, draws, 3, sums.data(), {1, 2}, 0, nullptr, chosen.data());
  for (int i = 0; i < 3; ++i) CHECK(fair(static_cast<int>(std::count(chosen.begin(), chosen.end(), i)), draws, (i + 1) / 6.));
  const int only = 0;
  device::weighted_choice(on, 1, 2, zeros.data(), {1, 2}, 0, nullptr, chosen.data());
  CHECK(chosen[0] == -1);
  device::weighted_choice(on, 1, 0, nullptr, {1, 2}, 0, nullptr, chosen.data());
  CHECK(chosen[0] == -1);
  device::weighted_choice(on, 1, 1, sums.data(), {1, 2}, 0, &only, chosen.data());
  CHECK(chosen[0] == -1);
}
