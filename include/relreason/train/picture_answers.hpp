// relreason/train/picture_answers.hpp -- published weights of a network that sees pictures, ready to answer questions about picture files.
// Source: released checkpoints of "Re-implementing and Extending Relation Network for R-CBIR"; docs/models/relation_network_pixels.md.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/data/clevr_dictionary.hpp"
#include "relreason/data/image_collection.hpp"
#include "relreason/data/image_resize.hpp"
#include "relreason/models/relation_network_by_picture.hpp"
#include "relreason/train/clevr_model.hpp"

namespace relreason {

// M: by_picture::rn, two_stage_rn or another of its spaces with "image", "w" and "a". A picture is seen once for all questions that stand near each
// other in a file. Names: of the arrays in the file.
template <class M>
class picture_answers {
  using question = models::from_pixels::by_picture::question;
  using word = models::from_pixels::by_picture::word;

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
    const auto collected = collect(questions, folder, file);
    const image_collection& pictures = collected.first;
    const std::vector<std::size_t>& picture_of = collected.second;
    std::vector<std::vector<int>> words;
    for (const clevr::question& q : questions) {
      words.push_back(dictionary_.words.encode(q, file));
      if (pad_to > 0 && words.back().size() > static_cast<std::size_t>(pad_to))
        fail("predict: ", clevr::in_file(file), "question ", q.question_index, " has ", words.back().size(), " tokens, more than the padded length ",
             pad_to);
    }
    const auto sizes = at_once(picture_of);
    const int pictures_at_once = sizes.first, questions_at_once = sizes.second;
    limits<M> at{.samples = pictures_at_once};
    std::size_t longest = static_cast<std::size_t>(std::max(1, pad_to));
    for (const auto& w : words) longest = std::max(longest, w.size());
    at.template set<question>(questions_at_once).template set<word>(static_cast<int>(longest));
    const predictor<M, float, "a"> predict(weights_, at, select_kernels<float>());
    typename predictor<M, float, "a">::workspace own(predict, &threads_);
    std::vector<float> logits(static_cast<std::size_t>(pictures_at_once * questions_at_once * classes)),
        in_order(batch_size * static_cast<std::size_t>(classes));
    batch<M> b;
    std::vector<std::size_t> order, asked_now;
    const auto answer = [&](std::size_t first, int padded) {
      b.template space<word>().padded = padded;
      predict.run(own, b, {logits.data()});
      for (std::size_t k = 0; k < asked_now.size(); ++k)
        std::copy_n(logits.data() + k * classes, classes, in_order.data() + (asked_now[k] - first) * classes);
      asked_now.clear();
      b.clear();
    };
    for (std::size_t first = 0; first < questions.size(); first += batch_size) {
      const std::size_t last = std::min(first + batch_size, questions.size());
      int padded = pad_to;
      for (std::size_t q = first; pad_to == 0 && q < last; ++q) padded = std::max(padded, static_cast<int>(words[q].size()));
      order.resize(last - first);
      std::iota(order.begin(), order.end(), first);
      std::stable_sort(order.begin(), order.end(), [&](std::size_t p, std::size_t q) { return picture_of[p] < picture_of[q]; });
      for (std::size_t k = 0; k < order.size();) {
        const std::size_t shown = picture_of[order[k]];
        const image picture = network_picture(pictures.path(shown));
        b.add_sample();
        b.template push<"image">(picture.pixels.data(), picture.pixels.size());
        int together = 0;
        for (; k < order.size() && picture_of[order[k]] == shown && together < questions_at_once; ++k, ++together) {
          b.template count<word>(static_cast<int>(words[order[k]].size()));
          b.template push<"w">(words[order[k]].data(), words[order[k]].size());
          asked_now.push_back(order[k]);
        }
        b.template count<question>(together);
        if (b.samples == pictures_at_once || k == order.size()) answer(first, padded);
      }
      for (std::size_t q = first; q < last; ++q) call(q, in_order.data() + (q - first) * classes);
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
  static constexpr std::size_t batch_size = 64;
  static constexpr int side = models::from_pixels::side;
  static constexpr const line_info& info(name n) { return M::info[static_cast<std::size_t>(find_line(n))]; }
  static constexpr int find_line(name n) {
    for (int i = 0; i < M::n; ++i)
      if (M::info[static_cast<std::size_t>(i)].id == n) return i;
    return 0;
  }
  static constexpr int classes = info("a").width;

  // Pictures of a run, and questions about each, for which memory is planned: what batches of these questions need, and little more than a batch.
  static std::pair<int, int> at_once(const std::vector<std::size_t>& picture_of) {
    constexpr std::size_t most_questions = 16, most_pictures = 8;
    std::size_t together = 1;
    for (std::size_t first = 0; first < picture_of.size(); first += batch_size) {
      std::map<std::size_t, std::size_t> questions;
      for (std::size_t q = first; q < std::min(first + batch_size, picture_of.size()); ++q) together = std::max(together, ++questions[picture_of[q]]);
    }
    together = std::min(together, most_questions);
    return {static_cast<int>(std::min((batch_size + together - 1) / together, most_pictures)), static_cast<int>(together)};
  }
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
