// bench/real_questions.cpp -- what is learned from 898 real questions: 5 folds split by scene, beside priors and models without pairs or scene.
// Prints a table and writes it as Markdown: bench_real_questions [--data DIR] [--out FILE] [--start CHECKPOINT]
// --start: best.safetensors of "rn_clevr train --model small" on the blocks world, tested as it is and trained further.
// Data: CLEVR's first 1,000 training scenes, and questions with programs that the authors of too_clevr generated about them.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include "machine.hpp"
#include "real_questions_table.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/safetensors.hpp"
#include "relreason/metric/accuracy.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/optim/early_stopping.hpp"
#include "relreason/train/evaluate.hpp"
#include "relreason/train/sampler.hpp"
#include "relreason/train/trainer.hpp"

using namespace relreason;
using namespace real_questions;
using rn = models::rn_state<128, 128, 50>;

namespace {

constexpr int batch_size = 32, most_epochs = 100, patience = 20;
constexpr double rate = 5e-4;
constexpr const char* settings =
    "Networks: width and question 128, dropout 50 % in f, Adam with weight decay 1e-4, constant rate 5e-4, batches of 32, at most 100 epochs, "
    "the weights of the lowest loss on an eighth of the training scenes (patience 20 epochs). Priors count over all training scenes. Seeds are "
    "fixed.\n";

std::string setting(const safetensors::file& from, const char* key) {
  const auto found = from.metadata().find(key);
  if (found == from.metadata().end()) fail("real_questions: ", from.path(), " has no ", key, "; wanted a checkpoint of rn_clevr");
  return found->second;
}

// Trains on f.learn, from a checkpoint if one is given, keeps the weights with the lowest loss on f.stop, and answers f.test, read once at the end.
template <class M>
void network(const dataset& d, const fold& f, executor& threads, indices& answer, const std::string& start = "", int epochs = most_epochs) {
  limits<M> at;
  at.samples = batch_size;
  int padded = d.set.longest();
  if (!start.empty()) padded = std::max(padded, std::atoi(setting(safetensors::open(start), "setting.padding_length").c_str()));
  at.template set<models::word>(padded);
  if constexpr (M::template space<models::object>() >= 0) at.template set<models::object>(d.set.most_objects());
  trainer<M> t(at, threads, {.seed = seed + static_cast<std::uint64_t>(f.number)});
  if (!start.empty()) load_weights(safetensors::open(start), t.weights, {.allow_extra = true});
  const auto ask = [&](const parameters<M>& weights, const indices& questions, auto&& each) {
    answerer<M, models::object, models::word>(weights, at, select_kernels<float>(), threads).answer(d.set, questions, padded, each);
  };
  const shuffle sampler(f.learn.size());
  early_stopping watch{.every = 1, .patience = patience};
  parameters<M> best = t.weights;
  batch<M> b;
  for (int epoch = 1, done = 0; epoch <= epochs && !done; ++epoch) {
    indices order = sampler.order(seed, epoch, batch_size);
    for (auto& i : order) i = f.learn[static_cast<std::size_t>(i)];
    const batch_offsets batches{order.size(), batch_size};
    for (std::size_t i = 0; i < batches.count(); ++i) {
      d.set.fill<models::object, models::word>(b, std::span(order).subspan(batches.first(i), batches.last(i) - batches.first(i)), padded);
      t.step(b, rate);
    }
    double loss = 0;
    ask(t.weights, f.stop, [&](std::int32_t q, const float* logits) {
      loss += log_sum_exp(logits, models::answers) - static_cast<double>(logits[d.set.label[static_cast<std::size_t>(q)]]);
    });
    done = watch.observe(epoch, loss / static_cast<double>(f.stop.size()));
    if (watch.best_epoch == epoch) best = t.weights;
  }
  std::fprintf(stderr, "  fold %d: weights of epoch %.0f\n", f.number + 1, watch.best_epoch);
  ask(best, f.test, [&](std::int32_t q, const float* logits) { answer[static_cast<std::size_t>(q)] = metric::largest_of(logits, models::answers); });
}

// The most frequent answer of the training folds to questions with the same key; of a key not seen there, to all questions with the second key.
template <class Key, class Second>
void prior(const dataset& d, const fold& f, indices& answer, Key key, Second second) {
  std::map<std::string, std::array<int, models::answers>> counts;
  for (const indices* part : {&f.learn, &f.stop})
    for (const std::int32_t i : *part) {
      const auto q = static_cast<std::size_t>(i), label = static_cast<std::size_t>(d.set.label[q]);
      ++counts["1 " + key(d.questions[q])][label], ++counts["2 " + second(d.questions[q])][label];
    }
  for (const std::int32_t i : f.test) {
    const auto q = static_cast<std::size_t>(i);
    auto found = counts.find("1 " + key(d.questions[q]));
    if (found == counts.end()) found = counts.find("2 " + second(d.questions[q]));
    if (found != counts.end())
      answer[q] = static_cast<std::int32_t>(std::max_element(found->second.begin(), found->second.end()) - found->second.begin());
  }
}

void write(const table& t, const std::string& path, const std::string& start) {
  const std::time_t now = std::time(nullptr);
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%d", std::gmtime(&now));
  std::string text =
      "# Learning from 898 real questions\n\nWritten by `bench_real_questions" + std::string(start.empty() ? "" : " --start CHECKPOINT") + "` on ";
  text += std::string(date) + " (" + bench::processor() + ", " + std::to_string(bench::cores()) + " cores; " + bench::compiler() + ").\n\n";
  text += std::to_string(t.d.questions.size()) +
          " questions with programs about CLEVR's first 1,000 training scenes, 5 folds split by scene. In brackets 95 % ";
  text += "intervals: Wilson's of a share, and Student's of the mean over folds.\n\n" + t.text + "\n" + settings;
  if (!start.empty()) {
    const auto from = safetensors::open(start);
    text += "\nThe checkpoint: `rn_clevr --model " + setting(from, "setting.model") + "`, " + setting(from, "steps") + " steps of " +
            setting(from, "setting.batch") + " questions; " + setting(from, "setting.questions") + " of its own data (" +
            setting(from, "setting.data") + "), none of these.\n";
  }
  text += "\nWhat this says, and what was tried besides: docs/reproduce.md, last section.\n";
  atomic_file file(path);
  file.write(text);
  file.commit();
}

}  // namespace

int main(int argc, char** argv) try {
  std::map<std::string, std::string> o{{"--data", ""}, {"--out", "real_questions.md"}, {"--start", ""}};
  for (int i = 1; i < argc; i += 2) {
    if (!o.count(argv[i]) || i + 1 == argc) fail("real_questions: ", argv[i], "; wanted --data DIR, --out FILE or --start CHECKPOINT");
    o[argv[i]] = argv[i + 1];
  }
  if (o["--data"].empty()) fail("real_questions: give --data DIR, the folder with the question files");
  const dataset d = load(o["--data"]);
  std::vector<fold> folds;
  for (int k = 0; k < n_folds; ++k) folds.push_back(make_fold(d.set, k));
  thread_pool threads(bench::cores());
  table t{d, {}};
  const auto any = [](const clevr::question&) { return std::string(); };
  const auto wording = [](const clevr::question& q) { return q.text; };
  const auto last = [](const clevr::question& q) {
    return std::to_string(static_cast<int>(q.program.back().what)) + " " + std::to_string(static_cast<int>(q.program.back().which));
  };
  t.row("the most frequent answer", folds, [&](const fold& f, indices& a) { prior(d, f, a, any, any); });
  t.row("the same, by last function", folds, [&](const fold& f, indices& a) { prior(d, f, a, last, any); });
  t.row("the same, by question", folds, [&](const fold& f, indices& a) { prior(d, f, a, wording, last); });
  t.question_only = t.row("LSTM, question only", folds, [&](const fold& f, indices& a) { network<models::lstm_only<128>>(d, f, threads, a); });
  t.row("MLP over objects, no pairs", folds, [&](const fold& f, indices& a) { network<models::mlp_state<128, 128, 50>>(d, f, threads, a); });
  t.row("Relation Network", folds, [&](const fold& f, indices& a) { network<rn>(d, f, threads, a); });
  const std::string& start = o["--start"];
  if (!start.empty()) {
    t.row("RN from the checkpoint, not trained further", folds, [&](const fold& f, indices& a) { network<rn>(d, f, threads, a, start, 0); });
    t.row("RN from the checkpoint, trained further", folds, [&](const fold& f, indices& a) { network<rn>(d, f, threads, a, start); });
  }
  std::printf("%s", t.text.c_str());
  write(t, o["--out"], start);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
