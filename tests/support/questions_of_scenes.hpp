// tests/support/questions_of_scenes.hpp -- several questions about one scene, with what hangs on no question computed once, and the same one by one.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "relreason/core/batch.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/encode_pairs.hpp"
#include "relreason/nn/mlp.hpp"

namespace questions_of_scenes {

using namespace relreason;

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
struct question : each<scene> {};
struct pair_asked : all_pairs<question, pair> {};  // a question receives from every pair of its scene

template <class... Options>
using shared_prefix =
    model<input<"x", features<3>, object>, input<"w", features<2>, question>, input<"label", label<3>, question>, let<"o", linear<4>, of<"x">>,
          let<"q", linear<3>, of<"w">>, let<"h", encode_pairs<pair, mlp<relu<5>, relu<6>>>, of<"o", "o">>,
          let<"r", sum_over<pair_asked, mlp<relu<7>, relu<4>>, into_receivers, Options...>, of<"h", "q">>, let<"a", linear<3>, of<"r">>,
          minimize<cross_entropy<>, of<"a", "label">>>;
template <class... Options>
using single_question = model<input<"x", features<3>, object>, input<"w", features<2>, scene>, input<"label", label<3>, scene>,
                              let<"o", linear<4>, of<"x">>, let<"q", linear<3>, of<"w">>,
                              let<"r", sum_over<pair, mlp<relu<5>, relu<6>, relu<7>, relu<4>>, question_at<2>, Options...>, of<"o", "o", "q">>,
                              let<"a", linear<3>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>>;

// The name in single_question of an array of shared_prefix.
inline std::string single_name(const std::string& path) {
  if (path.starts_with("h.")) return "r." + path.substr(2);
  if (path.starts_with("r.g.")) return "r.g." + std::to_string(path[4] - '0' + 2) + path.substr(5);
  return path;
}

struct counts {
  int objects, questions;
};
inline constexpr counts all_scenes[]{{3, 2}, {1, 3}, {0, 2}, {4, 0}, {2, 1}};

template <class M>
limits<M> planned() {
  limits<M> at{.samples = 8};
  at.template set<object>(4);
  if constexpr (M::template space<question>() >= 0) at.template set<question>(3);
  return at;
}
template <class Push>
void push_some(random_stream& random, int n, Push&& push) {
  for (int i = 0; i < n; ++i) push(2 * random.uniform() - 1);
}
template <class M, class T>
batch<M, T> several_each(std::span<const counts> scenes = all_scenes) {
  batch<M, T> b;
  random_stream random{7, 1};
  for (const counts n : scenes) {
    b.add_sample();
    b.template count<object>(n.objects);
    b.template count<question>(n.questions);
    push_some(random, 3 * n.objects, [&](float x) { b.template push<"x">(x); });
    push_some(random, 2 * n.questions, [&](float x) { b.template push<"w">(x); });
    for (int q = 0; q < n.questions; ++q) b.template push<"label">((n.objects + q) % 3);
  }
  return b;
}
template <class M, class T>
batch<M, T> one_each() {
  batch<M, T> b;
  random_stream random{7, 1};
  for (const counts n : all_scenes) {
    std::vector<float> x;
    push_some(random, 3 * n.objects, [&](float v) { x.push_back(v); });
    for (int q = 0; q < n.questions; ++q) {
      b.add_sample();
      b.template count<object>(n.objects);
      for (const float v : x) b.template push<"x">(v);
      push_some(random, 2, [&](float v) { b.template push<"w">(v); });
      b.template push<"label">((n.objects + q) % 3);
    }
  }
  return b;
}

}  // namespace questions_of_scenes
