// tests/cuda/segments.test.cpp -- sums, means, maxima and counts of the device against loops in double, in a fixed order, on every host system.
#include "relreason/backend/cuda/segments.cuh"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "cuda/systems.hpp"

using namespace relreason;
using namespace systems_test;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();

// Scratch of exactly the bytes that were asked for, with a guard behind.
struct scratch {
  std::size_t bytes;
  std::vector<double> words;
  explicit scratch(std::size_t n) : bytes(n), words(n / 8 + 2, 77.) {}
  void* data() { return words.data(); }
  bool untouched() const { return words.back() == 77; }
};

// Lists of rows: group g has sizes[g] of them; shuffled lists have rows of all over the place, ascending in each group.
struct lists {
  std::vector<int> start{0}, order;
  device::row_lists view;
  lists(const std::vector<int>& sizes, bool shuffled, std::size_t longest = 0) {
    for (const int n : sizes) start.push_back(start.back() + n);
    std::vector<std::pair<std::uint32_t, int>> keyed;
    if (shuffled) {
      for (int i = 0; i < start.back(); ++i) keyed.emplace_back(philox::bits(5, 6, static_cast<std::uint64_t>(i)), i);
      std::sort(keyed.begin(), keyed.end());
      for (const auto& k : keyed) order.push_back(k.second);
      for (std::size_t g = 0; g < sizes.size(); ++g) std::sort(order.begin() + start[g], order.begin() + start[g + 1]);
    }
    const auto most = sizes.empty() ? 0 : static_cast<std::size_t>(*std::max_element(sizes.begin(), sizes.end()));
    view = {sizes.size(), start.data(), shuffled ? order.data() : nullptr, static_cast<std::size_t>(start.back()), longest ? longest : most};
  }
  std::vector<std::size_t> rows_of(std::size_t g) const {
    std::vector<std::size_t> rows;
    for (int k = start[g]; k < start[g + 1]; ++k) rows.push_back(view.row(static_cast<std::size_t>(k)));
    return rows;
  }
};

// The order of fold.cuh, written another way: until at most 64 are left, part c of ceil(n / 64) folds c, c + m, c + 2 m, ...
float folded(std::vector<float> x) {
  while (x.size() > 64) {
    const std::size_t m = (x.size() + 63) / 64;
    std::vector<float> parts(m);
    for (std::size_t k = 0; k < x.size(); ++k) parts[k % m] += x[k];
    x = parts;
  }
  float s = 0;
  for (const float v : x) s += v;
  return s;
}

const std::vector<std::vector<int>> cases{
    {}, {0}, {1}, {0, 0, 0}, {3, 0, 1, 64, 2}, {65}, {0, 65, 0, 64, 63, 1}, {4096, 9, 0, 400}, {1, 1, 1, 5000}, {4097, 0, 4096, 128}};
constexpr std::size_t widths[]{1, 3, 16, 40};

}  // namespace

TEMPLATE_TEST_CASE("device sum_groups adds each group's rows in the order that its size decides", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  for (const auto& sizes : cases)
    for (const bool shuffled : {false, true})
      for (const std::size_t width : widths) {
        const lists l(sizes, shuffled);
        const std::size_t ld = width + 1;
        const auto x = numbers<float>(l.view.rows * ld, 1), by = numbers<float>(l.view.rows, 2), start = numbers<float>(sizes.size() * ld, 3);
        for (const float* factor : {static_cast<const float*>(nullptr), by.data()}) {
          auto to = start, wanted = start;
          scratch s(device::sum_groups_scratch<float>(l.view, width));
          device::sum_groups(on, l.view, width, x.data(), ld, to.data(), ld, factor, s.data());
          bool close = true;
          for (std::size_t g = 0; g < sizes.size(); ++g)
            for (std::size_t j = 0; j < width; ++j) {
              std::vector<float> terms;
              double exact = start[g * ld + j], size = std::abs(exact);
              for (const std::size_t i : l.rows_of(g)) {
                const float term = factor ? factor[i] * x[i * ld + j] : x[i * ld + j];
                terms.push_back(term);
                exact += double{term}, size += std::abs(double{term});
              }
              wanted[g * ld + j] += folded(terms);
              close = close && std::abs(to[g * ld + j] - exact) <= size * 200 * 0x1p-24;  // at most 64 + 64 + 2 + 1 additions on the way of a term
            }
          CHECK(same_bits(to, wanted));
          CHECK((close && s.untouched()));
        }
      }
}

TEMPLATE_TEST_CASE("a group's sum has the same bits in any batch", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const auto x = numbers<float>(6000 * 4, 4);
  const auto sum_of = [&](const std::vector<int>& sizes, std::size_t group, std::size_t longest, std::size_t spare_rows) {
    lists l(sizes, false, longest);
    l.view.rows += spare_rows;
    // The group's rows are always the first 700 rows of x.
    std::vector<float> rows(l.view.rows * 4), to(sizes.size() * 4);
    std::copy_n(x.data(), 700 * 4, rows.data() + 4 * l.start[group]);
    scratch s(device::sum_groups_scratch<float>(l.view, 4));
    device::sum_groups(TestType{}, l.view, 4, rows.data(), 4, to.data(), 4, static_cast<const float*>(nullptr), s.data());
    return std::vector<float>(to.begin() + static_cast<std::ptrdiff_t>(4 * group), to.begin() + static_cast<std::ptrdiff_t>(4 * group + 4));
  };
  const auto alone = sum_of({700}, 0, 700, 0);
  CHECK(same_bits(alone, sum_of({13, 0, 700, 64}, 2, 700, 0)));
  CHECK(same_bits(alone, sum_of({5000, 700}, 1, 5000, 0)));        // a longer neighbor: more levels
  CHECK(same_bits(alone, sum_of({700, 700}, 1, 300000, 300000)));  // room planned for much more
}

TEMPLATE_TEST_CASE("device sums over a window take the window's rows only", "[cuda]", RELREASON_HOST_SYSTEMS) {
  for (const bool shuffled : {false, true})
    for (const int first : {0, 1, 70, 130})
      for (const int last : {first, 71, 131, 132, 1000}) {
        if (last < first) continue;
        INFO(first << " to " << last);
        lists l({5, 0, 100, 27}, shuffled);
        l.view.first = first, l.view.last = last;
        const auto x = numbers<float>(132 * 2, 5);
        std::vector<float> to(8), wanted(8);
        for (std::size_t g = 0; g < 4; ++g)
          for (std::size_t j = 0; j < 2; ++j) {
            std::vector<float> terms;
            for (const std::size_t i : lists({5, 0, 100, 27}, shuffled).rows_of(g))
              if (static_cast<int>(i) >= first && static_cast<int>(i) < last) terms.push_back(x[i * 2 + j]);
            wanted[g * 2 + j] += folded(terms);
          }
        scratch s(device::sum_groups_scratch<float>(l.view, 2));
        const float* const window = x.data() + 2 * first;
        device::sum_groups(TestType{}, l.view, 2, window, 2, to.data(), 2, static_cast<const float*>(nullptr), s.data());
        CHECK(same_bits(to, wanted));
      }
}

TEMPLATE_TEST_CASE("device mean_groups: the sum times 1 / count, 0 for an empty group", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const lists l({2, 0, 100}, false);
  std::vector<float> x(102, 2), to(3, 77);
  x[0] = 1, x[1] = 5;
  scratch s(device::sum_groups_scratch<float>(l.view, 1));
  device::mean_groups(TestType{}, l.view, 1, x.data(), 1, to.data(), 1, s.data());
  CHECK(to[0] == 3);
  CHECK(to[1] == 0);
  CHECK(to[2] == 200 * (1.f / 100));
}

TEMPLATE_TEST_CASE("device max_groups: the greatest value and the lowest row that has it", "[cuda]", RELREASON_HOST_SYSTEMS) {
  for (const auto& sizes : cases)
    for (const bool shuffled : {false, true})
      for (const std::size_t width : widths) {
        const lists l(sizes, shuffled);
        auto x = numbers<float>(l.view.rows * width, 6);
        for (auto& v : x) v = std::round(v);  // ties everywhere
        std::vector<float> to(sizes.size() * width, 77), wanted(to.size());
        std::vector<int> best(to.size(), 77), wanted_best(to.size(), -1);
        for (std::size_t g = 0; g < sizes.size(); ++g)
          for (const std::size_t i : l.rows_of(g))
            for (std::size_t j = 0; j < width; ++j)
              if (const std::size_t at = g * width + j; wanted_best[at] < 0 || x[i * width + j] > wanted[at])
                wanted[at] = x[i * width + j], wanted_best[at] = static_cast<int>(i);
        scratch s(device::max_groups_scratch<float>(l.view, width));
        device::max_groups(TestType{}, l.view, width, x.data(), to.data(), best.data(), false, s.data());
        CHECK((to == wanted && best == wanted_best && s.untouched()));
      }
}

TEMPLATE_TEST_CASE("device max_groups: NaN wins, the last of several; accumulating keeps what is not beaten", "[cuda]", RELREASON_HOST_SYSTEMS) {
  lists l({4, 0, 2}, false);
  const float x[]{1, nan_value, 9, nan_value, 5, 5};
  float to[]{7, 7, 7};
  int best[]{-5, -5, -5};
  device::max_groups(TestType{}, l.view, 1, x, to, best, false, nullptr);
  CHECK((std::isnan(to[0]) && best[0] == 3));
  CHECK((to[1] == 0 && best[1] == -1));
  CHECK((to[2] == 5 && best[2] == 4));

  float kept[]{7, 7, 5};
  int kept_best[]{-5, -5, -5};
  l.view.first = 4;  // rows 4 and 5, numbered over the whole batch
  device::max_groups(TestType{}, l.view, 1, x + 4, kept, kept_best, true, nullptr);
  CHECK((kept[0] == 7 && kept[1] == 7 && kept[2] == 5));
  CHECK((kept_best[0] == -5 && kept_best[1] == -5 && kept_best[2] == -5));
  kept[2] = 4;
  device::max_groups(TestType{}, l.view, 1, x + 4, kept, kept_best, true, nullptr);
  CHECK((kept[2] == 5 && kept_best[2] == 4));
}

TEMPLATE_TEST_CASE("device sum_rows: columns in the order of one group, up to the count in memory", "[cuda]", RELREASON_HOST_SYSTEMS) {
  constexpr std::size_t width = 5;
  for (const std::size_t most : size_list{0, 1, 64, 65, 700, 5000})
    for (const std::size_t spare : size_list{0, 9000}) {
      const auto x = numbers<float>((most + spare) * width, 7);
      const int live = static_cast<int>(most);
      auto to = numbers<float>(width, 8), wanted = to;
      for (std::size_t j = 0; j < width; ++j) {
        std::vector<float> column;
        for (std::size_t i = 0; i < most; ++i) column.push_back(x[i * width + j]);
        wanted[j] += folded(column);
      }
      scratch s(device::sum_rows_scratch<float>(most + spare, width));
      device::sum_rows(TestType{}, device::row_count{most + spare, &live}, width, x.data(), to.data(), s.data());
      CHECK((same_bits(to, wanted) && s.untouched()));
    }
}

namespace {

struct square {
  const float* x;
  RELREASON_HD double operator()(std::size_t i) const { return static_cast<double>(x[i]) * static_cast<double>(x[i]); }
};
struct is_positive {
  const float* x;
  RELREASON_HD bool operator()(std::size_t i) const { return x[i] > 0; }
};

}  // namespace

TEMPLATE_TEST_CASE("device sum and count over what a function gives", "[cuda]", RELREASON_HOST_SYSTEMS) {
  constexpr double tolerance = 1e-13;  // a few hundred roundings of 1.1e-16
  for (const std::size_t n : size_list{0, 1, 64, 65, 4097, 300001}) {
    const auto x = numbers<float>(n, 9);
    double total = 1;
    long double wanted = 1;
    int positive = 5, wanted_positive = 5;
    for (const float v : x) wanted += static_cast<long double>(v) * v, wanted_positive += v > 0;
    scratch s(device::sum_scratch(n)), c(device::count_scratch(n));
    device::sum(TestType{}, n, square{x.data()}, &total, s.data());
    device::count(TestType{}, n, is_positive{x.data()}, &positive, c.data());
    CHECK(total == Approx(static_cast<double>(wanted)).epsilon(tolerance));
    CHECK(positive == wanted_positive);
    CHECK((s.untouched() && c.untouched()));
  }
}
