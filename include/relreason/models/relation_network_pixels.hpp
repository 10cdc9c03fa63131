// relreason/models/relation_network_pixels.hpp -- Relation Networks from pictures of 128 x 128: rn, two_stage_rn, avf_rn, and cnn_multilabel.
// Source: "Re-implementing and Extending Relation Network for R-CBIR", Sec. 2-3; Santoro et al., NIPS 2017; docs/models/relation_network_pixels.md.
#pragma once

#include "relreason/core/model.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/loss/multi_label.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/grid_objects.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"
#include "relreason/nn/unit_range.hpp"
#include "relreason/train/weights.hpp"

namespace relreason::models::from_pixels {

struct question : sample {};  // one question about one picture is one graph
struct cell : exactly<64, question> {};
struct pair : all_pairs<cell> {};
struct word : each<question> {};

inline constexpr int words = 82, answers = 28, side = 128, labels = 15;

using conv = conv2d<24, kernel<3>, stride<2>, padding<1>>;
using norm = batch_norm<uniform_weight, then_relu>;

// clang-format off

// Lines of the CNN: 128 -> 64 -> 32 -> 16 -> 8 cells a side, 24 maps each. A sample of the model stands on Space.
template <class Space, class... Lines>
struct cnn_and : model<
    input<"image", pixels<3, side, side>, Space>,
    let<"x", unit_range, of<"image">>,
    let<"c1", conv, of<"x">>,     let<"n1", norm, of<"c1">>,
    let<"c2", conv, of<"n1">>,    let<"n2", norm, of<"c2">>,
    let<"c3", conv, of<"n2">>,    let<"n3", norm, of<"c3">>,
    let<"c4", conv, of<"n3">>,    let<"n4", norm, of<"c4">>,
    Lines...> {};

// r = sum_ij g(o_i, o_j, q), a = f(r) over the 64 cells with their coordinates; the question joins at layer QuestionAt of g.
template <int QuestionAt = 0, class Padding = leading>
struct rn_asked_at : cnn_and<question,
    input<"w",      ids<words>,     word>,
    input<"answer", label<answers>, question>,
    let<"o", grid_objects<cell>,                                                                                        of<"n4">>,
    let<"q", last_state<lstm<128>, embedding<32>, Padding>,                                                             of<"w">>,
    let<"r", sum_over<pair, mlp<relu<256>, relu<256>, relu<256>, relu<256>>, question_at<QuestionAt>>,                  of<"o", "o", "q">>,
    let<"a", mlp<relu<256>, relu<256>, dropout<50>, linear<answers>>,                                                   of<"r">>,
    minimize<cross_entropy<>,                                                                                           of<"a", "answer">>> {};

// RN as published: 93.6 % of CLEVR's validation questions.
struct rn : rn_asked_at<0> {};

// 2S-RN: the first two layers of g see pairs of cells whatever is asked; what they make of a picture is its feature for retrieval.
struct two_stage_rn : rn_asked_at<2> {};

// AVF-RN: pairs are summed up, each place with a learned weight, before the question is read: v is the picture's feature, 512 numbers.
struct avf_rn : cnn_and<question,
    input<"w",      ids<words>,     word>,
    input<"answer", label<answers>, question>,
    let<"o", grid_objects<cell>,                                                                         of<"n4">>,
    let<"q", last_state<bi_lstm<128>, embedding<32>, packed>,                                            of<"w">>,
    let<"v", sum_over<pair, mlp<relu<256>, relu<256>, relu<256>, relu<512>>, by_weights<64>>,            of<"o", "o">>,
    let<"h", mlp<relu<256>>,                                                                             of<"v">>,
    let<"a", mlp<relu<256>, relu<256>, dropout<50>, linear<answers>>,                                    of<"h", "q">>,
    minimize<cross_entropy<>,                                                                            of<"a", "answer">>> {};

// The CNN alone, asked which of 15 attributes appear anywhere in the picture: how it is trained before the networks above.
struct picture : sample {};
struct cnn_multilabel : cnn_and<picture,
    input<"attributes", features<labels>, picture>,
    let<"sum", global_pool<by_sum>,              of<"n4">>,
    let<"a", mlp<relu<labels>, linear<labels>>,  of<"sum">>,
    minimize<multi_label,                        of<"a", "attributes">>> {};

// clang-format on

// Our paths -> the names of the published checkpoints (mesnico/RelationNetworks-CLEVR), for load_weights.
inline name_table published_names() {
  name_table t;
  for (int k = 1; k <= 4; ++k) {
    t.entries.emplace_back("c" + std::to_string(k) + ".", "conv.conv" + std::to_string(k) + ".");
    t.entries.emplace_back("n" + std::to_string(k) + ".", "conv.batchNorm" + std::to_string(k) + ".");
    t.entries.emplace_back("r.g." + std::to_string(k - 1) + ".", "rl.g_layers." + std::to_string(k - 1) + ".");
    if (k < 4) t.entries.emplace_back("a." + std::to_string(k - 1) + ".", "rl.f_fc" + std::to_string(k) + ".");
  }
  t.entries.emplace_back("q.embedding.", "text.wembedding.");
  t.entries.emplace_back("q.lstm.", "text.lstm.");
  return t;
}

}  // namespace relreason::models::from_pixels
