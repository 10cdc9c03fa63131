// relreason/models/relation_network.hpp -- Relation Networks over CLEVR's scene descriptions, and a baseline without pairs.
// Source: "Re-implementing and Extending Relation Network for R-CBIR", Sec. 2.1, Eq. (1)-(2); Santoro et al., NIPS 2017; docs/models/relation_network.md.
#pragma once

#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"

namespace relreason::models {

struct question : sample {};  // one question about one scene is one graph
struct object : each<question> {};
struct pair : all_pairs<object> {};
struct word : each<question> {};

inline constexpr int words = 82, answers = 28, slots = 12, object_width = 7;

// clang-format off

// r = sum_ij g(o_i, o_j, q) (1), a = f(r) (2). Scenes count as padded with zero objects to 12, as the published network saw them.
template <int Words, int Features, int Width, int Question, int Dropout, class... PairOptions>
struct rn_state_of : model<
    input<"o",      features<Features>,     object>,
    input<"w",      ids<Words>,             word>,
    input<"answer", label<answers>,         question>,
    let<"q", last_state<lstm<Question>, embedding<32>, leading>,                                              of<"w">>,
    let<"r", sum_over<pair, mlp<relu<Width>, relu<Width>, relu<Width>, relu<Width>>, padded<slots>, PairOptions...>, of<"o", "o", "q">>,
    let<"a", mlp<relu<Width>, relu<2 * Width>, dropout<Dropout>, linear<answers>>,                            of<"r">>,
    minimize<cross_entropy<>,                                                                                 of<"a", "answer">>> {};

// At CLEVR's 82 words and seven numbers an object, as published.
template <int Width = 512, int Question = 256, int Dropout = 5, class... PairOptions>
struct rn_state : rn_state_of<words, object_width, Width, Question, Dropout, PairOptions...> {};

// The question joins at the third layer of g: the first two describe pairs of objects whatever is asked.
template <int Width = 512, int Question = 256, int Dropout = 5>
using two_stage_rn_state = rn_state<Width, Question, Dropout, question_at<2>>;

// No pairs: f(sum_i g(o_i, q)). What it lacks against rn_state is what relations buy.
template <int Width = 512, int Question = 256, int Dropout = 5>
struct mlp_state : model<
    input<"o",      features<object_width>, object>,
    input<"w",      ids<words>,             word>,
    input<"answer", label<answers>,         question>,
    let<"q", last_state<lstm<Question>, embedding<32>, leading>,                   of<"w">>,
    let<"h", mlp<relu<Width>, relu<Width>, relu<Width>, relu<Width>>,              of<"o", "q">>,
    let<"r", pool<object>,                                                         of<"h">>,
    let<"a", mlp<relu<Width>, relu<2 * Width>, dropout<Dropout>, linear<answers>>, of<"r">>,
    minimize<cross_entropy<>,                                                      of<"a", "answer">>> {};

// The question alone: what the language gives away.
template <int Question = 256>
struct lstm_only : model<
    input<"w",      ids<words>,     word>,
    input<"answer", label<answers>, question>,
    let<"q", last_state<lstm<Question>, embedding<32>, leading>, of<"w">>,
    let<"a", mlp<relu<Question>, linear<answers>>,               of<"q">>,
    minimize<cross_entropy<>,                                    of<"a", "answer">>> {};

// clang-format on

}  // namespace relreason::models
