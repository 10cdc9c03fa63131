// tests/train/bf16_accuracy.test.cpp -- products in bf16 learn what products in float learn.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "catch.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_world.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/clevr_questions.hpp"
#include "relreason/train/evaluate.hpp"
#include "relreason/train/sampler.hpp"
#include "relreason/train/trainer.hpp"

using namespace relreason;

namespace {

using rn = models::rn_state<64, 64, 0>;
constexpr int batch_size = 64, epochs = 20;
constexpr double rate = 1e-3;
// Right without a look at the scene: existence, material and size 1/2, shape 1/3, color 1/8, number about 1/3.
constexpr double without_scene = .38;

// Questions without relations about small scenes: learned in seconds.
scene_questions make_questions(const char* split, int scenes, executor& threads) {
  const auto families = blocks::own_families();
  const std::vector<blocks::family> zero_hop(families.begin() + 84, families.begin() + 90);
  const auto w = blocks::generate({.seed = 1, .split = split, .n_scenes = scenes, .max_objects = 4}, threads, zero_hop);
  return clevr::encode<clevr::ordinal7>(w.scenes, w.questions, clevr::join(w.scenes, w.questions), clevr::dictionary::closed(), clevr::answer_list());
}

std::vector<std::int32_t> all_of(const scene_questions& set) {
  std::vector<std::int32_t> all(set.size());
  std::iota(all.begin(), all.end(), 0);
  return all;
}

// One 0 or 1 per question: whether it was answered rightly.
std::vector<int> right_answers(const parameters<rn>& weights, const limits<rn>& at, precision p, const scene_questions& set, executor& threads) {
  answerer<rn, models::object, models::word> answers(weights, at, select_kernels<float>(isa::automatic, p), threads);
  std::vector<int> right(set.size());
  const auto all = all_of(set);
  answers.answer(set, all, set.longest(), [&](std::int32_t q, const float* logits) {
    right[static_cast<std::size_t>(q)] = metric::largest_of(logits, models::answers) == set.label[static_cast<std::size_t>(q)];
  });
  return right;
}

parameters<rn> trained(precision p, const limits<rn>& at, const scene_questions& set, executor& threads) {
  trainer<rn> t(at, threads, {.seed = 1, .arithmetic = p});
  const shuffle sampler(set.size());
  batch<rn> b;
  for (int epoch = 1; epoch <= epochs; ++epoch) {
    const auto order = sampler.order(1, epoch, batch_size);
    const batch_offsets batches{order.size(), batch_size};
    for (std::size_t i = 0; i < batches.count(); ++i) {
      set.fill<models::object, models::word>(b, std::span(order).subspan(batches.first(i), batches.last(i) - batches.first(i)), set.longest());
      t.step(b, rate);
    }
  }
  return t.weights;
}

// Difference of two systems' shares of right answers to the same questions, and its standard error (McNemar):
// with x right by the first alone and y by the second alone, (x - y) / n and sqrt(x + y) / n.
struct difference {
  double mean = 0, error = 0;
};
difference compare(const std::vector<int>& a, const std::vector<int>& b) {
  double x = 0, y = 0;
  for (std::size_t i = 0; i < a.size(); ++i) x += a[i] && !b[i], y += b[i] && !a[i];
  const double n = static_cast<double>(a.size());
  return {(x - y) / n, std::sqrt(x + y) / n};
}

double share(const std::vector<int>& right) { return std::accumulate(right.begin(), right.end(), 0.0) / static_cast<double>(right.size()); }

}  // namespace

TEST_CASE("bf16: after the same training accuracy on new questions is that of float", "[train][trains][bf16]") {
  thread_pool threads(2);
  const auto train = make_questions("train", 500, threads), held_out = make_questions("val", 300, threads);
  limits<rn> at;
  at.samples = batch_size;
  at.set<models::object>(4).set<models::word>(std::max(train.longest(), held_out.longest()));
  const auto weights = trained(precision::full, at, train, threads), rounded = trained(precision::bf16, at, train, threads);
  const auto full = right_answers(weights, at, precision::full, held_out, threads);
  const auto answered_in_bf16 = right_answers(weights, at, precision::bf16, held_out, threads);
  const auto trained_in_bf16 = right_answers(rounded, at, precision::bf16, held_out, threads);
  const auto between = compare(full, trained_in_bf16), answering = compare(full, answered_in_bf16);
  INFO("float " << share(full) << ", answered in bf16 " << share(answered_in_bf16) << ", trained in bf16 " << share(trained_in_bf16));
  CHECK(share(full) > without_scene + .04);
  CHECK(share(trained_in_bf16) > without_scene + .04);
  // Two trainings: 99.9 % interval of the difference, itself at most 5 points wide to each side.
  CHECK(std::abs(between.mean) < 3.29 * between.error);
  CHECK(3.29 * between.error < .05);
  // The same weights: at most one answer in a hundred may turn from right to wrong or back.
  CHECK(answering.error * answering.error * static_cast<double>(held_out.size()) < .01);
}
