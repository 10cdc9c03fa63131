// tests/cuda/grouping.test.cpp -- lists by group, compaction, sorting and pairs on every host system, against loops.
#include "relreason/backend/cuda/grouping.cuh"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "cuda/systems.hpp"
#include "relreason/backend/cuda/pairs.cuh"

using namespace relreason;
using namespace systems_test;

namespace {

struct room {
  std::vector<double> words = std::vector<double>(1 << 17);
  device::temporary scratch{words.data(), words.size() * sizeof(double)};
};

struct is_odd {
  const int* x;
  RELREASON_HD bool operator()(std::size_t i) const { return x[i] % 2 != 0; }
};
struct never {
  RELREASON_HD bool operator()(std::size_t) const { return false; }
};

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();

// Rows of each group, greatest score first, ties by row, NaN last.
std::vector<int> sorted_rows(const std::vector<int>& start, const std::vector<float>& score) {
  std::vector<int> rows(score.size());
  std::iota(rows.begin(), rows.end(), 0);
  for (std::size_t g = 0; g + 1 < start.size(); ++g)
    std::stable_sort(rows.begin() + start[g], rows.begin() + start[g + 1], [&](int a, int b) {
      const float x = score[static_cast<std::size_t>(a)], y = score[static_cast<std::size_t>(b)];
      return std::isnan(y) ? !std::isnan(x) : x > y;
    });
  return rows;
}

}  // namespace

TEMPLATE_TEST_CASE("device group_by lists each group's rows in ascending order", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  for (const std::size_t n : size_list{0, 1, 7, 3000})
    for (const int n_groups : {0, 1, 5, 900}) {
      auto group = indices(n, n_groups + 2, 1);
      for (auto& g : group) g -= 1;  // some are -1 or n_groups: in no group
      const int live = static_cast<int>(n) - 1;
      for (const int* count : {static_cast<const int*>(nullptr), &live}) {
        std::vector<int> start(static_cast<std::size_t>(n_groups) + 1, 77), order(n, 77), wanted, wanted_start;
        device::group_by(TestType{}, device::row_count{n, count}, group.data(), n_groups, start.data(), order.data(), r.scratch);
        const std::size_t rows = count ? static_cast<std::size_t>(std::max(live, 0)) : n;
        for (int g = 0; g < n_groups; ++g) {
          wanted_start.push_back(static_cast<int>(wanted.size()));
          for (std::size_t i = 0; i < rows; ++i)
            if (group[i] == g) wanted.push_back(static_cast<int>(i));
        }
        wanted_start.push_back(static_cast<int>(wanted.size()));
        REQUIRE(start == wanted_start);
        REQUIRE(std::equal(wanted.begin(), wanted.end(), order.begin()));
        std::sort(order.begin(), order.end());
        for (std::size_t i = 0; i < n; ++i) REQUIRE(order[i] == static_cast<int>(i));
        REQUIRE(r.scratch.used() == 0);
      }
    }
}

TEMPLATE_TEST_CASE("device compact keeps flagged rows in order and counts them in memory", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  for (const std::size_t n : size_list{0, 1, 2, 64, 5000}) {
    const auto x = indices(n, 10, 2);
    const int live = static_cast<int>(n) / 2;
    for (const int* most : {static_cast<const int*>(nullptr), &live}) {
      std::vector<int> to(n, -7), wanted;
      int count = -1;
      device::compact(TestType{}, device::row_count{n, most}, is_odd{x.data()}, to.data(), &count, r.scratch);
      for (std::size_t i = 0; i < (most ? static_cast<std::size_t>(live) : n); ++i)
        if (x[i] % 2) wanted.push_back(static_cast<int>(i));
      REQUIRE(count == static_cast<int>(wanted.size()));
      wanted.resize(n, -7);
      REQUIRE(to == wanted);
    }
    int none = -1;
    std::vector<int> to(n);
    device::compact(TestType{}, n, never{}, to.data(), &none, r.scratch);
    REQUIRE(none == 0);
  }
}

TEST_CASE("descending keys order scores from the greatest to NaN", "[cuda]") {
  const float falling[]{infinity, 3e38f, 1, 1e-45f, 0, -1e-45f, -1, -3e38f, -infinity, nan_value};
  for (std::size_t i = 0; i + 1 < std::size(falling); ++i) CHECK(device::descending_key(falling[i]) < device::descending_key(falling[i + 1]));
  CHECK(device::descending_key(0.f) == device::descending_key(-0.f));
  CHECK(device::descending_key(-nan_value) == device::descending_key(nan_value));
}

TEMPLATE_TEST_CASE("device sort_groups: greatest first within each group, ties by row, NaN last", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  for (const auto& start : std::vector<std::vector<int>>{{0}, {0, 0}, {0, 1}, {0, 0, 5, 5, 30, 31}, {0, 5000}, {0, 10, 4000, 4000}}) {
    const auto n = static_cast<std::size_t>(start.back());
    auto score = numbers<float>(n, 3);
    for (auto& s : score) s = std::round(s);  // ties everywhere, and both zeros
    for (std::size_t i = 0; i < n; i += 7) score[i] = i % 2 ? nan_value : infinity;
    std::vector<int> order(n);
    device::sort_groups(TestType{}, n, static_cast<int>(start.size()) - 1, start.data(), score.data(), order.data(), r.scratch);
    REQUIRE(order == sorted_rows(start, score));
  }
}

TEMPLATE_TEST_CASE("rows of no group sort behind all others", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  const int start[]{2, 4};
  const float score[]{9, 9, 1, 2, 9, 9};
  std::vector<int> order(6);
  device::sort_groups(TestType{}, 6, 1, start, score, order.data(), r.scratch);
  CHECK(order == std::vector<int>{3, 2, 0, 1, 4, 5});
  int best = 0;
  device::top_k(TestType{}, 6, 1, start, score, 1, &best, nullptr, r.scratch);
  CHECK(best == 3);
}

TEMPLATE_TEST_CASE("device top_k: the k best rows of a group, -1 where it has fewer", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  const std::vector<int> start{0, 3, 3, 10, 2000};
  auto score = numbers<float>(2000, 4);
  for (auto& s : score) s = std::round(s);
  score[1] = nan_value;
  const auto sorted = sorted_rows(start, score);
  for (const std::size_t k : size_list{0, 1, 2, 5, 64}) {
    std::vector<int> best(4 * k, 77), wanted(4 * k, -1);
    std::vector<float> scores(4 * k, 77), wanted_scores(4 * k, 0);
    device::top_k(TestType{}, 2000, 4, start.data(), score.data(), k, best.data(), scores.data(), r.scratch);
    for (std::size_t g = 0; g < 4; ++g)
      for (std::size_t i = 0; i < k && start[g] + static_cast<int>(i) < start[g + 1]; ++i) {
        wanted[g * k + i] = sorted[static_cast<std::size_t>(start[g]) + i];
        wanted_scores[g * k + i] = score[static_cast<std::size_t>(wanted[g * k + i])];
      }
    CHECK(best == wanted);
    CHECK(same_bits(scores, wanted_scores));
  }
}

TEST_CASE("a pair's number and its two rows are each other's inverse", "[cuda]") {
  for (std::uint32_t n = 1; n <= 64; ++n) {
    const device::reciprocal by(n);
    for (std::uint32_t a = 0; a < 64; ++a)
      for (std::uint32_t b = 0; b < n; ++b) {
        const device::pair_place p = device::pair_of(a * n + b, by);
        REQUIRE((p.receiver == a && p.sender == b && device::pair_index(p, by) == a * n + b));
      }
  }
  for (const std::uint32_t n : {1u, 2u, 46340u, 65535u, 0x7ffffffeu, 0x7fffffffu})
    for (const std::uint32_t pair : {0u, 1u, n - 1, n, n + 1, 46340u * 46340u - 1, 0x7ffffffeu, 0x7fffffffu}) {
      const device::pair_place p = device::pair_of(pair, device::reciprocal(n));
      REQUIRE((p.receiver == pair / n && p.sender == pair % n));
    }
}

TEMPLATE_TEST_CASE("device complete_pairs: every pair of a graph's receivers and senders, receivers slowest", "[cuda]", RELREASON_HOST_SYSTEMS) {
  room r;
  for (const auto& counts :
       std::vector<std::vector<std::pair<int, int>>>{{}, {{0, 0}}, {{1, 1}}, {{3, 3}, {0, 0}, {64, 64}, {1, 1}}, {{2, 5}, {4, 0}, {0, 7}, {3, 1}}}) {
    const int n = static_cast<int>(counts.size());
    std::vector<int> receivers{10}, senders{20}, wanted_start{0}, wa, wb, wg;  // rows of a larger array: they need not begin at 0
    for (const auto& [a, b] : counts) {
      for (int i = 0; i < a; ++i)
        for (int j = 0; j < b; ++j) {
          wa.push_back(receivers.back() + i), wb.push_back(senders.back() + j);
          wg.push_back(static_cast<int>(wanted_start.size()) - 1);
        }
      receivers.push_back(receivers.back() + a), senders.push_back(senders.back() + b);
      wanted_start.push_back(static_cast<int>(wa.size()));
    }
    const std::size_t most = wa.size() + 9;
    wa.resize(most, 0), wb.resize(most, 0), wg.resize(most, n);
    std::vector<int> start(counts.size() + 1, 77), a(most, 77), b(most, 77), g(most, 77);
    device::complete_pairs(TestType{}, n, receivers.data(), senders.data(), most, start.data(), a.data(), b.data(), g.data(), r.scratch);
    CHECK(start == wanted_start);
    CHECK((a == wa && b == wb && g == wg));
  }
}
