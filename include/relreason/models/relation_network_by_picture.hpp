// relreason/models/relation_network_by_picture.hpp -- RN, 2S-RN and AVF-RN asked several questions about one picture, which they see once.
// The networks of relation_network_pixels.hpp; what hangs on no question stands on the picture. Values agree up to the order of sums.
#pragma once

#include <utility>

#include "relreason/message/encode_pairs.hpp"
#include "relreason/models/relation_network_pixels.hpp"

namespace relreason::models::from_pixels::by_picture {

struct picture : sample {};
struct question : each<picture> {};
struct word : each<question> {};
struct cell : exactly<64, picture> {};
struct pair : all_pairs<cell> {};
struct asked_cell : exactly<64, question> {};
struct asked_pair : all_pairs<asked_cell> {};
struct pair_asked : all_pairs<question, pair> {};  // a question receives from every pair of its picture

// clang-format off

template <class... Lines>
struct asked : cnn_and<picture,
    input<"w",      ids<words>,     word>,
    input<"answer", label<answers>, question>,
    Lines...,
    minimize<cross_entropy<>, of<"a", "answer">>> {};

template <class Padding = leading>
using question_of = last_state<lstm<128>, embedding<32>, Padding>;
using f = mlp<relu<256>, relu<256>, dropout<50>, linear<answers>>;

template <int Width>
struct rn_of : asked<
    let<"o", grid_objects<asked_cell>,                                                                of<"n4">>,
    let<"q", question_of<>,                                                                           of<"w">>,
    let<"r", sum_over<asked_pair, mlp<relu<Width>, relu<Width>, relu<Width>, relu<Width>>>,           of<"o", "o", "q">>,
    let<"a", f,                                                                                       of<"r">>> {};

// r_q = sum_ij g2([h_ij ; q]),  h_ij = g1([o_j ; o_i]): the linear part of g2's first layer on h_ij is computed once, too.
template <int Width>
struct two_stage_rn_of : asked<
    let<"o", grid_objects<cell>,                                                                      of<"n4">>,
    let<"h", encode_pairs<pair, mlp<relu<Width>, relu<Width>>>,                                       of<"o", "o">>,
    let<"q", question_of<>,                                                                           of<"w">>,
    let<"r", sum_over<pair_asked, mlp<relu<Width>, relu<Width>>, into_receivers>,                     of<"h", "q">>,
    let<"a", f,                                                                                       of<"r">>> {};

template <int Width>
struct avf_rn_of : asked<
    let<"o", grid_objects<cell>,                                                                      of<"n4">>,
    let<"q", last_state<bi_lstm<128>, embedding<32>, packed>,                                         of<"w">>,
    let<"v", sum_over<pair, mlp<relu<Width>, relu<Width>, relu<Width>, relu<2 * Width>>, by_weights<64>>, of<"o", "o">>,
    let<"h", mlp<relu<Width>>,                                                                        of<"v">>,
    let<"a", f,                                                                                       of<"h", "q">>> {};

// As published; with less work on pairs they are quick to test.
struct rn : rn_of<256> {};
struct two_stage_rn : two_stage_rn_of<256> {};
struct avf_rn : avf_rn_of<256> {};

// clang-format on

// Paths of by_picture::two_stage_rn -> those of from_pixels::two_stage_rn, whose g has the layers of h and r; those of the others are the same.
inline name_table two_stage_names() { return {{{"h.g.0.", "r.g.0."}, {"h.g.1.", "r.g.1."}, {"r.g.0.", "r.g.2."}, {"r.g.1.", "r.g.3."}}}; }

// Paths -> names in the published checkpoints.
inline name_table published_two_stage_names() {
  name_table t = from_pixels::published_names();
  const name_table ours = two_stage_names();
  std::erase_if(t.entries, [](const auto& e) { return e.first.starts_with("r.g."); });
  for (const auto& [to, from] : ours.entries) t.entries.emplace_back(to, "rl.g_layers." + from.substr(4));
  return t;
}

}  // namespace relreason::models::from_pixels::by_picture
