// tests/retrieval/protocol.test.cpp
#include "relreason/retrieval/protocol.hpp"

#include "catch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/metric/distance_matrix_build.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using namespace relreason::retrieval;
using Catch::Matchers::Contains;

namespace {

// Item 0 is the query of the specification's example: d = .1 .4 .2 .8 and d_gt = 0 2 4 4 to the others.
const std::vector<float> on_a_line{0, .1f, .4f, .2f, .8f};
const std::vector<float> truth_of_0{0, 0, 2, 4, 4};

void line_truth(int, std::span<float> to) { std::copy(truth_of_0.begin(), truth_of_0.end(), to.begin()); }

protocol_options small_options() {
  protocol_options o;
  o.ndcg_k = 3;
  o.recall_ks = {2, 1000};
  o.recall_curve = false;
  return o;
}

std::vector<float> noise(int n, std::uint64_t stream) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = philox::normal(31, stream, i);
  return x;
}

}  // namespace

TEST_CASE("run_protocol: the specification's example, with the query left out", "[retrieval]") {
  constexpr double six_digits = 1e-6;
  const std::vector<int> queries{0};
  serial_executor serial;
  const auto s = run_protocol({on_a_line.data(), 5, 1}, feature_distance::l2, queries, line_truth, serial, small_options()).as_is;
  CHECK(s.spearman.values[0] == Approx(.632456).epsilon(six_digits));
  CHECK(s.kendall.values[0] == Approx(.547723).epsilon(six_digits));
  CHECK(s.ndcg.values[0] == Approx(.957004).epsilon(six_digits));
  CHECK(s.recall_ks == std::vector<int>{2});  // of four items none can be the 1,000th
  CHECK(s.recall[0].values[0] == .5);         // items 1 and 3 against 1 and 2
  CHECK(s.spearman.mean.estimate == s.spearman.values[0]);
  CHECK(std::isnan(s.spearman.mean.low));  // one query has no interval
}

TEST_CASE("run_protocol: the query is left out by index, even where others are as near", "[retrieval]") {
  // Items 0 and 1 are equal. If the first of the nearest were removed instead, query 1 would lose item 0.
  const std::vector<float> x{1, 1, 2, 5};
  const std::vector<int> queries{1};
  serial_executor serial;
  protocol_options o = small_options();
  o.recall_ks = {1};
  const auto truth = [](int, std::span<float> to) {
    const std::vector<float> d{1, 0, 3, 2};  // to item 1: itself, then 0, then 3, then 2
    std::copy(d.begin(), d.end(), to.begin());
  };
  const auto s = run_protocol({x.data(), 4, 1}, feature_distance::l2, queries, truth, serial, o).as_is;
  CHECK(s.recall[0].values[0] == 1);
  CHECK(s.spearman.values[0] == Approx(.5));  // ranks 1 2 3 against 1 3 2
}

TEST_CASE("run_protocol: means, Student's intervals and the better run", "[retrieval]") {
  const int n = 60, width = 4;
  auto x = noise(n * width, 1);
  const distance_to_rows exact({x.data(), n, width}, feature_distance::cosine);
  const auto truth = [&](int q, std::span<float> to) {  // by angle: lengths are noise
    for (int j = 0; j < n; ++j)
      to[static_cast<std::size_t>(j)] = static_cast<float>(exact(x.data() + q * width, exact.squared_norm(x.data() + q * width), j));
  };
  thread_pool pool(2);
  const auto queries = first_queries(20);
  const auto s = run_protocol({x.data(), n, width}, feature_distance::l2, queries, truth, pool);
  CHECK(&s.better() == &s.unit);
  CHECK(s.unit.spearman.mean.estimate > .999);  // of unit vectors |a - b|^2 = 2 (1 - cos); float rounding may swap near ones
  CHECK(s.as_is.spearman.mean.estimate < .99);
  const auto by_hand = metric::student_interval(s.as_is.kendall.values);
  CHECK(s.as_is.kendall.mean.low == by_hand.low);
  CHECK(s.as_is.kendall.mean.high == by_hand.high);
  CHECK(s.as_is.recall_ks == std::vector<int>{1, 2, 3, 4, 6, 8, 10, 13, 17, 23, 30, 39, 51});
  CHECK(s.as_is.recall.back().values.size() == 20);

  const auto cosine = run_protocol({x.data(), n, width}, feature_distance::cosine, queries, truth, pool);
  CHECK(cosine.as_is.spearman.values == cosine.unit.spearman.values);
  serial_executor serial;
  CHECK(to_json(run_protocol({x.data(), n, width}, feature_distance::l2, queries, truth, serial), true) == to_json(s, true));
}

TEST_CASE("run_protocol: identical features give undefined correlations, which are counted and not averaged", "[retrieval]") {
  const std::vector<float> same(8, .5f);
  const auto queries = first_queries(3);
  serial_executor serial;
  protocol_options o = small_options();
  const auto truth = [](int q, std::span<float> to) {
    for (std::size_t j = 0; j < to.size(); ++j) to[j] = q == 2 ? 1.f : static_cast<float>(j);
  };
  const auto s = run_protocol({same.data(), 8, 1}, feature_distance::l2, queries, truth, serial, o).as_is;
  CHECK(s.spearman.undefined == 3);
  CHECK(std::isnan(s.spearman.mean.estimate));
  CHECK(s.ndcg.undefined == 1);  // query 2: everything is equally far
  CHECK(to_json(s).find("\"spearman\":{\"mean\":null,\"low\":null,\"high\":null,\"undefined\":3}") != std::string::npos);
}

TEST_CASE("run_protocol: reads a file of distances", "[retrieval]") {
  const temporary_folder folder;
  serial_executor serial;
  const auto x = noise(50, 2);
  const auto apart = [&](int i, int j) { return std::fabs(double{x[static_cast<std::size_t>(i)]} - x[static_cast<std::size_t>(j)]); };
  const auto truth = metric::build_distance_matrix(folder / "m", {"line", 1, 50}, apart, serial, {nullptr});
  const auto queries = first_queries(50);
  const auto s = run_protocol({x.data(), 50, 1}, feature_distance::l2, queries, truth, serial);
  CHECK(s.as_is.spearman.mean.estimate == Approx(1));
  CHECK(s.as_is.kendall.mean.estimate == Approx(1));
  CHECK_THROWS_WITH(run_protocol({x.data(), 49, 1}, feature_distance::l2, queries, truth, serial),
                    Contains("run_protocol: found features of 49 items") && Contains("compares 50; wanted the same items in the same order"));
}

TEST_CASE("to_json: one object with both runs", "[retrieval]") {
  const std::vector<int> queries{0};
  serial_executor serial;
  const auto s = run_protocol({on_a_line.data(), 5, 1}, feature_distance::l2, queries, line_truth, serial, small_options());
  const std::string json = to_json(s, true);
  CHECK(json.starts_with(R"({"distance":"l2","better":"as_is","as_is":{"n_queries":1,"queries":[0],"spearman":{"mean":0.632455)"));
  CHECK(json.find(R"("ndcg_k":3,"ndcg":{"mean":0.957)") != std::string::npos);
  CHECK(json.find(R"("recall":[{"k":2,"score":{"mean":0.5,"low":null,"high":null,"undefined":0,"values":[0.5]}}])") != std::string::npos);
}

TEST_CASE("run_protocol: bad input is an error that says what was wanted", "[retrieval]") {
  std::vector<float> x(10, 1.f);
  serial_executor serial;
  const auto run = [&](int rows, std::vector<int> queries, const protocol_options& o) {
    run_protocol(
        {x.data(), rows, 1}, feature_distance::l2, queries, [](int, std::span<float>) {}, serial, o);
  };
  CHECK_THROWS_WITH(run(10, {}, {}), "score_rankings: found no queries, wanted at least one");
  CHECK_THROWS_WITH(run(10, {0, 10}, {}), "score_rankings: query 1 is item 10, wanted 0 to 9");
  CHECK_THROWS_WITH(run(0, {0}, {}), Contains("found a collection of 0, wanted at least 3"));
  CHECK_THROWS_WITH(run(5, {0}, {}), "score_rankings: found nDCG at 5, wanted 1 to 4");
  protocol_options o;
  o.recall_ks = {0};
  CHECK_THROWS_WITH(run(10, {0}, o), "score_rankings: found k of 0 for recall, wanted at least 1");
  x[3] = std::nanf("");
  CHECK_THROWS_WITH(run(10, {0}, {}), Contains("value 0 of row 3 of the gallery is nan"));
  const auto broken = [](int, std::span<float> to) { std::fill(to.begin(), to.end(), std::nanf("")); };
  const std::vector<int> queries{0};
  CHECK_THROWS_WITH(run_protocol({x.data() + 4, 6, 1}, feature_distance::l2, queries, broken, serial),
                    Contains("rank_by_distance: the distance of item 0 is not a number"));
}
