// relreason/message/aggregator.hpp -- how the rows of many become one, and the other options of a sum over pairs. docs/policies/aggregator.md
// Source: Santoro et al., NIPS 2017; aggregation and question injection of 2S-RN and AVF-RN, Messina et al., ECCV-W 2018, IJMIR 2019.
#pragma once

#include <type_traits>

namespace relreason {

// Aggregators.
struct by_sum {};
struct by_mean {};  // divides by the number of pairs (padded<N>: N^2); 0 for a graph without pairs
struct by_max {};   // per feature over distinct pairs; 0 for a graph without pairs
template <int Slots>
struct by_weights {};  // one learned scalar per pair position a * Slots + b: tied to positions, not permutation invariant
// Options.
template <int Slots>
struct padded {};          // as if zero objects filled up to Slots, as the published state-description networks saw them; merged, exact
struct into_receivers {};  // one row per receiver: r_a = sum over its senders b of g([s_b ; o_a ; q])
template <int Layer>
struct question_at {};  // the third value joins the input of this layer of g (2S-RN: 2)

namespace detail {

enum class aggregator { sum, mean, max, weights };
enum class pair_result { parents, receivers, pairs };  // what has a row of the result each
struct every_pair {};                                  // encode_pairs: nothing is aggregated
struct pair_options {
  aggregator by = aggregator::sum;
  pair_result into = pair_result::parents;
  int slots = 0, positions = 0, question_layer = 0;
};
template <class O>
struct pair_option {
  static_assert(!std::is_same_v<O, O>,
                "relreason::sum_over: an option must be by_sum, by_mean, by_max, by_weights<n>, padded<n>, into_receivers or question_at<layer>");
};
template <>
struct pair_option<by_sum> {
  static constexpr void set(pair_options&) {}
};
template <>
struct pair_option<by_mean> {
  static constexpr void set(pair_options& o) { o.by = aggregator::mean; }
};
template <>
struct pair_option<by_max> {
  static constexpr void set(pair_options& o) { o.by = aggregator::max; }
};
template <int N>
struct pair_option<by_weights<N>> {
  static_assert(N > 0, "relreason::by_weights: the number of slots must be positive");
  static constexpr void set(pair_options& o) { o.by = aggregator::weights, o.positions = N; }
};
template <int N>
struct pair_option<padded<N>> {
  static_assert(N > 0, "relreason::padded: the number of slots must be positive");
  static constexpr void set(pair_options& o) { o.slots = N; }
};
template <int L>
struct pair_option<question_at<L>> {
  static_assert(L >= 0, "relreason::question_at: layers are counted from 0");
  static constexpr void set(pair_options& o) { o.question_layer = L; }
};
template <>
struct pair_option<into_receivers> {
  static constexpr void set(pair_options& o) { o.into = pair_result::receivers; }
};
template <>
struct pair_option<every_pair> {
  static constexpr void set(pair_options& o) { o.into = pair_result::pairs; }
};
template <class... Options>
constexpr pair_options read_pair_options() {
  pair_options o;
  (pair_option<Options>::set(o), ...);
  return o;
}

}  // namespace detail

}  // namespace relreason
