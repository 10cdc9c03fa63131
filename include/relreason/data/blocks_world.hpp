// relreason/data/blocks_world.hpp -- a seeded world of blocks like CLEVR's: scenes, questions, programs, answers.
// Source: Johnson et al. 2017 and its generator (facebookresearch/clevr-dataset-gen), restated; docs/blocks_world.md has the differences.
// The same bytes for any number of threads, compiler and flags: each run of 250 scenes has its own random stream and its own counts.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_families.hpp"
#include "relreason/data/blocks_questions.hpp"
#include "relreason/data/blocks_scenes.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

inline constexpr int scenes_per_run = 250;  // CLEVR resets its counts of families and answers as often

struct world {
  std::vector<clevr::scene> scenes;
  std::vector<clevr::question> questions;  // by image_index; question_index runs on
};

inline int n_runs(const options& o) { return (o.n_scenes + scenes_per_run - 1) / scenes_per_run; }

// Scenes [250 run, 250 (run + 1)) of a split and their questions; question_index starts at 0. A training loop may ask for one run after
// another and never hold more than one.
inline world make_run(const options& o, std::span<const family> families, int run) {
  world w;
  questioner ask(families, o.seed, stream_for("blocks world, questions", o.split, run));
  const int begin = run * scenes_per_run, end = std::min(begin + scenes_per_run, o.n_scenes);
  for (int i = begin; i < end; ++i) {
    w.scenes.push_back(make_scene(o, i));
    ask.ask(w.scenes.back(), o.questions_per_scene, w.questions);
  }
  for (std::size_t i = 0; i < w.questions.size(); ++i) w.questions[i].question_index = static_cast<int>(i);
  return w;
}

namespace detail {

// Runs [first, first + n), with question_index going on from `questions_before`.
inline std::vector<world> make_runs(const options& o, std::span<const family> families, executor& e, int first, int n, int& questions_before) {
  std::vector<world> runs(static_cast<std::size_t>(n));
  failure kept;
  e.parallel_for(n, [&](int i) { kept.guard([&] { runs[static_cast<std::size_t>(i)] = make_run(o, families, first + i); }); });
  kept.rethrow();
  for (world& w : runs) {
    for (clevr::question& q : w.questions) q.question_index += questions_before;
    questions_before += static_cast<int>(w.questions.size());
  }
  return runs;
}

}  // namespace detail

// The whole split in memory.
inline world generate(const options& o, executor& e, std::span<const family> families) {
  check(o);
  world all;
  int questions = 0;
  for (world& w : detail::make_runs(o, families, e, 0, n_runs(o), questions)) {
    std::move(w.scenes.begin(), w.scenes.end(), std::back_inserter(all.scenes));
    std::move(w.questions.begin(), w.questions.end(), std::back_inserter(all.questions));
  }
  return all;
}

inline world generate(const options& o, executor& e) { return generate(o, e, own_families()); }

}  // namespace relreason::blocks
