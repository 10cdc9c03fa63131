// tests/train/overfit_pictures.test.cpp -- the published network from pixels learns questions about a handful of pictures by heart.
#include <numeric>
#include <vector>

#include "catch.hpp"
#include "relreason/data/blocks_render.hpp"
#include "relreason/data/blocks_world.hpp"
#include "relreason/models/relation_network_pixels.hpp"
#include "relreason/train/clevr_model.hpp"
#include "relreason/train/trainer.hpp"

using namespace relreason;
namespace px = models::from_pixels;

TEST_CASE("overfit: RN from pixels learns one question about each of four rendered pictures by heart within 60 steps", "[train][trains]") {
  constexpr int pictures = 4, most_steps = 60;
  constexpr double rate = 2.5e-4;  // constant
  thread_pool threads(2);
  const blocks::options o{.seed = 5, .split = "train", .n_scenes = pictures};
  auto world = blocks::generate(o, threads, blocks::own_families());
  clevr::dataset d{std::move(world.scenes), {}, {}};
  std::vector<image> made;
  for (int s = 0; s < pictures; ++s) {
    made.push_back(blocks::render(blocks::make_stage(o, s), {.width = px::side, .height = px::side}));
    for (auto& q : world.questions)
      if (q.image_index == s) {
        d.questions.push_back(q);
        break;
      }
  }
  d.scene_of = clevr::join(d.scenes, d.questions);
  d.pictures = picture_list(made);
  const auto set = clevr_vocabulary{}.encode_for<px::rn>(d);
  REQUIRE(set.size() == pictures);
  std::vector<std::int32_t> all(pictures);
  std::iota(all.begin(), all.end(), 0);
  batch<px::rn> b;
  set.fill<void, px::word>(b, all, set.longest());
  limits<px::rn> at{.samples = pictures};
  at.set<px::word>(set.longest());

  trainer<px::rn, adam, "a"> t(at, threads, {.seed = 1});
  std::vector<float> logits(static_cast<std::size_t>(pictures * px::answers));
  const auto right = [&] {  // as the network learns them: with the batch's statistics, and dropout
    int n = 0;
    for (std::size_t q = 0; q < pictures; ++q) n += metric::largest_of(logits.data() + q * px::answers, px::answers) == set.label[q];
    return n;
  };
  t.step(b, rate, {logits.data()});
  CHECK(right() < pictures);
  double loss = 100;
  while (t.steps < most_steps && (loss > .05 || right() < pictures)) loss = t.step(b, rate, {logits.data()});
  INFO("after " << t.steps << " steps the loss is " << loss);
  CHECK(right() == pictures);
  CHECK(loss < .3);
}
