// relreason/train/picture_answers.hpp -- published weights of a network that sees pictures, ready to answer questions about picture files.
// Source: released checkpoints of "Re-implementing and Extending Relation Network for R-CBIR"; docs/models/relation_network_pixels.md.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/data/clevr_dictionary.hpp"
#include "relreason/data/image_collection.hpp"
#include "relreason/data/image_resize.hpp"
#include "relreason/models/relation_network_pixels.hpp"
#include "relreason/train/clevr_model.hpp"

namespace relreason {

// M: from_pixels::rn, two_stage_rn or another with "image", "w" and "a". Names: of the arrays in the file.
template <class M>
class picture_answers {
 public:
  picture_answers(const std::string& weights, const std::string& dictionary, executor& threads, const load_options& how)
      : threads_(threads), dictionary_(clevr::read_dictionary(dictionary, info("w").limit - 1, classes)) {
    load_weights(safetensors::open(weights), weights_, how);
  }

  const clevr::published_dictionary& vocabulary() const { return dictionary_; }

  // call(q, logits) for each question, in order. Each is padded to pad_to words, or, where it is 0, to the longest of its 64: answers depend on it.
  // A file's picture is resized to the network's size where it has another.
  void each(const std::vector<clevr::question>& questions, const std::string& folder, int pad_to, const std::string& file,
            const std::function<void(std::size_t, const float*)>& call) const {
    const auto [pictures, picture_of] = collect(questions, folder, file);
    std::vector<std::vector<int>> words;
    for (const clevr::question& q : questions) {
      words.push_back(dictionary_.words.encode(q, file));
      if (pad_to > 0 && words.back().size() > static_cast<std::size_t>(pad_to))
        fail("predict: ", clevr::in_file(file), "question ", q.question_index, " has ", words.back().size(), " tokens, more than the padded length ",
             pad_to);
    }
    limits<M> at{.samples = batch_size};
    std::size_t longest = static_cast<std::size_t>(std::max(1, pad_to));
    for (const auto& w : words) longest = std::max(longest, w.size());
    at.template set<models::from_pixels::word>(static_cast<int>(longest));
    const predictor<M, float, "a"> predict(weights_, at, select_kernels<float>());
    typename predictor<M, float, "a">::workspace own(predict, &threads_);
    std::vector<float> logits(static_cast<std::size_t>(batch_size) * classes);
    batch<M> b;
    image picture;
    std::size_t shown = static_cast<std::size_t>(-1);
    for (std::size_t first = 0; first < questions.size(); first += batch_size) {
      const std::size_t last = std::min(first + batch_size, questions.size());
      b.clear();
      for (std::size_t q = first; q < last; ++q) {
        if (picture_of[q] != shown) picture = network_picture(pictures.path(shown = picture_of[q]));
        b.add_sample();
        b.template push<"image">(picture.pixels.data(), picture.pixels.size());
        b.template count<models::from_pixels::word>(static_cast<int>(words[q].size()));
        b.template push<"w">(words[q].data(), words[q].size());
      }
      b.template space<models::from_pixels::word>().padded = pad_to;
      predict.run(own, b, {logits.data()});
      for (std::size_t q = first; q < last; ++q) call(q, logits.data() + (q - first) * classes);
    }
  }

  // One JSON line per question, as clevr_model::predict writes them.
  void predict(const std::string& questions, const std::string& folder, int pad_to, const std::string& out) const {
    const auto asked = clevr::read_questions(questions);
    if (asked.empty()) fail("predict: ", questions, ": found no questions, wanted at least one; nothing was written");
    atomic_file file(out);
    each(asked, folder, pad_to, questions,
         [&](std::size_t q, const float* logits) { file.write(prediction_line(asked[q].question_index, dictionary_.answers, logits)); });
    file.commit();
  }

 private:
  static constexpr int batch_size = 64, side = models::from_pixels::side;
  static constexpr const line_info& info(name n) { return M::info[static_cast<std::size_t>(find_line(n))]; }
  static constexpr int find_line(name n) {
    for (int i = 0; i < M::n; ++i)
      if (M::info[static_cast<std::size_t>(i)].id == n) return i;
    return 0;
  }
  static constexpr int classes = info("a").width;

  static image network_picture(const std::string& path) {
    image found = read_image(path);
    return found.width == side && found.height == side ? found : resize(found, side, side);
  }
  // The pictures that the questions ask about, each once; those that are not there are named before any work.
  static std::pair<image_collection, std::vector<std::size_t>> collect(const std::vector<clevr::question>& questions, const std::string& folder,
                                                                       const std::string& file) {
    std::map<std::string, std::size_t> number;
    std::vector<std::string> names;
    std::vector<std::size_t> picture_of;
    for (const clevr::question& q : questions) {
      if (q.image_filename.empty()) fail("predict: ", clevr::in_file(file), "question ", q.question_index, " names no image_filename");
      const auto [at, is_new] = number.emplace(q.image_filename, names.size());
      if (is_new) names.push_back(q.image_filename);
      picture_of.push_back(at->second);
    }
    auto all = image_collection::of_names(folder, std::move(names));
    all.stamps();  // says which are missing
    return {std::move(all), std::move(picture_of)};
  }

  executor& threads_;
  clevr::published_dictionary dictionary_;
  parameters<M> weights_;
};

}  // namespace relreason
