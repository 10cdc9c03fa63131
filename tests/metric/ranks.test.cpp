// tests/metric/ranks.test.cpp
#include "relreason/metric/ranks.hpp"

#include <cstdint>

#include "catch.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason::metric;

namespace {

constexpr double oracle_digits = 1e-6;    // relative; the specification gives six digits
constexpr double rounding_error = 1e-12;  // sums of a few hundred terms of order 1e4

// n whole numbers below `values`, so that ties are many.
std::vector<double> tied(int n, std::uint32_t values, std::uint64_t stream) {
  relreason::random_stream random{7, stream};
  std::vector<double> x(static_cast<std::size_t>(n));
  for (double& v : x) v = random.below(values);
  return x;
}

double kendall_by_pairs(const std::vector<double>& a, const std::vector<double>& b) {
  double balance = 0, distinct_a = 0, distinct_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const int s = (a[i] > a[j]) - (a[i] < a[j]), t = (b[i] > b[j]) - (b[i] < b[j]);
      balance += s * t;
      distinct_a += s != 0;
      distinct_b += t != 0;
    }
  return balance / std::sqrt(distinct_a * distinct_b);
}

double spearman_of(const std::vector<double>& a, const std::vector<double>& b) { return spearman(rank_by_distance(a), rank_by_distance(b)); }
double kendall_of(const std::vector<double>& a, const std::vector<double>& b) { return kendall(rank_by_distance(a), rank_by_distance(b)); }

}  // namespace

TEST_CASE("rank_by_distance: equal distances share the average rank and keep the order of their indices", "[metric]") {
  const auto r = rank_by_distance(std::vector<double>{.5, .1, .5, .9, .5});
  CHECK(r.order == std::vector<int>{1, 0, 2, 4, 3});
  CHECK(r.group == std::vector<int>{1, 0, 1, 2, 1});
  CHECK(r.rank(1) == 1);
  CHECK(r.rank(0) == 3);  // of 2, 3, 4
  CHECK(r.rank(4) == 3);
  CHECK(r.rank(3) == 5);
  CHECK(rank_by_distance(std::vector<float>{0.f, -0.f}).groups() == 1);
}

TEST_CASE("rank_by_distance: numbers of every sign and size are in order, and infinity is last", "[metric]") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto r = rank_by_distance(std::vector<double>{infinity, 1e300, -1, 0, 5e-324, -1e-300, -infinity, 1, 256, 1.0000000000000002});
  CHECK(r.order == std::vector<int>{6, 2, 5, 3, 4, 7, 9, 8, 1, 0});
  CHECK(r.groups() == 10);
  const auto x = tied(3000, 500, 1);
  const auto many = rank_by_distance(x);
  for (std::size_t p = 1; p < x.size(); ++p) {
    const auto a = static_cast<std::size_t>(many.order[p - 1]), b = static_cast<std::size_t>(many.order[p]);
    REQUIRE((x[a] < x[b] || (x[a] == x[b] && a < b)));
  }
}

TEST_CASE("spearman: 0.8 without ties, 0.948683 and 0.632456 with", "[metric]") {
  CHECK(spearman_of({1, 2, 3, 4}, {1, 3, 2, 4}) == Approx(.8).epsilon(rounding_error));
  CHECK(spearman_of({.1, .2, .3, .4}, {0, 1, 1, 2}) == Approx(.948683).epsilon(oracle_digits));
  CHECK(spearman_of({.1, .4, .2, .8}, {0, 2, 4, 4}) == Approx(.632456).epsilon(oracle_digits));
  CHECK(spearman_of({1, 2, 3}, {9, 8, 7}) == Approx(-1).epsilon(rounding_error));
}

TEST_CASE("kendall: tau-b is 2/3 without ties, 0.547723 with", "[metric]") {
  CHECK(kendall_of({1, 2, 3, 4}, {1, 3, 2, 4}) == Approx(2. / 3).epsilon(rounding_error));
  CHECK(kendall_of({.1, .4, .2, .8}, {0, 2, 4, 4}) == Approx(.547723).epsilon(oracle_digits));
  CHECK(kendall_of({1, 2, 3}, {9, 8, 7}) == Approx(-1).epsilon(rounding_error));
}

TEST_CASE("kendall: equal to the sum over all pairs, with few and with many ties", "[metric]") {
  for (const std::uint32_t values : {2u, 5u, 40u, 1000000u})
    for (const int n : {2, 3, 50, 300}) {
      const auto a = tied(n, values, 2 * values), b = tied(n, 30, 2 * values + 1);
      const double slow = kendall_by_pairs(a, b);
      INFO(n << " items, " << values << " values");
      if (std::isnan(slow)) CHECK(std::isnan(kendall_of(a, b)));
      else CHECK(kendall_of(a, b) == Approx(slow).margin(rounding_error));
    }
}

TEST_CASE("ndcg: (1 + (sqrt 2 - 1) / 2) / (1 + (sqrt 2 - 1) / log2 3) at 3 for the specification's example", "[metric]") {
  const auto found = rank_by_distance(std::vector<double>{.1, .4, .2, .8});
  const std::vector<double> truth{0, 2, 4, 4};
  const double half = std::sqrt(2.) - 1;  // gain of relevance 1/2
  CHECK(ndcg(found, rank_by_distance(truth), truth, 3) == Approx((1 + half / 2) / (1 + half / std::log2(3.))).epsilon(rounding_error));
  CHECK(ndcg(found, rank_by_distance(truth), truth, 3) == Approx(.957004).epsilon(oracle_digits));
  CHECK(ndcg(rank_by_distance(truth), rank_by_distance(truth), truth, 4) == 1);
}

TEST_CASE("recall_at: 1, 1/2, 1, 1 for orders 0 2 1 3 and 0 1 2 3", "[metric]") {
  const auto a = rank_by_distance(std::vector<double>{0, 2, 1, 3}), b = rank_by_distance(std::vector<double>{0, 1, 2, 3});
  const std::vector<int> ks{1, 2, 3, 4};
  CHECK(recall_at(a, b, ks) == std::vector<double>{1, .5, 1, 1});
  CHECK(recall_at(a, b, 2) == .5);
}

TEST_CASE("growing_ks: floor(1.3^m) without repeats", "[metric]") {
  CHECK(growing_ks(20) == std::vector<int>{1, 2, 3, 4, 6, 8, 10, 13, 17});  // 1.3^m: 1 1.3 1.69 2.197 2.86 3.71 4.83 6.27 8.16 10.6 13.8 17.9
  CHECK(growing_ks(0).empty());
}

TEST_CASE("ranks: undefined values are NaN, not numbers that look good", "[metric]") {
  const std::vector<double> same{3, 3, 3}, other{1, 2, 3};
  CHECK(std::isnan(spearman_of(same, other)));
  CHECK(std::isnan(spearman_of({1}, {1})));
  CHECK(std::isnan(kendall_of(other, same)));
  CHECK(std::isnan(kendall_of({}, {})));
  CHECK(std::isnan(ndcg(rank_by_distance(other), rank_by_distance(same), same, 2)));
  const std::vector<double> zero{0, 0, 0};
  CHECK(ndcg(rank_by_distance(other), rank_by_distance(zero), zero, 2) == 1);
}

TEST_CASE("ranks: bad input is an error that says what was wanted", "[metric]") {
  const auto three = rank_by_distance(std::vector<double>{1, 2, 3}), two = rank_by_distance(std::vector<double>{1, 2});
  CHECK_THROWS_WITH(rank_by_distance(std::vector<double>{1, std::nan("")}),
                    "rank_by_distance: the distance of item 1 is not a number; NaN features give such distances");
  CHECK_THROWS_WITH(spearman(three, two), "spearman: found 3 and 2 items, wanted the same items in both; compare distances to the same gallery");
  CHECK_THROWS_WITH(recall_at(three, three, 4), "recall_at: k is 4; wanted 1 to 3, the number of items");
  CHECK_THROWS_WITH(ndcg(three, three, std::vector<double>{1, 2, 3}, 0), "ndcg: k is 0; wanted 1 to 3, the number of items");
  CHECK_THROWS_WITH(ndcg(two, two, std::vector<double>{-1, 2}, 1), "ndcg: found true distances from -1 to 2, wanted finite ones from 0 on");
  CHECK_THROWS_WITH(growing_ks(10, 1), "growing_ks: found base 1, wanted more than 1, such as 1.3");
}
