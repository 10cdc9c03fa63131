// relreason/train/examples.hpp -- questions about scenes or their pictures, encoded once and packed: what batches are cut from.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "relreason/core/batch.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/input_table.hpp"
#include "relreason/data/image_transform.hpp"
#include "relreason/data/picture_list.hpp"

namespace relreason {

// Whether the model M is given the value N; one that it computes does not count.
template <class M, name N>
inline constexpr bool has_input = [] {
  constexpr int at = M::template find<N>();
  return at >= 0 && M::info[static_cast<std::size_t>(at < 0 ? 0 : at)].kind == line_kind::input;
}();

// What becomes of a picture on its way into a batch: in training another thing in every epoch. What question q gets depends on seed, q and epoch.
struct picture_change {
  const augmentation* by = nullptr;  // null: as it is
  std::uint64_t epoch = 0;
};

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
  picture_list pictures = {};       // by scene; none where no model asks for them

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

  // What a device may hold of it: the inputs that depend on the scene alone, pictures unless they are changed.
  template <class M>
  std::vector<input_table> tables(bool changed) const {
    std::vector<input_table> all;
    if constexpr (has_input<M, "o">) all.push_back({"o", object_table()});
    if constexpr (has_input<M, "image">)
      if (!changed) all.push_back({"image", {}, picture_table()});
    return all;
  }
  // Fills a batch with the given questions. Values: "o" on Object, "image" (each left out where it is no input of the model), "w" on Word, "answer".
  template <class Object, class Word, class M, class T>
  void fill(batch<M, T>& to, std::span<const std::int32_t> questions, int padded, const picture_change& change = {}) const {
    to.clear();
    for (const std::int32_t question : questions) {
      const auto q = static_cast<std::size_t>(question);
      const auto s = static_cast<std::size_t>(scene[q]);
      to.add_sample();
      if constexpr (has_input<M, "o">) {
        to.template count<Object>(object_count(s));
        to.template push_rows<"o">(object_table(), object_offsets[s], static_cast<std::size_t>(object_count(s)));
      }
      if constexpr (has_input<M, "image">) {
        if (change.by) {
          auto& bytes = to.template values<"image">();
          bytes.resize(bytes.size() + pictures.picture_bytes());
          change.by->apply(pictures[s], q, change.epoch, bytes.data() + bytes.size() - pictures.picture_bytes());
        } else {
          to.template push_rows<"image">(picture_table(), s, 1);
        }
      }
      to.template count<Word>(length(q));
      to.template push<"w">(tokens.data() + token_offsets[q], static_cast<std::size_t>(length(q)));
      to.template push<"answer">(label[q] < 0 ? 0 : label[q]);
    }
    to.template space<Word>().padded = padded;
  }

 private:
  rows_view<const float> object_table() const { return {objects.data(), static_cast<int>(object_offsets.back()), object_width}; }
  rows_view<const std::uint8_t> picture_table() const {
    if (pictures.empty()) return {};
    return {pictures[0].pixels, static_cast<int>(pictures.size()), static_cast<int>(pictures.picture_bytes())};
  }
};

// Refuses questions whose scenes have no pictures, or none of the size that the model's input "image" has.
template <class M>
void check_pictures(const scene_questions& set, const std::string& who) {
  constexpr std::size_t wanted = static_cast<std::size_t>(M::info[static_cast<std::size_t>(M::template find<"image">())].width);
  if (set.pictures.size() != set.scenes())
    fail(who, ": found ", set.pictures.size(), " pictures of ", set.scenes(),
         " scenes, and the model looks at pictures; see data/scene_pictures.hpp");
  if (set.pictures.picture_bytes() != wanted)
    fail(who, ": found pictures of ", detail::extent_text(set.pictures[0]), ", ", set.pictures.picture_bytes(), " numbers each; the model wants ",
         wanted);
}

}  // namespace relreason
