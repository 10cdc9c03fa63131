// relreason/message/encode_pairs.hpp -- a value for every ordered pair: e_ab = g([s_b ; o_a ; q]), what a picture's pairs are before anyone asks.
// Source: edge update of Battaglia et al., arXiv:1806.01261, Sec. 3.2; first stage of 2S-RN, Messina et al., ECCV-W 2018.
#pragma once

#include "relreason/message/sum_over.hpp"

namespace relreason {

// Values and parameters as those of sum_over: senders, receivers, (optional) a value of a space that holds the pairs; g.<layer>.weight, g.<layer>.bias.
// e has one row per pair, receiver by receiver, and is kept: pairs x width numbers. Where only the sum over them is wanted, sum_over needs no such memory.
// Options: question_at<layer>.
template <class Pair, class G, class... Options>
struct encode_pairs {
  static constexpr detail::pair_options options = detail::read_pair_options<Options...>();
  static_assert(options.by == detail::aggregator::sum && options.slots == 0 && options.into == detail::pair_result::parents,
                "relreason::encode_pairs: it keeps every pair, so its only option is question_at<layer>; sum_over aggregates");
  template <class... Values>
  struct bind : sum_over<Pair, G, detail::every_pair, Options...>::template bind<Values...> {};
};

}  // namespace relreason
