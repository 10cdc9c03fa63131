// tests/embedding/product.hpp -- the network of a small product, and its inputs: what units compiled with different flags share.
#pragma once

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/weights.hpp"

namespace product {

using namespace relreason;

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
struct word : each<scene> {};
inline constexpr int scenes = 8, objects = 4, words = 6, answers = 5;

// clang-format off
struct net : model<
    input<"o",      features<3>,    object>,
    input<"w",      ids<9>,         word>,
    input<"answer", label<answers>, scene>,
    let<"q", last_state<lstm<16>, embedding<8>, leading>,   of<"w">>,
    let<"r", sum_over<pair, mlp<relu<32>, relu<32>>>,       of<"o", "o", "q">>,
    let<"a", mlp<relu<16>, dropout<10>, linear<answers>>,   of<"r">>,
    minimize<cross_entropy<>,                               of<"a", "answer">>> {};
// clang-format on
using net_predictor = predictor<net, float, "a">;

inline limits<net> planned() {
  limits<net> at;
  at.samples = scenes;
  at.set<object>(objects).set<word>(words);
  return at;
}
// Scene s has `count` objects; no labels, as a product has none.
inline void add_scene(batch<net>& b, int s, int count) {
  random_stream random{5, static_cast<std::uint64_t>(s)};
  b.add_sample();
  b.count<object>(count);
  for (int i = 0; i < 3 * count; ++i) b.push<"o">(2 * random.uniform() - 1);
  b.count<word>(words);
  for (int i = 0; i < words; ++i) b.push<"w">(1 + static_cast<int>(random.below(9)));
}
inline batch<net> some_scenes(int n = scenes) {
  batch<net> b;
  b.space<word>().padded = words;
  for (int s = 0; s < n; ++s) add_scene(b, s, s % (objects + 1));
  return b;
}
inline batch<net> too_many_objects() {
  batch<net> b;
  add_scene(b, 0, objects + 3);
  return b;
}

}  // namespace product
