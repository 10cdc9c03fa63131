// relreason/models/picture_baselines.hpp -- beside the networks of relation_network_pixels.hpp: one without pairs, and the RN in small.
// Source: Santoro et al., NIPS 2017, CNN+LSTM (52.3 % on CLEVR, where RN has 95.5 %).
#pragma once

#include "relreason/models/relation_network_pixels.hpp"

namespace relreason::models::from_pixels {

// clang-format off

// No pairs: an MLP reads all cells of the CNN side by side, and the question. What it lacks against rn is what relations buy.
struct cnn_lstm : cnn_and<question,
    input<"w",      ids<words>,     word>,
    input<"answer", label<answers>, question>,
    let<"q", last_state<lstm<128>, embedding<32>, leading>,                        of<"w">>,
    let<"a", mlp<relu<256>, relu<256>, relu<256>, dropout<50>, linear<answers>>,   of<"n4", "q">>,
    minimize<cross_entropy<>,                                                      of<"a", "answer">>> {};

// rn with layers of Width in g and f: for small worlds and machines.
template <int Width>
struct rn_of_width : cnn_and<question,
    input<"w",      ids<words>,     word>,
    input<"answer", label<answers>, question>,
    let<"o", grid_objects<cell>,                                                              of<"n4">>,
    let<"q", last_state<lstm<128>, embedding<32>, leading>,                                   of<"w">>,
    let<"r", sum_over<pair, mlp<relu<Width>, relu<Width>, relu<Width>, relu<Width>>>,         of<"o", "o", "q">>,
    let<"a", mlp<relu<Width>, relu<Width>, dropout<50>, linear<answers>>,                     of<"r">>,
    minimize<cross_entropy<>,                                                                 of<"a", "answer">>> {};
struct small_rn : rn_of_width<64> {};

// clang-format on

}  // namespace relreason::models::from_pixels
