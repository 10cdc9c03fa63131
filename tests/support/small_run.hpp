// tests/support/small_run.hpp -- questions about scenes that a small network learns in a few steps, and a training run on them.
#pragma once

#include "relreason/message/sum_over.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/scene_task.hpp"

namespace small_run {

using namespace relreason;

struct scene : sample {};
struct object : each<scene> {};
struct pair : all_pairs<object> {};
struct word : each<scene> {};

struct net : model<input<"o", features<2>, object>, input<"w", ids<5>, word>, input<"answer", label<4>, scene>,
                   let<"q", last_state<lstm<6>, embedding<4>, leading>, of<"w">>,
                   let<"r", sum_over<pair, mlp<relu<8>, relu<8>>, padded<6>>, of<"o", "o", "q">>,
                   let<"a", mlp<relu<8>, dropout<5>, linear<4>>, of<"r">>, minimize<cross_entropy<>, of<"a", "answer">>> {};
using net_task = scene_task<net, object, word>;
using training = training_run<net_task>;

// Question q is about scene q / 3; the answer is the number of the scene's objects, at most 3.
inline scene_questions questions(int scenes, int first = 0) {
  scene_questions out;
  out.object_width = 2;
  for (int s = 0; s < scenes; ++s) {
    random_stream random{23, static_cast<std::uint64_t>(first + s)};
    const int n = static_cast<int>(random.below(5));
    std::vector<float> rows;
    for (int i = 0; i < 2 * n; ++i) rows.push_back(static_cast<float>(2 * random.uniform() - 1));
    out.add_scene(rows);
    for (int k = 0; k < 3; ++k) {
      std::vector<int> tokens;
      for (auto i = 1 + random.below(5); i > 0; --i) tokens.push_back(1 + static_cast<int>(random.below(5)));
      out.add_question(s, tokens, std::min(n, 3), k % 2);
    }
  }
  return out;
}
inline metric::answer_scheme scheme() { return {{"none", "one", "two", "many"}, {0, 0, 0, 1}, {"few", "many"}, {"even", "odd"}}; }

// 12 steps an epoch, the last one of fewer samples.
inline run_options options(const std::string& folder, int epochs = 3) {
  run_options o;
  o.folder = folder;
  o.epochs = epochs;
  o.batch = 10;
  o.schedule = make_schedule("step", {.base = 1e-2, .factor = .5, .every = 1});
  o.save_every = 5;
  o.quiet = true;
  return o;
}
struct data {
  scene_questions train = questions(39), validation = questions(10, 1000);
  net_task task() const { return {train, validation, scheme()}; }
};

// Runs to the end, or from where the folder is to the end. False where a signal asked to stop.
inline bool run(const run_options& o, int threads = 1) {
  const data d;
  thread_pool pool(threads);
  const auto task = d.task();
  training t(task, o, pool);
  t.resume_if_present();
  return t.run();
}

}  // namespace small_run
