// tests/support/small_relations.hpp -- a small Relation Network with every kind of part, and random scenes for it.
#pragma once

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/gradient.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"

namespace small {

using namespace relreason;

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
struct word : each<scene> {};
inline constexpr int samples = 40, objects = 5, words = 6;

// A type of its own: nvcc cannot write an alias of a model into a function's signature (docs/gpu.md).
struct net : model<input<"o", features<3>, object>, input<"w", ids<7>, word>, input<"label", label<4>, scene>,
                   let<"q", last_state<lstm<9>, embedding<5>, leading>, of<"w">>,
                   let<"r", sum_over<pair, mlp<relu<37>, relu<33>>, padded<6>>, of<"o", "o", "q">>,
                   let<"a", mlp<relu<19>, dropout<20>, linear<4>>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>> {};

inline limits<net> planned() {
  limits<net> at;
  at.samples = samples;
  at.set<object>(objects).set<word>(words);
  return at;
}
// Scene s is the same in every batch that holds it.
inline void add_scene(batch<net>& b, int s) {
  random_stream random{17, static_cast<std::uint64_t>(s)};
  b.add_sample();
  b.count<object>(s % (objects + 1));
  for (int i = 0; i < 3 * (s % (objects + 1)); ++i) b.push<"o">(4 * random.uniform() - 2);
  b.count<word>(s % (words + 1));
  for (int i = 0; i < s % (words + 1); ++i) b.push<"w">(1 + static_cast<int>(random.below(7)));
  b.push<"label">(s % 4);
}
inline batch<net> scenes(int first, int last) {
  batch<net> b;
  b.space<word>().padded = words;
  for (int s = first; s < last; ++s) add_scene(b, s);
  return b;
}

}  // namespace small
