// relreason/train/examples.hpp -- questions about scenes, encoded once and packed: what batches of state-description models are cut from.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "relreason/core/batch.hpp"
#include "relreason/core/error.hpp"

namespace relreason {

// Scenes as rows of numbers, questions as token ids. Several questions share a scene.
struct scene_questions {
  int object_width = 0;
  std::vector<float> objects;  // all scenes' objects
  std::vector<std::uint32_t> object_offsets{0};
  std::vector<std::uint16_t> tokens;
  std::vector<std::uint32_t> token_offsets{0};
  std::vector<std::int32_t> scene;  // per question: which scene
  std::vector<std::int16_t> label;  // -1 where the answer is not known
  std::vector<std::int8_t> type;    // -1 where the program is not known

  std::size_t size() const { return scene.size(); }
  std::size_t scenes() const { return object_offsets.size() - 1; }
  int object_count(std::size_t s) const { return static_cast<int>(object_offsets[s + 1] - object_offsets[s]); }
  int length(std::size_t q) const { return static_cast<int>(token_offsets[q + 1] - token_offsets[q]); }

  void add_scene(std::span<const float> rows) {
    objects.insert(objects.end(), rows.begin(), rows.end());
    object_offsets.push_back(static_cast<std::uint32_t>(objects.size() / static_cast<std::size_t>(object_width)));
  }
  void add_question(int of_scene, std::span<const int> ids, int answer, int question_type) {
    for (const int id : ids) tokens.push_back(static_cast<std::uint16_t>(id));
    token_offsets.push_back(static_cast<std::uint32_t>(tokens.size()));
    scene.push_back(of_scene);
    label.push_back(static_cast<std::int16_t>(answer));
    type.push_back(static_cast<std::int8_t>(question_type));
  }
  int longest() const {
    int longest = 0;
    for (std::size_t q = 0; q < size(); ++q) longest = std::max(longest, length(q));
    return longest;
  }
  int most_objects() const {
    int most = 0;
    for (std::size_t s = 0; s < scenes(); ++s) most = std::max(most, object_count(s));
    return most;
  }

  // Fills a batch with the given questions. Values: "o" on Object (left out where the model has none), "w" on Word, "answer".
  template <class Object, class Word, class M, class T>
  void fill(batch<M, T>& to, std::span<const std::int32_t> questions, int padded) const {
    to.clear();
    for (const std::int32_t question : questions) {
      const auto q = static_cast<std::size_t>(question);
      const auto s = static_cast<std::size_t>(scene[q]);
      to.add_sample();
      if constexpr (M::template find<"o">() >= 0) {
        const std::size_t width = static_cast<std::size_t>(object_width);
        to.template count<Object>(object_count(s));
        to.template push<"o">(objects.data() + object_offsets[s] * width, static_cast<std::size_t>(object_count(s)) * width);
      }
      to.template count<Word>(length(q));
      to.template push<"w">(tokens.data() + token_offsets[q], static_cast<std::size_t>(length(q)));
      to.template push<"answer">(label[q] < 0 ? 0 : label[q]);
    }
    to.template space<Word>().padded = padded;
  }
};

}  // namespace relreason
