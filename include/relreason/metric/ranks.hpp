// relreason/metric/ranks.hpp -- how alike two rankings of the same items are: Spearman's rho, Kendall's tau-b, nDCG@k and recall@k.
// Source: Spearman 1904; Kendall, "The Treatment of Ties in Ranking Problems", Biometrika 1945; Jarvelin, Kekalainen, TOIS 2002.
// A ranking is made once from distances (small is near) and compared with many others. Undefined values are NaN: see each function.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason::metric {

// n items from the nearest on. Items of equal distance share a group; among them `order` goes by index.
struct ranking {
  std::vector<int> order;   // order[r] is the item at position r
  std::vector<int> group;   // of each item: 0 for the nearest, equal for equal distances
  std::vector<int> starts;  // starts[g] is the first position of group g; one more entry, n, at the end

  int size() const { return static_cast<int>(order.size()); }
  int groups() const { return static_cast<int>(starts.size()) - 1; }
  // The average of the 1-based positions that item i and its equals take.
  double rank(int i) const {
    const auto g = static_cast<std::size_t>(group[static_cast<std::size_t>(i)]);
    return .5 * (starts[g] + 1 + starts[g + 1]);
  }
};

namespace detail {

struct placed {
  std::uint64_t key;
  int item;
};

// A number of the same order as the distance; 0 and -0 are equal.
inline std::uint64_t order_key(double distance) {
  const auto bits = std::bit_cast<std::uint64_t>(distance + 0.);
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  return bits & sign ? ~bits : bits | sign;
}

// By key; equal keys keep their order. Byte by byte from the lowest (radix sort): a query ranks thousands of items.
inline void sort_placed(std::vector<placed>& all) {
  std::vector<placed> other(all.size());
  for (int shift = 0; shift < 64; shift += 8) {
    std::array<std::size_t, 257> starts{};
    for (const placed& p : all) ++starts[(p.key >> shift & 255) + 1];
    if (std::find(starts.begin(), starts.end(), all.size()) != starts.end()) continue;  // this byte is the same in all
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    for (const placed& p : all) other[starts[p.key >> shift & 255]++] = p;
    all.swap(other);
  }
}

inline void check_same_size(const char* who, std::size_t a, std::size_t b) {
  if (a != b) fail(who, ": found ", a, " and ", b, " items, wanted the same items in both; compare distances to the same gallery");
}
inline void check_k(const char* who, int k, int n) {
  if (k < 1 || k > n) fail(who, ": k is ", k, "; wanted 1 to ", n, ", the number of items");
}

// Counts of small numbers in a growing multiset (Fenwick, 1994).
class running_counts {
 public:
  explicit running_counts(int values) : tree_(static_cast<std::size_t>(values) + 1) {}
  void add(int value) {
    for (auto i = static_cast<std::size_t>(value) + 1; i < tree_.size(); i += i & (~i + 1)) ++tree_[i];
  }
  // How many are at most `value`.
  long long up_to(int value) const {
    long long n = 0;
    for (auto i = static_cast<std::size_t>(value) + 1; i > 0; i &= i - 1) n += tree_[i];
    return n;
  }

 private:
  std::vector<int> tree_;
};

// Pairs that share a group.
inline double tied_pairs(const ranking& r) {
  double pairs = 0;
  for (std::size_t g = 0; g + 1 < r.starts.size(); ++g) {
    const double n = r.starts[g + 1] - r.starts[g];
    pairs += n * (n - 1) / 2;
  }
  return pairs;
}

}  // namespace detail

template <class T>
ranking rank_by_distance(std::span<const T> distances) {
  if (distances.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) - 1)
    fail("rank_by_distance: found ", distances.size(), " items, wanted at most ", std::numeric_limits<int>::max() - 1);
  std::vector<detail::placed> all(distances.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto distance = static_cast<double>(distances[i]);
    all[i] = {detail::order_key(distance), static_cast<int>(i)};
    if (std::isnan(distance)) fail("rank_by_distance: the distance of item ", i, " is not a number; NaN features give such distances");
  }
  detail::sort_placed(all);
  ranking r;
  r.order.resize(all.size());
  r.group.resize(all.size());
  for (std::size_t p = 0; p < all.size(); ++p) {
    if (p == 0 || all[p].key != all[p - 1].key) r.starts.push_back(static_cast<int>(p));
    r.order[p] = all[p].item;
    r.group[static_cast<std::size_t>(all[p].item)] = static_cast<int>(r.starts.size()) - 1;
  }
  r.starts.push_back(static_cast<int>(all.size()));
  return r;
}
template <class T>
ranking rank_by_distance(const std::vector<T>& distances) {
  return rank_by_distance(std::span<const T>(distances));
}

// Pearson's correlation of the average ranks. NaN where all items of either ranking are equal, or there are fewer than two.
inline double spearman(const ranking& a, const ranking& b) {
  detail::check_same_size("spearman", a.order.size(), b.order.size());
  const double middle = .5 * (a.size() + 1);
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < a.size(); ++i) {
    const double x = a.rank(i) - middle, y = b.rank(i) - middle;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::nan("");
}

// tau-b = (concordant - discordant) / sqrt((pairs - tied in a) (pairs - tied in b)), in n log n. NaN as for Spearman's rho.
inline double kendall(const ranking& a, const ranking& b) {
  detail::check_same_size("kendall", a.order.size(), b.order.size());
  const double n = a.size(), pairs = n * (n - 1) / 2, tied_a = detail::tied_pairs(a), tied_b = detail::tied_pairs(b);
  if (!(pairs > tied_a && pairs > tied_b)) return std::nan("");
  detail::running_counts seen(b.groups());
  std::vector<int> of_group(static_cast<std::size_t>(b.groups()));
  double discordant = 0, tied_both = 0;
  for (std::size_t g = 0; g + 1 < a.starts.size(); ++g) {
    const std::span<const int> items(a.order.data() + a.starts[g], static_cast<std::size_t>(a.starts[g + 1] - a.starts[g]));
    for (const int i : items) {
      const int other = b.group[static_cast<std::size_t>(i)];
      discordant += static_cast<double>(a.starts[g] - seen.up_to(other));
      tied_both += of_group[static_cast<std::size_t>(other)]++;
    }
    for (const int i : items) {
      seen.add(b.group[static_cast<std::size_t>(i)]);
      of_group[static_cast<std::size_t>(b.group[static_cast<std::size_t>(i)])] = 0;
    }
  }
  const double concordant = pairs - tied_a - tied_b + tied_both - discordant;
  return (concordant - discordant) / std::sqrt((pairs - tied_a) * (pairs - tied_b));
}

// nDCG@k of the order `found` where an item at true distance t has relevance r = 1 - t / max t, gain 2^r - 1 and discount log2(position + 1);
// divided by that of the true order. All true distances 0: 1. All equal otherwise: no item is relevant, NaN.
template <class T>
double ndcg(const ranking& found, const ranking& truth, std::span<const T> true_distances, int k) {
  detail::check_same_size("ndcg", found.order.size(), true_distances.size());
  detail::check_same_size("ndcg", truth.order.size(), true_distances.size());
  detail::check_k("ndcg", k, found.size());
  const auto distance = [&](int item) { return static_cast<double>(true_distances[static_cast<std::size_t>(item)]); };
  const double nearest = distance(truth.order.front()), farthest = distance(truth.order.back());
  if (nearest < 0 || !std::isfinite(farthest)) fail("ndcg: found true distances from ", nearest, " to ", farthest, ", wanted finite ones from 0 on");
  if (farthest == 0) return 1;
  const auto gain_of = [&](const ranking& r) {
    double sum = 0;
    for (int p = 0; p < k; ++p) sum += (std::exp2(1 - distance(r.order[static_cast<std::size_t>(p)]) / farthest) - 1) / std::log2(p + 2);
    return sum;
  };
  const double ideal = gain_of(truth);
  return ideal > 0 ? gain_of(found) / ideal : std::nan("");
}
template <class T>
double ndcg(const ranking& found, const ranking& truth, const std::vector<T>& true_distances, int k) {
  return ndcg(found, truth, std::span<const T>(true_distances), k);
}

// recall@k = |first k of a and first k of b| / k for each of the ks; equal distances count by index.
inline std::vector<double> recall_at(const ranking& a, const ranking& b, std::span<const int> ks) {
  detail::check_same_size("recall_at", a.order.size(), b.order.size());
  for (const int k : ks) detail::check_k("recall_at", k, a.size());
  const auto n = a.order.size();
  std::vector<int> later(n), both(n + 1);  // the later of an item's two positions; how many items lie before position p in both
  for (std::size_t p = 0; p < n; ++p) later[static_cast<std::size_t>(a.order[p])] = static_cast<int>(p);
  for (std::size_t p = 0; p < n; ++p) {
    const auto i = static_cast<std::size_t>(b.order[p]);
    ++both[static_cast<std::size_t>(std::max(later[i], static_cast<int>(p))) + 1];
  }
  std::partial_sum(both.begin(), both.end(), both.begin());
  std::vector<double> recalls;
  for (const int k : ks) recalls.push_back(static_cast<double>(both[static_cast<std::size_t>(k)]) / k);
  return recalls;
}
inline double recall_at(const ranking& a, const ranking& b, int k) { return recall_at(a, b, std::span<const int>(&k, 1)).front(); }

// The distinct values of floor(base^m) from 1 to n: where recall curves are read.
inline std::vector<int> growing_ks(int n, double base = 1.3) {
  if (!(base > 1) || !std::isfinite(base)) fail("growing_ks: found base ", base, ", wanted more than 1, such as 1.3");
  std::vector<int> ks;
  for (double power = 1; power <= n; power *= base)
    if (ks.empty() || static_cast<int>(power) != ks.back()) ks.push_back(static_cast<int>(power));
  return ks;
}

}  // namespace relreason::metric
