// tests/cuda/warps.test.cpp -- what a GPU does a warp at a time, played by 32 threads: the same bits as one thread alone.
#include <algorithm>
#include <barrier>
#include <cmath>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "cuda/systems.hpp"
#include "relreason/backend/cuda/segments.cuh"

using namespace relreason;
using namespace systems_test;

namespace {

struct exchange {
  std::barrier<> all{device::warp_lanes};
  unsigned words[device::warp_lanes];
};
struct played_warp {
  unsigned lane;
  exchange* shared;
  unsigned word_of(unsigned mine, unsigned from) const {
    shared->words[lane] = mine;
    shared->all.arrive_and_wait();
    const unsigned theirs = shared->words[from];
    shared->all.arrive_and_wait();
    return theirs;
  }
};
// A system without a device: its warps are threads.
struct played_system : device::serial_system {
  static constexpr bool on_host = false;
};
template <class F>
void launch_warps(const played_system&, std::size_t n, const F& f) {
  exchange shared;
  std::vector<std::thread> lanes;
  for (unsigned lane = 0; lane < device::warp_lanes; ++lane)
    lanes.emplace_back([&, lane] {
      for (std::size_t i = 0; i < n; ++i) f.warp(i, played_warp{lane, &shared});
    });
  for (auto& l : lanes) l.join();
}

const std::vector<int> start{0, 0, 5, 6, 70, 134, 134, 150, 182, 200};
constexpr std::size_t rows = 200, groups = 9;
constexpr std::size_t widths[]{1, 2, 3, 5, 16, 17, 32, 33, 100};

// Whole lists, lists of rows from all over the place, and windows of both.
std::vector<device::row_lists> some_lists(const std::vector<int>& order) {
  std::vector<device::row_lists> lists{{groups, start.data(), nullptr, rows, 64}, {groups, start.data(), order.data(), rows, 64}};
  for (int i = 0; i < 2; ++i) {
    lists.push_back(lists[static_cast<std::size_t>(i)]);
    lists.back().first = 3, lists.back().last = 140;
  }
  return lists;
}
std::vector<int> scattered_order() {  // ascending in each group
  std::vector<int> order(rows);
  for (std::size_t i = 0; i < rows; ++i) order[i] = static_cast<int>(i * 37 % rows);
  for (std::size_t g = 0; g < groups; ++g) std::sort(order.begin() + start[g], order.begin() + start[g + 1]);
  return order;
}

}  // namespace

TEST_CASE("a warp's sums, means and maxima of short groups have the bits of one thread's", "[cuda]") {
  const auto order = scattered_order();
  const device::serial_system serial;
  const played_system warps;
  for (const std::size_t width : widths)
    for (const auto& lists : some_lists(order)) {
      INFO(width);
      auto x = numbers<float>(rows * width, 1);
      const auto by = numbers<float>(rows, 2);
      auto a = numbers<float>(groups * width, 3), b = a;
      device::sum_groups(serial, lists, width, x.data(), width, a.data(), width, by.data(), nullptr);
      device::sum_groups(warps, lists, width, x.data(), width, b.data(), width, by.data(), nullptr);
      REQUIRE(same_bits(a, b));
      device::mean_groups(serial, lists, width, x.data(), width, a.data(), width, nullptr);
      device::mean_groups(warps, lists, width, x.data(), width, b.data(), width, nullptr);
      REQUIRE(same_bits(a, b));
      for (auto& v : x) v = std::round(v);  // ties
      std::vector<int> best(groups * width, -3), other = best;
      device::max_groups(serial, lists, width, x.data(), a.data(), best.data(), false, nullptr);
      device::max_groups(warps, lists, width, x.data(), b.data(), other.data(), false, nullptr);
      REQUIRE((same_bits(a, b) && best == other));
    }
}

TEST_CASE("a warp's dot products have the bits of one thread's", "[cuda]") {
  for (const std::size_t width : widths) {
    const auto x = numbers<float>(20 * width, 4), y = numbers<float>(8 * width, 5);
    const auto index = indices(20, 8, 6);
    const int live = 17;
    std::vector<float> a(20, 77), b = a;
    device::dot_rows(device::serial_system{}, device::row_count{20, &live}, width, x.data(), y.data(), index.data(), a.data());
    device::dot_rows(played_system{}, device::row_count{20, &live}, width, x.data(), y.data(), index.data(), b.data());
    REQUIRE(same_bits(a, b));
    REQUIRE(a[17] == 77);
  }
}
