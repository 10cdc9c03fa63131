// relreason/train/clevr_report.hpp -- the report of a run on CLEVR's scenes or pictures: curves, accuracies, confusion, scenes with the pairs used.
// Pairs: the side result "pairs" of the model's line "r", |g| of every ordered pair (message/sum_over.hpp).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/describe.hpp"
#include "relreason/data/png.hpp"
#include "relreason/train/clevr_model.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/run_report.hpp"
#include "relreason/train/scene_task.hpp"

namespace relreason {

namespace detail {

template <class M>
concept has_pairs = has_input<M, "o"> && requires {
  typename M::template line_at<M::template find<"r">()>::bound::template side<name("pairs")>;
};

// A PNG for a page, or nothing where the program was built without libpng.
inline std::string png_of([[maybe_unused]] image_view picture) {
#if RELREASON_HAS_PNG
  const auto bytes = png::encode(picture);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
#else
  return {};
#endif
}

// One question as the network answers it.
template <class Predictor>
report::sample sample_of(const Predictor& predict, typename Predictor::workspace& own, const auto& b, const std::vector<std::string>& answers,
                         clevr::scene scene) {
  report::sample s;
  const std::size_t pairs = scene.objects.size() * scene.objects.size();
  s.scene = std::move(scene);
  std::vector<float> logits(answers.size()), sizes(pairs + 1);
  if constexpr (requires { predict.run(own, b, {logits.data(), sizes.data()}); }) {
    predict.run(own, b, {logits.data(), sizes.data()});
    s.pair_weights.assign(sizes.begin(), sizes.end() - 1);
  } else {
    predict.run(own, b, {logits.data()});
  }
  std::vector<double> p(answers.size());
  log_softmax(logits.data(), static_cast<int>(p.size()), p.data());
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t x, std::size_t y) { return p[x] > p[y]; });
  for (const std::size_t k : order) s.probabilities.emplace_back(answers[k], std::exp(p[k]));
  s.prediction = s.probabilities.front().first;
  return s;
}

// At most `most` questions, half of them wrong where there are as many: of each type as many as of the others, each about another scene.
template <class M, class Object, class Word>
std::vector<report::sample> sample_answers(const parameters<M>& weights, const kernels<float>& kernel, const clevr::dataset& d,
                                           const scene_questions& set, const metric::answer_scheme& scheme, int padded, std::size_t most = 24) {
  using predictor_type = std::conditional_t<has_pairs<M>, predictor<M, float, "a", "r.pairs">, predictor<M, float, "a">>;
  constexpr std::size_t most_asked = 2000;
  limits<M> at;
  if constexpr (M::template space<Object>() >= 0) at.template set<Object>(std::max(1, set.most_objects()));
  at.template set<Word>(std::max(1, padded));
  const predictor_type predict(weights, at, kernel);
  typename predictor_type::workspace own(predict);
  batch<M> b;
  std::vector<report::sample> samples;
  std::vector<bool> scene_shown(set.scenes());
  const std::size_t types = std::max<std::size_t>(1, std::set(set.type.begin(), set.type.end()).size()), of_each = (most / 2 + types - 1) / types;
  std::map<std::pair<bool, int>, std::size_t> taken;  // by verdict and type
  std::array<std::size_t, 2> of_verdict{};
  const std::size_t asked = std::min(set.size(), most_asked);
  for (std::size_t k = 0; k < asked && samples.size() < most; ++k) {
    const std::size_t q = set.size() * k / asked, scene = static_cast<std::size_t>(set.scene[q]);
    if (scene_shown[scene] || set.label[q] < 0) continue;
    const auto number = static_cast<std::int32_t>(q);
    set.fill<Object, Word>(b, std::span(&number, 1), padded);
    report::sample s = sample_of(predict, own, b, scheme.answers, d.scenes[scene]);
    s.question = d.questions[q].text;
    if constexpr (has_input<M, "image">) s.picture = png_of(set.pictures[scene]);
    s.answer = scheme.answers[static_cast<std::size_t>(set.label[q])];
    s.type = set.type[q] >= 0 ? scheme.types[static_cast<std::size_t>(set.type[q])] : "other";
    const bool right = s.answer == s.prediction;
    auto& of_type = taken[{right, set.type[q]}];
    if (of_verdict[right] >= most / 2 || of_type >= of_each) continue;
    ++of_verdict[right];
    ++of_type;
    scene_shown[scene] = true;
    samples.push_back(std::move(s));
  }
  return samples;
}

template <class M, class Object, class Word>
void add_model(report::run& r) {
  constexpr int objects = 6, words = 20;  // a common question of CLEVR
  limits<M> typical;
  r.model_sizes = "a question of 20 words";
  if constexpr (M::template space<Object>() >= 0) {
    typical.template set<Object>(objects);
    r.model_sizes += " about 6 objects";
  }
  typical.template set<Word>(words);
  r.model = report::lines_of(describe_lines_of<M>(typical));
  r.model_text = describe<M>(typical);
}

}  // namespace detail

// Writes report.html (and shares.tsv) into the run's folder; `compare` is the folder of another finished run to show beside it, or empty.
template <class M, class Object, class Word, class Optimizer, template <class, class, name...> class Trainer>
void write_clevr_report(training_run<scene_task<M, Object, Word>, Optimizer, Trainer>& run, const clevr::dataset& validation,
                        const std::string& compare = "") {
  const auto& task = run.task();
  const auto accuracy = task.evaluate(run.weights(), run.planned(), run.inner().kernel(), run.threads());
  auto [r, systems, logs] = detail::begin_report(run, accuracy, compare);
  r.title = "Questions about scenes";
  r.subtitle = "What " + systems[0] + " learned, and where it fails";
  r.samples = detail::sample_answers<M, Object, Word>(run.weights(), run.inner().kernel(), validation, task.validation(), task.scheme(),
                                                      task.padding_length());
  detail::add_model<M, Object, Word>(r);
  report::write(r, run.path("report.html"));
}

}  // namespace relreason
