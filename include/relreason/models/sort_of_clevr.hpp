// relreason/models/sort_of_clevr.hpp -- the small Relation Network for Sort-of-CLEVR's pictures of 75 x 75, and its baseline without pairs.
// Source: Santoro et al., NIPS 2017, in the sizes of kimhc6028/relational-networks (model.py): ReLU before batch norm; docs/sort_of_clevr.md.
#pragma once

#include "relreason/core/model.hpp"
#include "relreason/data/sort_of_clevr.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/grid_objects.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/relu.hpp"
#include "relreason/nn/unit_range.hpp"

namespace relreason::models::sort_of_clevr {

struct question : sample {};  // one question about one picture is one graph
struct cell : exactly<25, question> {};
struct pair : all_pairs<cell> {};

inline constexpr int side = relreason::sort_of_clevr::side, question_width = relreason::sort_of_clevr::question_width,
                     answers = relreason::sort_of_clevr::n_answers;

using conv = conv2d<24, kernel<3>, stride<2>, padding<1>>;

// clang-format off

// 75 -> 38 -> 19 -> 10 -> 5 cells a side, 24 maps each.
template <class... Lines>
struct cnn_and : model<
    input<"image",  pixels<3, side, side>,    question>,
    input<"q",      features<question_width>, question>,
    input<"answer", label<answers>,           question>,
    let<"x", unit_range, of<"image">>,
    let<"c1", conv, of<"x">>,  let<"h1", relu<>, of<"c1">>, let<"n1", batch_norm<>, of<"h1">>,
    let<"c2", conv, of<"n1">>, let<"h2", relu<>, of<"c2">>, let<"n2", batch_norm<>, of<"h2">>,
    let<"c3", conv, of<"n2">>, let<"h3", relu<>, of<"c3">>, let<"n3", batch_norm<>, of<"h3">>,
    let<"c4", conv, of<"n3">>, let<"h4", relu<>, of<"c4">>, let<"n4", batch_norm<>, of<"h4">>,
    Lines...> {};

// r = sum_ij g(o_i, o_j, q), a = f(r) over the 25 cells, each with its x and y from -1 to 1.
template <int Width>
struct rn_of : cnn_and<
    let<"o", grid_objects<cell, coordinates<1>>,                                     of<"n4">>,
    let<"r", sum_over<pair, mlp<relu<Width>, relu<Width>, relu<Width>, relu<Width>>>, of<"o", "o", "q">>,
    let<"a", mlp<relu<Width>, relu<Width>, dropout<50>, linear<answers>>,            of<"r">>,
    minimize<cross_entropy<>,                                                        of<"a", "answer">>> {};

// As published.
struct rn : rn_of<256> {};
// A sixteenth of the work in g.
struct small_rn : rn_of<64> {};

// No pairs: f(maps, q). What it lacks against rn is what relations buy.
struct cnn_mlp : cnn_and<
    let<"a", mlp<relu<256>, relu<256>, dropout<50>, linear<answers>>, of<"n4", "q">>,
    minimize<cross_entropy<>,                                         of<"a", "answer">>> {};

// clang-format on

}  // namespace relreason::models::sort_of_clevr
