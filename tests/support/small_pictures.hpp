// tests/support/small_pictures.hpp -- questions about pictures of 16 x 16 that a small network with a CNN learns in a few steps.
#pragma once

#include "relreason/data/picture_list.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/batch_norm.hpp"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/dropout.hpp"
#include "relreason/nn/grid_objects.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/unit_range.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/scene_task.hpp"

namespace small_pictures {

using namespace relreason;

inline constexpr int side = 16, bytes = 3 * side * side;

struct question : sample {};
struct cell : exactly<16, question> {};
struct pair : all_pairs<cell> {};
struct word : each<question> {};
struct object : each<question> {};  // of no model here

struct net
    : model<input<"image", pixels<3, side, side>, question>, input<"w", ids<4>, word>, input<"answer", label<3>, question>,
            let<"x", unit_range, of<"image">>, let<"c1", conv2d<6, kernel<3>, stride<2>, padding<1>>, of<"x">>,
            let<"n1", batch_norm<then_relu>, of<"c1">>, let<"c2", conv2d<6, kernel<3>, stride<2>, padding<1>>, of<"n1">>,
            let<"n2", batch_norm<then_relu>, of<"c2">>, let<"o", grid_objects<cell>, of<"n2">>,
            let<"q", last_state<lstm<5>, embedding<4>, leading>, of<"w">>, let<"r", sum_over<pair, mlp<relu<16>, relu<16>>>, of<"o", "o", "q">>,
            let<"a", mlp<relu<16>, dropout<10>, linear<3>>, of<"r">>, minimize<cross_entropy<>, of<"a", "answer">>> {};
using net_task = scene_task<net, object, word>;
using training = training_run<net_task>;

// Scene s is one color all over, the (s % 3)-th brighter, with noise; two questions about each, whose answer is that color.
inline scene_questions questions(int scenes, int first = 0) {
  scene_questions out;
  out.object_width = 7;
  std::vector<image> pictures;
  for (int s = first; s < first + scenes; ++s) {
    random_stream random{41, static_cast<std::uint64_t>(s)};
    image p(side, side, 3);
    for (std::size_t i = 0; i < p.pixels.size(); ++i)
      p.pixels[i] = static_cast<std::uint8_t>(60 + random.below(60) + (static_cast<int>(i % 3) == s % 3 ? 100 : 0));
    pictures.push_back(std::move(p));
    out.add_scene({});
    for (int k = 0; k < 2; ++k) {
      std::vector<int> tokens;
      for (auto i = 1 + random.below(3); i > 0; --i) tokens.push_back(1 + static_cast<int>(random.below(4)));
      out.add_question(s - first, tokens, s % 3, k);
    }
  }
  out.pictures = picture_list(pictures);
  return out;
}
inline metric::answer_scheme scheme() { return {{"red", "green", "blue"}, {0, 0, 0}, {"color"}, {"first", "second"}}; }

inline run_options options(const std::string& folder, int epochs = 3) {
  run_options o;
  o.folder = folder;
  o.epochs = epochs;
  o.batch = 10;
  o.schedule = make_schedule("constant", {.base = 3e-3});
  o.save_every = 3;
  o.quiet = true;
  return o;
}
inline constexpr augmentation change{.border = 2, .degrees = 5, .seed = 7};
struct data {
  scene_questions train = questions(24), validation = questions(9, 1000);
  net_task task(std::optional<augmentation> by = change) const { return {train, validation, scheme(), by}; }
};

}  // namespace small_pictures
