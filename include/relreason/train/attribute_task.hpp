// relreason/train/attribute_task.hpp -- which of 15 attributes appear anywhere in a picture, as a task: how the CNN is trained before the networks.
// Source: mesnico/RelationNetworks-CLEVR, cnn_train.py; "Re-implementing and Extending Relation Network for R-CBIR".
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/input_table.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/loss/multi_label.hpp"
#include "relreason/metric/average_precision.hpp"
#include "relreason/train/examples.hpp"
#include "relreason/train/sampler.hpp"
#include "relreason/train/task.hpp"

namespace relreason {

namespace clevr {

inline constexpr int n_scene_attributes = 15;
inline constexpr std::array<std::string_view, n_scene_attributes> scene_attribute_names{
    "rubber", "metal", "cyan", "blue", "yellow", "purple", "red", "green", "gray", "brown", "sphere", "cube", "cylinder", "large", "small"};

// 1 where an object of the scene has the attribute, else 0.
inline std::array<float, n_scene_attributes> scene_attributes(const scene& s) {
  std::array<float, n_scene_attributes> has{};
  for (const object& o : s.objects) {
    has[o.attributes[material]] = 1;
    has[std::size_t{2} + o.attributes[color]] = 1;
    has[std::size_t{10} + o.attributes[shape]] = 1;
    has[std::size_t{13} + o.attributes[size]] = 1;
  }
  return has;
}

// The scenes with the fewest attributes, as many as the share says, at least one; of equals the first. In the order of the list.
inline std::vector<std::int32_t> plainest_scenes(const std::vector<scene>& scenes, double share) {
  if (!(share > 0 && share <= 1)) fail("clevr::plainest_scenes: found a share of ", share, ", wanted more than 0, at most 1");
  std::vector<std::int32_t> order(scenes.size());
  std::iota(order.begin(), order.end(), 0);
  std::vector<float> count;
  for (const scene& s : scenes) {
    const auto has = scene_attributes(s);
    count.push_back(std::accumulate(has.begin(), has.end(), 0.f));
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int32_t a, std::int32_t b) { return count[static_cast<std::size_t>(a)] < count[static_cast<std::size_t>(b)]; });
  const auto wanted = static_cast<std::size_t>(std::llround(share * static_cast<double>(scenes.size())));
  order.resize(std::min(std::max<std::size_t>(wanted, 1), scenes.size()));
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace clevr

// M has the inputs "image" and "attributes" (15 numbers) and 15 logits "a". Accuracy of a validation is the mean average precision over attributes
// of all its pictures; the log also has the mean over batches of 64, as the source counts it, and the share of pictures with all 15 right.
template <class M>
class attribute_task {
 public:
  using model = M;
  static constexpr name output = "a";

  // The plainest `share` of both sets' pictures. The sets must outlive the task.
  attribute_task(const clevr::dataset& training, const clevr::dataset& validation, double share = 1,
                 std::optional<augmentation> change = std::nullopt)
      : training_(training, share, "training"), validation_(validation, share, "validation"), share_(share), change_(change) {}

  std::size_t size() const { return training_.scenes.size(); }
  shuffle sampler(const std::string& name) const {
    if (name != "shuffle") fail("attribute_task: no sampler is called \"", name, "\"; wanted shuffle");
    return shuffle(size());
  }
  limits<M> capacity(int samples) const { return {.samples = samples}; }
  void fill(batch<M>& to, std::span<const std::int32_t> items, std::span<const std::int32_t>, int epoch = 1) const {
    to.clear();
    for (const std::int32_t i : items)
      training_.add(to, static_cast<std::size_t>(i), change_ ? &*change_ : nullptr, static_cast<std::uint64_t>(epoch));
  }
  // Attributes of its pictures; all pictures of the set, unless they are changed.
  std::vector<input_table> tables() const {
    std::vector<input_table> all{{"attributes", training_.attribute_table()}};
    if (!change_) all.push_back({"image", {}, training_.picture_table()});
    return all;
  }
  validation_result validate(const answers_of<M>& answers) const {
    double loss = 0, batches = 0;
    std::uint64_t right = 0;
    metric::label_ranking all(labels), few(labels);
    std::size_t n_parts = 0;
    const auto end_part = [&] {
      if (few.size() == 0) return;
      batches += few.mean();
      ++n_parts;
      few = metric::label_ranking(labels);
    };
    each(answers, [&](const float* logits, const float* targets) {
      const detail::right_labels<float> all_right{logits, targets, nullptr, static_cast<int>(labels)};
      for (std::size_t k = 0; k < labels; ++k) {
        const double x = logits[k], t = targets[k];
        loss += (std::max(x, 0.) - x * t + std::log1p(std::exp(-std::abs(x)))) / static_cast<double>(labels);
      }
      right += all_right(0);
      all.add(logits, targets);
      few.add(logits, targets);
      constexpr std::size_t source_batch = 64;
      if (few.size() == source_batch) end_part();
    });
    end_part();
    const auto n = static_cast<double>(validation_.scenes.size());
    return {loss / n,
            all.mean(),
            {{"average_precision_of_batches", batches / static_cast<double>(n_parts)}, {"all_right", static_cast<double>(right) / n}}};
  }
  std::string item(std::int32_t i) const { return "picture of scene " + std::to_string(training_.scenes[static_cast<std::size_t>(i)]); }
  void describe(std::map<std::string, std::string>& settings) const {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", share_);
    settings["pictures"] = std::to_string(size()) + " of the plainest, share " + text;
    settings["augmentation"] = change_ ? change_->text() : "none";
  }

  // Of the validation set, by attribute.
  metric::label_ranking ranking(const answers_of<M>& answers) const {
    metric::label_ranking all(labels);
    each(answers, [&](const float* logits, const float* targets) { all.add(logits, targets); });
    return all;
  }

 private:
  static constexpr std::size_t labels = clevr::n_scene_attributes;
  static constexpr int row = M::info[static_cast<std::size_t>(M::template find<"image">())].width;
  static_assert(M::info[static_cast<std::size_t>(M::template find<"a">())].width == clevr::n_scene_attributes,
                "relreason::attribute_task: \"a\" must be 15 logits");

  struct plain_pictures {
    const clevr::dataset* from;
    std::vector<std::int32_t> scenes;
    std::vector<float> attributes;  // of these scenes

    plain_pictures(const clevr::dataset& d, double share, const char* which) : from(&d) {
      if (d.scenes.empty()) fail("attribute_task: there are no ", which, " scenes");
      if (d.pictures.size() != d.scenes.size() || d.pictures.picture_bytes() != row)
        fail("attribute_task: found ", d.pictures.size(), " pictures of ", d.pictures.picture_bytes(), " numbers for ", d.scenes.size(), " ", which,
             " scenes, wanted one of ", row, " for each");
      scenes = clevr::plainest_scenes(d.scenes, share);
      for (const std::int32_t s : scenes) {
        const auto has = clevr::scene_attributes(d.scenes[static_cast<std::size_t>(s)]);
        attributes.insert(attributes.end(), has.begin(), has.end());
      }
    }
    rows_view<const float> attribute_table() const { return {attributes.data(), static_cast<int>(scenes.size()), static_cast<int>(labels)}; }
    rows_view<const std::uint8_t> picture_table() const { return {from->pictures[0].pixels, static_cast<int>(from->pictures.size()), row}; }
    void add(batch<M>& to, std::size_t i, const augmentation* change, std::uint64_t epoch) const {
      const auto s = static_cast<std::size_t>(scenes[i]);
      to.add_sample();
      if (change) {
        auto& bytes = to.template values<"image">();
        bytes.resize(bytes.size() + row);
        change->apply(from->pictures[s], s, epoch, bytes.data() + bytes.size() - row);
      } else {
        to.template push_rows<"image">(picture_table(), s, 1);
      }
      to.template push_rows<"attributes">(attribute_table(), i, 1);
    }
  };

  template <class Each>
  void each(const answers_of<M>& answers, Each&& call) const {
    const auto most = static_cast<std::size_t>(answers.samples);
    std::vector<float> logits(most * labels);
    batch<M> b;
    for (std::size_t first = 0; first < validation_.scenes.size(); first += most) {
      const std::size_t last = std::min(first + most, validation_.scenes.size());
      b.clear();
      for (std::size_t i = first; i < last; ++i) validation_.add(b, i, nullptr, 0);
      answers(b, logits.data());
      for (std::size_t i = first; i < last; ++i)
        call(logits.data() + (i - first) * labels, b.template values<"attributes">().data() + (i - first) * labels);
    }
  }

  plain_pictures training_, validation_;
  double share_;
  std::optional<augmentation> change_;
};

}  // namespace relreason
