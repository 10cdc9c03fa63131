// tests/train/overfit.test.cpp -- a network that cannot learn forty real questions by heart cannot learn anything.
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "catch.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/clevr_questions.hpp"
#include "relreason/train/evaluate.hpp"
#include "relreason/train/trainer.hpp"
#include "support/shared_data.hpp"

using namespace relreason;

namespace {

constexpr double rate = 2.5e-4;  // constant
constexpr int most_steps = 200, look_every = 10;

template <class M>
int right_answers(const parameters<M>& weights, const limits<M>& at, const scene_questions& set, std::span<const std::int32_t> all, int padded,
                  executor& threads) {
  answerer<M, models::object, models::word> answers(weights, at, select_kernels<float>(), threads);
  int right = 0;
  answers.answer(set, all, padded, [&](std::int32_t q, const float* logits) {
    right += metric::largest_of(logits, models::answers) == set.label[static_cast<std::size_t>(q)];
  });
  return right;
}

}  // namespace

TEST_CASE("overfit: the published network learns CLEVR's first 40 training questions by heart within 200 steps", "[train][trains]") {
  const auto scenes_file = shared_data("clevr/scenes/CLEVR_train_scenes_first1000.json.gz");
  const auto questions_file = shared_data("clevr/questions/CLEVR_train_questions_mini.json");
  if (!scenes_file || !questions_file) return;
  using rn = models::rn_state<>;
  const auto scenes = clevr::read_scenes(*scenes_file);
  const auto questions = clevr::read_questions(*questions_file);
  REQUIRE(questions.size() == 40);
  const auto set =
      clevr::encode<clevr::ordinal7>(scenes, questions, clevr::join(scenes, questions), clevr::dictionary::closed(), clevr::answer_list());
  const int padded = set.longest();
  limits<rn> at;
  at.samples = 40;
  at.set<models::object>(set.most_objects()).set<models::word>(padded);
  std::vector<std::int32_t> all(40);
  std::iota(all.begin(), all.end(), 0);
  batch<rn> b;
  set.fill<models::object, models::word>(b, all, padded);

  thread_pool threads(2);
  trainer<rn> t(at, threads, {.seed = 1});
  int right = right_answers(t.weights, at, set, all, padded, threads);
  CHECK(right < 20);  // nothing is known at the start
  while (right < 40 && t.steps < most_steps) {
    for (int i = 0; i < look_every; ++i) t.step(b, rate);
    right = right_answers(t.weights, at, set, all, padded, threads);
  }
  INFO("after " << t.steps << " steps");
  CHECK(right == 40);
}
