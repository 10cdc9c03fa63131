// relreason/retrieval/protocol.hpp -- how well features rank a collection: against a ground truth, query by query, with intervals.
// Source: Messina et al., "Learning Relationship-aware Visual Features", ECCV workshops 2018, and its code; nDCG@5 as in IJMIR 2019.
// Both runs are reported, features as they are and of length 1; the papers give the better of the two means, which is optimistic.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/rows_view.hpp"
#include "relreason/metric/distance_matrix.hpp"
#include "relreason/metric/interval.hpp"
#include "relreason/metric/ranks.hpp"
#include "relreason/report/json_writer.hpp"
#include "relreason/retrieval/feature_distance.hpp"

namespace relreason::retrieval {

struct protocol_options {
  int ndcg_k = 5;
  std::vector<int> recall_ks = {10, 100, 1000};  // those that the collection is too small for are left out
  bool recall_curve = true;                      // and floor(1.3^m), from 1 on
  double level = .95;                            // of the intervals
};

// One number for each query, and their mean with Student's interval.
struct query_scores {
  std::vector<double> values;  // NaN where the measure is undefined: all distances of a query are equal
  metric::interval mean;       // over the defined ones; NaN where there are too few
  int undefined = 0;
};

struct ranking_scores {
  std::vector<int> queries;
  query_scores spearman, kendall, ndcg;
  int ndcg_k = 0;
  std::vector<int> recall_ks;
  std::vector<query_scores> recall;  // for each of them
};

struct protocol_scores {
  feature_distance distance = feature_distance::l2;
  ranking_scores as_is, unit;  // features as they are, and divided by their lengths
  const ranking_scores& better() const { return unit.spearman.mean.estimate > as_is.spearman.mean.estimate ? unit : as_is; }
};

namespace detail {

inline void summarize(query_scores& s, double level) {
  std::vector<double> defined;
  for (const double v : s.values)
    if (!std::isnan(v)) defined.push_back(v);
  s.undefined = static_cast<int>(s.values.size() - defined.size());
  if (defined.size() >= 2) {
    s.mean = metric::student_interval(defined, level);
    return;
  }
  s.mean = {defined.empty() ? std::nan("") : defined.front(), std::nan(""), std::nan("")};
}

inline std::vector<int> recall_ks_for(const protocol_options& options, int items) {
  std::vector<int> ks = options.recall_ks;
  for (const int k : ks)
    if (k < 1) fail("score_rankings: found k of ", k, " for recall, wanted at least 1");
  if (options.recall_curve) {
    const auto curve = metric::growing_ks(items);
    ks.insert(ks.end(), curve.begin(), curve.end());
  }
  std::sort(ks.begin(), ks.end());
  ks.erase(std::unique(ks.begin(), ks.end()), ks.end());
  ks.erase(std::upper_bound(ks.begin(), ks.end(), items), ks.end());
  return ks;
}

// Everything about one query; its own place is left out of both distance vectors, by index.
inline void score_query(ranking_scores& to, std::size_t place, int query, std::vector<double>& found, std::vector<float>& truth) {
  found.erase(found.begin() + query);
  truth.erase(truth.begin() + query);
  const auto a = metric::rank_by_distance(found), b = metric::rank_by_distance(truth);
  to.spearman.values[place] = metric::spearman(a, b);
  to.kendall.values[place] = metric::kendall(a, b);
  to.ndcg.values[place] = metric::ndcg(a, b, truth, to.ndcg_k);
  const auto recalls = metric::recall_at(a, b, std::span<const int>(to.recall_ks));
  for (std::size_t k = 0; k < recalls.size(); ++k) to.recall[k].values[place] = recalls[k];
}

}  // namespace detail

// distances(query, to) and truth(query, to) fill a std::span<double> and a std::span<float> with the distances from a query to all items,
// itself included, from any thread. For codes, learned distances, or anything that is no feature vector.
template <class Distances, class Truth>
ranking_scores score_rankings(int items, std::span<const int> queries, Distances&& distances, Truth&& truth, executor& threads,
                              const protocol_options& options = {}) {
  const std::string who = "score_rankings";
  if (queries.empty()) fail(who, ": found no queries, wanted at least one");
  if (items < 3) fail(who, ": found a collection of ", items, ", wanted at least 3, a query and two items to rank");
  for (std::size_t i = 0; i < queries.size(); ++i)
    if (queries[i] < 0 || queries[i] >= items) fail(who, ": query ", i, " is item ", queries[i], ", wanted 0 to ", items - 1);
  if (options.ndcg_k < 1 || options.ndcg_k > items - 1) fail(who, ": found nDCG at ", options.ndcg_k, ", wanted 1 to ", items - 1);
  ranking_scores s;
  s.queries.assign(queries.begin(), queries.end());
  s.ndcg_k = options.ndcg_k;
  s.recall_ks = detail::recall_ks_for(options, items - 1);
  s.recall.resize(s.recall_ks.size());
  const auto each = [&](auto&& f) {
    f(s.spearman);
    f(s.kendall);
    f(s.ndcg);
    for (query_scores& r : s.recall) f(r);
  };
  each([&](query_scores& q) { q.values.resize(queries.size()); });
  failure first;
  threads.parallel_for(static_cast<int>(queries.size()), [&](int i) {
    first.guard([&] {
      const auto place = static_cast<std::size_t>(i);
      std::vector<double> d(static_cast<std::size_t>(items));
      std::vector<float> t(static_cast<std::size_t>(items));
      distances(queries[place], std::span<double>(d));
      truth(queries[place], std::span<float>(t));
      detail::score_query(s, place, queries[place], d, t);
    });
  });
  first.rethrow();
  each([&](query_scores& q) { detail::summarize(q, options.level); });
  return s;
}

// Rows divided by their l2 lengths; zero rows stay zero.
inline std::vector<float> unit_rows(rows_view<const float> x) {
  check_features("unit_rows", x, "features");
  const distance_to_rows norms({x.data, 0, x.width}, feature_distance::l2);
  std::vector<float> to(x.data, x.data + x.size());
  for (int i = 0; i < x.rows; ++i) {
    const double length = std::sqrt(norms.squared_norm(x.row(i)));
    float* row = to.data() + static_cast<std::ptrdiff_t>(i) * x.width;
    for (int c = 0; length > 0 && c < x.width; ++c) row[c] = static_cast<float>(row[c] / length);
  }
  return to;
}

// Row i of the features is item i of the truth.
template <class Truth>
protocol_scores run_protocol(rows_view<const float> features, feature_distance distance, std::span<const int> queries, Truth&& truth,
                             executor& threads, const protocol_options& options = {}) {
  const auto score = [&](rows_view<const float> x) {
    const distance_to_rows rows(x, distance);
    return score_rankings(
        x.rows, queries, [&](int query, std::span<double> to) { rows.all(x.row(query), to.data()); }, truth, threads, options);
  };
  protocol_scores s;
  s.distance = distance;
  s.as_is = score(features);
  if (distance == feature_distance::cosine) {  // it knows no lengths
    s.unit = s.as_is;
    return s;
  }
  const std::vector<float> unit = unit_rows(features);
  s.unit = score({unit.data(), features.rows, features.width});
  return s;
}
inline protocol_scores run_protocol(rows_view<const float> features, feature_distance distance, std::span<const int> queries,
                                    const metric::distance_matrix& truth, executor& threads, const protocol_options& options = {}) {
  if (features.rows != truth.size())
    fail("run_protocol: found features of ", features.rows, " items, and ", truth.path(), " compares ", truth.size(),
         "; wanted the same items in the same order");
  return run_protocol(
      features, distance, queries, [&](int query, std::span<float> to) { truth.row(query, to); }, threads, options);
}

// 0, 1, ..., n - 1: the paper's queries are the first 501 of the validation split.
inline std::vector<int> first_queries(int n) {
  std::vector<int> all(static_cast<std::size_t>(std::max(n, 0)));
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// {"mean": .., "low": .., "high": .., "undefined": ..}, and "values" if wanted; undefined numbers are null.
inline void write_json(report::json_writer& j, const query_scores& s, bool values) {
  j.begin_object().member("mean", s.mean.estimate).member("low", s.mean.low).member("high", s.mean.high).member("undefined", s.undefined);
  if (values) {
    j.key("values").begin_array();
    for (const double v : s.values) j.value(v);
    j.end_array();
  }
  j.end_object();
}
inline void write_json(report::json_writer& j, const ranking_scores& s, bool values = false) {
  j.begin_object().member("n_queries", s.queries.size());
  if (values) {
    j.key("queries").begin_array();
    for (const int q : s.queries) j.value(q);
    j.end_array();
  }
  write_json(j.key("spearman"), s.spearman, values);
  write_json(j.key("kendall"), s.kendall, values);
  write_json(j.member("ndcg_k", s.ndcg_k).key("ndcg"), s.ndcg, values);
  j.key("recall").begin_array();
  for (std::size_t k = 0; k < s.recall.size(); ++k) {
    j.begin_object().member("k", s.recall_ks[k]);
    write_json(j.key("score"), s.recall[k], values);
    j.end_object();
  }
  j.end_array().end_object();
}
inline void write_json(report::json_writer& j, const protocol_scores& s, bool values = false) {
  j.begin_object().member("distance", text_of(s.distance)).member("better", &s.better() == &s.unit ? "unit" : "as_is");
  write_json(j.key("as_is"), s.as_is, values);
  write_json(j.key("unit"), s.unit, values);
  j.end_object();
}
template <class Scores>
std::string to_json(const Scores& s, bool values = false) {
  report::json_writer j;
  write_json(j, s, values);
  return j.text();
}

}  // namespace relreason::retrieval
