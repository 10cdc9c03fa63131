// tests/retrieval/exact_search.test.cpp
#include "relreason/retrieval/exact_search.hpp"

#include <limits>
#include <numeric>

#include "catch.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason;
using namespace relreason::retrieval;
using Catch::Matchers::Contains;

namespace {

struct features {
  int rows, width;
  std::vector<float> data;
  rows_view<const float> view() const { return {data.data(), rows, width}; }
};

features normal(int rows, int width, std::uint64_t stream, float scale = 1, float center = 0) {
  features f{rows, width, std::vector<float>(static_cast<std::size_t>(rows * width))};
  for (std::size_t i = 0; i < f.data.size(); ++i) f.data[i] = center + scale * philox::normal(23, stream, i);
  return f;
}
// Whole numbers 0 to 2: many rows are equal, many distances too.
features coarse(int rows, int width, std::uint64_t stream) {
  features f{rows, width, std::vector<float>(static_cast<std::size_t>(rows * width))};
  random_stream random{29, stream};
  for (float& v : f.data) v = static_cast<float>(random.below(3));
  return f;
}

neighbors by_sorting(const features& gallery, const features& queries, int k, feature_distance kind, std::span<const int> leave_out = {}) {
  const distance_to_rows exact(gallery.view(), kind);
  neighbors wanted(queries.rows, std::min(k, gallery.rows));
  std::vector<double> d(static_cast<std::size_t>(gallery.rows));
  for (int q = 0; q < queries.rows; ++q) {
    exact.all(queries.view().row(q), d.data());
    std::vector<neighbor> all;
    for (int j = 0; j < gallery.rows; ++j)
      if (leave_out.empty() || leave_out[static_cast<std::size_t>(q)] != j) all.push_back({d[static_cast<std::size_t>(j)], j});
    std::sort(all.begin(), all.end());
    wanted.set(q, all);
  }
  return wanted;
}

void check_same(const features& gallery, const features& queries, int k, feature_distance kind) {
  serial_executor serial;
  const auto wanted = by_sorting(gallery, queries, k, kind).all;
  for (const auto scores : {precision::full, precision::bf16}) {
    INFO(gallery.rows << " x " << gallery.width << ", " << queries.rows << " queries, k " << k << ", " << text_of(kind) << ", " << text_of(scores));
    REQUIRE(exact_index(gallery.view(), kind, isa::automatic, scores).search(queries.view(), k, serial).all == wanted);
  }
}

}  // namespace

TEST_CASE("exact_search: by hand, nearest first, equal distances by index", "[retrieval]") {
  const features gallery{4, 2, {0, 0, 3, 4, 0, 5, 1, 0}}, query{1, 2, {0, 0}};
  serial_executor serial;
  const auto found = exact_index(gallery.view()).search(query.view(), 4, serial);
  CHECK(found.all == std::vector<neighbor>{{0, 0}, {1, 3}, {5, 1}, {5, 2}});
}

TEST_CASE("exact_search: the same neighbors and the same bits as sorting all distances", "[retrieval]") {
  for (const auto kind : {feature_distance::l2, feature_distance::cosine}) {
    for (const int k : {1, 10, 100, 1000}) check_same(normal(1000, 20, 1), normal(30, 20, 2), k, kind);
    for (const int rows : {1, 2, 31, 255, 256, 257, 513}) check_same(normal(rows, 5, 3), normal(3, 5, 4), 7, kind);
    for (const int width : {1, 2, 31, 64, 600}) check_same(normal(300, width, 5), normal(5, width, 6), 20, kind);
  }
}

TEST_CASE("exact_search: features that a float product can not tell apart are told apart", "[retrieval]") {
  for (const auto kind : {feature_distance::l2, feature_distance::cosine}) {
    check_same(coarse(2000, 4, 1), coarse(20, 4, 2), 50, kind);                            // 81 different rows
    check_same(normal(2000, 30, 7, 1e-3f, 100), normal(20, 30, 8, 1e-3f, 100), 50, kind);  // all in one direction
    check_same(normal(2000, 30, 9, 1e-25f), normal(20, 30, 10, 1e-25f), 50, kind);         // squares below the least float
    check_same(normal(2000, 30, 11, 1e14f), normal(20, 30, 12, 1e14f), 50, kind);
    check_same(normal(2000, 30, 13), normal(20, 30, 14, 1e10f), 50, kind);  // queries far away
    features lone = normal(2000, 30, 15);
    lone.data[30 * 777] = 1e12f;  // one row of another size
    check_same(lone, normal(20, 30, 16), 50, kind);
  }
  features same{1500, 8, std::vector<float>(12000, .25f)};  // identical features: by index
  serial_executor serial;
  const auto found = exact_index(same.view()).search({same.data.data(), 2, 8}, 300, serial);
  for (int i = 0; i < 300; ++i) REQUIRE(found.of(1)[static_cast<std::size_t>(i)] == neighbor{0, i});
  check_same(same, normal(2, 8, 17), 40, feature_distance::cosine);
  check_same({500, 3, std::vector<float>(1500)}, normal(2, 3, 18), 40, feature_distance::cosine);  // zero vectors
}

TEST_CASE("exact_search: the same for any number of threads and every instruction set", "[retrieval][threads]") {
  const features gallery = normal(1200, 24, 19), queries = normal(50, 24, 20);
  serial_executor serial;
  const auto wanted = exact_index(gallery.view()).search(queries.view(), 30, serial);
  for (const int threads : {2, 3, 8}) {
    thread_pool pool(threads);
    CHECK(exact_index(gallery.view()).search(queries.view(), 30, pool).all == wanted.all);
    const auto one = exact_index(gallery.view()).search({queries.data.data(), 1, 24}, 30, pool);  // one query: the gallery is cut
    CHECK(std::equal(one.all.begin(), one.all.end(), wanted.all.begin()));
  }
  for (const auto set : {isa::portable, isa::avx2, isa::avx512})
    for (const auto scores : {precision::full, precision::bf16})
      if (supported(set)) CHECK(exact_index(gallery.view(), feature_distance::l2, set, scores).search(queries.view(), 30, serial).all == wanted.all);
}

TEST_CASE("exact_search: leaves out one row for each query", "[retrieval]") {
  features gallery = coarse(600, 6, 21);
  std::vector<int> self(40);
  std::iota(self.begin(), self.end(), 100);
  self[3] = -1;
  features queries{40, 6, {gallery.data.begin() + 600, gallery.data.begin() + 600 + 240}};  // rows 100 to 139
  thread_pool pool(2);
  const auto found = exact_index(gallery.view()).search(queries.view(), 20, pool, self);
  CHECK(found.all == by_sorting(gallery, queries, 20, feature_distance::l2, self).all);
  for (int q = 0; q < 40; ++q)
    for (const neighbor& n : found.of(q)) REQUIRE(n.id != self[static_cast<std::size_t>(q)]);
}

TEST_CASE("exact_search: a k larger than the gallery ends with id -1 at infinity", "[retrieval]") {
  const features gallery = normal(5, 3, 22);
  serial_executor serial;
  const exact_index index(gallery.view());
  const auto all = index.search(gallery.view(), 100, serial);
  CHECK(all.k == 5);
  const std::vector<int> self{0, 1, 2, 3, 4};
  const auto others = index.search(gallery.view(), 100, serial, self);
  CHECK(others.k == 5);
  for (int q = 0; q < 5; ++q) {
    CHECK(others.of(q)[3].id >= 0);
    CHECK(others.of(q)[4] == neighbor{std::numeric_limits<double>::infinity(), -1});
  }
  CHECK(index.search({gallery.data.data(), 0, 3}, 2, serial).all.empty());
}

TEST_CASE("exact_search: bad input is an error that says what was wanted", "[retrieval]") {
  features gallery = normal(10, 3, 23);
  serial_executor serial;
  const exact_index index(gallery.view());
  CHECK_THROWS_WITH(exact_index({nullptr, 0, 3}), "exact_index: the gallery is empty, wanted at least one row of features");
  CHECK_THROWS_WITH(index.search({gallery.data.data(), 2, 4}, 1, serial),
                    "exact_index::search: found queries of 4 values, wanted 3 as in the gallery");
  CHECK_THROWS_WITH(index.search(gallery.view(), 0, serial), "exact_index::search: found k of 0, wanted at least 1");
  const std::vector<int> two{0, 1}, wrong{0, 1, 2, 3, 4, 5, 6, 7, 8, 10};
  CHECK_THROWS_WITH(index.search(gallery.view(), 1, serial, two), Contains("found 2 rows to leave out, wanted one for each of 10 queries"));
  CHECK_THROWS_WITH(index.search(gallery.view(), 1, serial, wrong), Contains("query 9 leaves out row 10, wanted -1 or a row below 10"));
  features broken = gallery;
  broken.data[7] = std::nanf("");
  CHECK_THROWS_WITH(exact_index(broken.view()), Contains("value 1 of row 2 of the gallery is nan"));
  broken.data[7] = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(index.search(broken.view(), 1, serial), Contains("value 1 of row 2 of the queries is inf"));
}
