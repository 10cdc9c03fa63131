// bench/rn_pixels_cases.hpp -- what bench_rn_pixels runs: one timed step of each case of the Relation Networks that see pictures, on the CPU.
// Inputs and weights are those of workload.py where a folder is given, so that PyTorch has the same; else made here with the same shapes.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/describe.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/models/relation_network_by_picture.hpp"
#include "relreason/train/trainer.hpp"
#include "rn_models.hpp"
#include "timed_case.hpp"

namespace bench {

namespace px = models::from_pixels;

// RN without dropout, whose masks in PyTorch are others.
// clang-format off
struct rn_pixels_check : px::cnn_and<px::question,
    input<"w",      ids<px::words>,     px::word>,
    input<"answer", label<px::answers>, px::question>,
    let<"o", grid_objects<px::cell>,                                              of<"n4">>,
    let<"q", last_state<lstm<128>, embedding<32>, leading>,                       of<"w">>,
    let<"r", sum_over<px::pair, mlp<relu<256>, relu<256>, relu<256>, relu<256>>>, of<"o", "o", "q">>,
    let<"a", mlp<relu<256>, relu<256>, linear<px::answers>>,                      of<"r">>,
    minimize<cross_entropy<>,                                                     of<"a", "answer">>> {};
// clang-format on

// ---- inputs: question i is about picture i mod the number of pictures
struct asked_pictures {
  static constexpr std::size_t picture_bytes = 3 * px::side * px::side;
  std::vector<std::uint8_t> pictures;
  std::vector<int> lengths, tokens, labels;
  int padded = 0;
  std::vector<std::size_t> first_token;

  std::size_t size() const { return lengths.size(); }
  const std::uint8_t* picture_of(std::size_t i) const { return pictures.data() + i % (pictures.size() / picture_bytes) * picture_bytes; }
  void index() {
    first_token.assign(1, 0);
    for (const int n : lengths) first_token.push_back(first_token.back() + static_cast<std::size_t>(n));
  }
};

inline asked_pictures made_pictures(std::size_t pictures, std::size_t questions) {
  constexpr int words_asked = 20;
  random_stream random{3, 1};
  asked_pictures p;
  p.padded = words_asked;
  for (std::size_t i = 0; i < pictures * asked_pictures::picture_bytes; ++i) p.pictures.push_back(static_cast<std::uint8_t>(random.below(256)));
  for (std::size_t i = 0; i < questions; ++i) {
    p.lengths.push_back(words_asked);
    p.labels.push_back(static_cast<int>(random.below(px::answers)));
    for (int k = 0; k < words_asked; ++k) p.tokens.push_back(1 + static_cast<int>(random.below(px::words)));
  }
  return p;
}
// name: pixels (64 pictures, a question each) or two_stage (one picture, ten questions).
inline asked_pictures pictures_of(const std::string& folder, const std::string& name) {
  asked_pictures p;
  if (folder.empty()) p = name == "pixels" ? made_pictures(64, 64) : made_pictures(1, 10);
  else {
    const auto f = safetensors::open(folder + "/" + name + ".safetensors");
    p.pictures = tensor_of<std::uint8_t>(f, "pictures");
    p.lengths = tensor_of<int>(f, "lengths"), p.tokens = tensor_of<int>(f, "tokens"), p.labels = tensor_of<int>(f, "labels");
    p.padded = tensor_of<int>(f, "pad_to").at(0);
  }
  p.index();
  return p;
}

template <class Word, class M>
void push_question(batch<M>& to, const asked_pictures& from, std::size_t i) {
  to.template count<Word>(from.lengths[i]);
  to.template push<"w">(from.tokens.data() + from.first_token[i], static_cast<std::size_t>(from.lengths[i]));
  to.template push<"answer">(from.labels[i]);
}
// n questions with their pictures, from the first on.
template <class M>
void fill(batch<M>& to, const asked_pictures& from, std::size_t n, std::size_t first = 0) {
  to.clear();
  for (std::size_t k = 0; k < n; ++k) {
    const std::size_t i = (first + k) % from.size();
    to.add_sample();
    to.template push<"image">(from.picture_of(i), asked_pictures::picture_bytes);
    push_question<px::word>(to, from, i);
  }
  to.template space<px::word>().padded = from.padded;
}
// All questions about the first picture.
inline void fill(batch<px::by_picture::two_stage_rn>& to, const asked_pictures& from) {
  to.clear();
  to.add_sample();
  to.push<"image">(from.picture_of(0), asked_pictures::picture_bytes);
  to.count<px::by_picture::question>(static_cast<int>(from.size()));
  for (std::size_t i = 0; i < from.size(); ++i) push_question<px::by_picture::word>(to, from, i);
  to.space<px::by_picture::word>().padded = from.padded;
}
template <class M>
limits<M> limits_of(const asked_pictures& from, std::size_t samples) {
  limits<M> at{.samples = static_cast<int>(samples)};
  at.template set<px::word>(from.padded);
  return at;
}
inline limits<px::by_picture::two_stage_rn> limits_by_picture(const asked_pictures& from) {
  limits<px::by_picture::two_stage_rn> at{.samples = 1};
  at.set<px::by_picture::question>(static_cast<int>(from.size())).set<px::by_picture::word>(from.padded);
  return at;
}

template <class M>
void published_weights(parameters<M>& to, const std::string& folder, const char* file, const name_table& names = px::published_names()) {
  if (folder.empty()) return;  // those of the seed
  load_weights(safetensors::open(folder + "/" + file), to, {.names = names, .allow_extra = true});
}

// GFLOP of a forward pass of one sample, by describe; up to and with the line `last`, where that is named.
template <class M>
double forward_gflop(const limits<M>& at, std::string_view last = {}) {
  double flops = 0;
  for (const auto& line : describe_lines_of<M>(at)) {
    flops += line.flops;
    if (line.name == last) break;
  }
  return 1e-9 * flops;
}

// ---- the cases
class pixels_case final : public timed_case {
 public:
  pixels_case(const settings& s, executor& threads) {
    const auto from = pictures_of(s.data, "pixels");
    batch = s.batch ? s.batch : 64;
    instructions = s.kernel().name;
    fill(batch_, from, batch);
    trainer_options options;
    options.arithmetic = s.arithmetic();
    trainer_ = std::make_unique<trainer<px::rn>>(limits_of<px::rn>(from, batch), threads, options, adam{.weight_decay = 1e-4});
    published_weights(trainer_->weights, s.data, "pixels.safetensors");
    gflop = 3 * static_cast<double>(batch) * forward_gflop(limits_of<px::rn>(from, 1));
    input_mb = megabytes(batch_);
  }
  void step() override { trainer_->step(batch_, 5e-6); }

 private:
  relreason::batch<px::rn> batch_;
  std::unique_ptr<trainer<px::rn>> trainer_;
};

// Value of M for batches of equal size, one after the other; a step runs all of them.
template <class M, name Value>
class prediction_case final : public timed_case {
 public:
  prediction_case(const settings& s, executor& threads, const limits<M>& at, const char* file, const name_table& names,
                  std::vector<relreason::batch<M>> batches)
      : batches_(std::move(batches)) {
    instructions = s.kernel().name;
    published_weights(weights_, s.data, file, names);
    predictor_ = std::make_unique<predictor_type>(weights_, at, s.kernel());
    workspace_ = std::make_unique<typename predictor_type::workspace>(*predictor_, &threads);
    each_ = static_cast<std::size_t>(predictor_type::template rows<Value>(batches_[0])) * predictor_type::template width<Value>();
    rows_.resize(each_ * batches_.size());
    for (const auto& b : batches_) input_mb += megabytes(b);
  }
  void step() override {
    for (std::size_t k = 0; k < batches_.size(); ++k) predictor_->run(*workspace_, batches_[k], {rows_.data() + k * each_});
    if constexpr (Value == name("a")) to_log_probabilities(rows_, px::answers);
  }
  const std::vector<float>& rows() const { return rows_; }

 private:
  using predictor_type = predictor<M, float, Value>;
  std::vector<relreason::batch<M>> batches_;
  parameters<M> weights_{1};
  std::unique_ptr<predictor_type> predictor_;
  std::unique_ptr<typename predictor_type::workspace> workspace_;
  std::size_t each_ = 0;
  std::vector<float> rows_;
};

template <class M>
std::vector<batch<M>> batches_of(const asked_pictures& from, std::size_t count, std::size_t size) {
  std::vector<batch<M>> all(count);
  for (std::size_t k = 0; k < count; ++k) fill(all[k], from, size, k * size);
  return all;
}

using pixels_predict = prediction_case<px::rn, "a">;
using ten_single = prediction_case<px::two_stage_rn, "a">;
using ten_questions = prediction_case<px::by_picture::two_stage_rn, "a">;
using features_case = prediction_case<px::two_stage_rn, "r.mean">;

// One question about one picture; @B: a batch of B.
inline std::unique_ptr<pixels_predict> make_pixels_predict(const settings& s, executor& threads) {
  const auto from = pictures_of(s.data, "pixels");
  const std::size_t n = s.batch ? s.batch : 1;
  auto one = std::make_unique<pixels_predict>(s, threads, limits_of<px::rn>(from, n), "pixels.safetensors", px::published_names(),
                                              batches_of<px::rn>(from, 1, n));
  one->batch = n;
  one->gflop = static_cast<double>(n) * forward_gflop(limits_of<px::rn>(from, 1));
  return one;
}
// Ten questions about one picture: each with the picture, as batches of one; or the picture seen once.
inline std::unique_ptr<ten_single> make_ten_single(const settings& s, executor& threads) {
  using M = px::two_stage_rn;
  const auto from = pictures_of(s.data, "two_stage");
  auto one = std::make_unique<ten_single>(s, threads, limits_of<M>(from, 1), "two_stage.safetensors", px::published_names(),
                                          batches_of<M>(from, from.size(), 1));
  one->batch = from.size();
  one->gflop = static_cast<double>(from.size()) * forward_gflop(limits_of<M>(from, 1));
  return one;
}
inline std::unique_ptr<ten_questions> make_ten_questions(const settings& s, executor& threads) {
  const auto from = pictures_of(s.data, "two_stage");
  std::vector<batch<px::by_picture::two_stage_rn>> batches(1);
  fill(batches[0], from);
  auto one = std::make_unique<ten_questions>(s, threads, limits_by_picture(from), "two_stage.safetensors",
                                             px::by_picture::published_two_stage_names(), std::move(batches));
  one->batch = from.size();
  one->gflop = forward_gflop(limits_by_picture(from));
  return one;
}
// Features of pictures for retrieval: the mean over pairs of what the first two layers of g make of them, each normalized. @B: B pictures.
inline std::unique_ptr<features_case> make_features(const settings& s, executor& threads) {
  using M = px::two_stage_rn;
  const auto from = pictures_of(s.data, "pixels");
  const std::size_t n = s.batch ? s.batch : 64;
  auto one =
      std::make_unique<features_case>(s, threads, limits_of<M>(from, n), "two_stage.safetensors", px::published_names(), batches_of<M>(from, 1, n));
  one->batch = n;
  one->gflop = static_cast<double>(n) * forward_gflop(limits_by_picture(from), "h");
  return one;
}

}  // namespace bench
