// relreason/data/blocks_questions.hpp -- questions about a scene: slots filled by a search, answers kept in balance, each family used as often.
// Source: CLEVR's question generator (facebookresearch/clevr-dataset-gen, generate_questions.py); rules restated where they are applied.
// Differs: families used equally often are tried in random order (there: in file order, so that one scene's questions are alike); a search
// looks at few options per slot and gives up after a number of steps (there: all options).
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/data/blocks_programs.hpp"
#include "relreason/data/blocks_random.hpp"
#include "relreason/data/blocks_text.hpp"
#include "relreason/data/clevr.hpp"

namespace relreason::blocks {

// How often each answer of one family was given.
struct answer_counts {
  std::array<int, clevr::n_answers> counts{};

  // CLEVR's rule: refuse an answer given more often than 1.1 times the second most frequent, or than 5 times the median (at least 5).
  bool accepts(answer_range range, int answer) const {
    std::array<int, 11> sorted{};
    const auto n = static_cast<std::size_t>(range.n);
    std::copy_n(counts.begin() + range.first, n, sorted.begin());
    std::sort(sorted.begin(), sorted.begin() + range.n);
    const int count = counts[static_cast<std::size_t>(answer)];
    return 10 * count <= 11 * sorted[n - 2] && count <= 5 * std::max(sorted[n / 2], 5);
  }
};

namespace detail {

// Fills the slots of a family for a scene, depth first over its steps.
class search {
 public:
  search(const family& f, const bit_scene& scene, const answer_counts& counts, draws& random)
      : family_(f), scene_(scene), counts_(counts), random_(random), range_(answers_of(f)) {
    slots.descriptions.fill(all_open);
  }

  filling slots;
  int answer = -1;

  bool run() { return descend(0); }

 private:
  static constexpr int options_per_slot = 6, most_steps = 120;
  static constexpr int most_options = 4 * 16 * clevr::max_objects;
  using options = std::array<std::uint16_t, 2 * most_options>;  // description, and relation << 9

  bool descend(std::size_t at) {
    if (at == family_.steps.size()) return accept();
    const step& s = family_.steps[at];
    if (filters(s.what)) return choose(at, s);
    if (s.what != action::relate) return enter(at);
    std::array<std::uint8_t, 4> relations{0, 1, 2, 3};
    for (int i = 0; i < 4; ++i) {
      slots.relations[static_cast<std::size_t>(s.relation)] = random_.pick(relations.data(), i, 4);
      if (enter(at)) return true;
    }
    return false;
  }

  // With the slots of step `at` filled: its value, the constraints that it completes, then the next step.
  bool enter(std::size_t at) {
    if (++steps_ > most_steps) return false;
    values_[at] = value_of(family_.steps[at], scene_, slots, values_.data());
    if (values_[at] == invalid) return false;
    for (const auto& [a, b] : family_.differ)
      if (std::max(a, b) == static_cast<int>(at) && values_[static_cast<std::size_t>(a)] == values_[static_cast<std::size_t>(b)]) return false;
    return descend(at + 1);
  }

  bool choose(std::size_t at, const step& s) {
    options list;
    const int n = relates(s.what) ? related_options(s, list) : plain_options(s, list);
    for (int i = 0; i < std::min(n, options_per_slot) && steps_ <= most_steps; ++i) {
      const std::uint16_t option = random_.pick(list.data(), i, n);
      slots.descriptions[static_cast<std::size_t>(s.description)] = option & 511;
      if (s.relation >= 0) slots.relations[static_cast<std::size_t>(s.relation)] = static_cast<std::uint8_t>(option >> 9);
      if (enter(at)) return true;
    }
    return false;
  }

  bool allowed(const step& s, std::uint16_t description) const {
    const auto slot = static_cast<std::size_t>(s.description);
    return (given[description] & family_.hidden[slot]) == 0 && (family_.only[slot] == 0 || given[description] == family_.only[slot]);
  }

  // Every description of an object of the scene; for unique those that leave one. Without unique also random ones, that need not fit any
  // object: for exist as many again, otherwise as many as leave one.
  int plain_options(const step& s, options& list) {
    if (family_.only[static_cast<std::size_t>(s.description)]) return single_options(s, list);
    const unsigned set = static_cast<unsigned>(values_[static_cast<std::size_t>(s.inputs[0])]);
    int n = 0, all = 0, singles = 0;
    const auto take = [&](std::uint16_t d) {
      if (allowed(s, d) && !(s.what == action::filter && d == all_open)) list[static_cast<std::size_t>(n++)] = d;
    };
    for (const std::uint16_t d : scene_.descriptions) {
      const bool single = only_one(scene_.matching[d] & set) != invalid;
      ++all, singles += single;
      if (single || s.what != action::filter_unique) take(d);
    }
    if (s.what == action::filter_unique) return n;
    for (int i = s.what == action::filter_exist ? all : singles; i > 0; --i)
      take(pack({random_.below(3), random_.below(9), random_.below(3), random_.below(4)}));
    return n;
  }

  // A filter by one attribute: each of its values.
  int single_options(const step& s, options& list) {
    int n = 0;
    for (std::uint16_t d = 0; d < n_descriptions; ++d)
      if (allowed(s, d)) list[static_cast<std::size_t>(n++)] = d;
    return n;
  }

  // Every relation with every description: unique leaves one object, count and exist may leave none. Where the relation excludes nothing
  // it is idle; idle options are at most a tenth of all.
  int related_options(const step& s, options& list) {
    const auto object = static_cast<std::size_t>(values_[static_cast<std::size_t>(s.inputs[0])]);
    const bool unique = s.what == action::relate_filter_unique, may_be_empty = s.what >= action::relate_filter_count;
    std::array<std::uint16_t, most_options> idle;
    int n = 0, n_idle = 0;
    for (unsigned r = 0; r < 4; ++r) {
      const object_set related = scene_.related[r][object];
      for (const std::uint16_t d : scene_.descriptions) {
        const unsigned matching = scene_.matching[d], left = matching & related;
        if (unique ? !std::has_single_bit(left) : !left && !may_be_empty) continue;
        if (!allowed(s, d)) continue;
        const auto option = static_cast<std::uint16_t>(d | r << 9);
        if (left == matching) idle[static_cast<std::size_t>(n_idle++)] = option;
        else list[static_cast<std::size_t>(n++)] = option;
      }
    }
    const int kept = std::min(n_idle, (2 * n + 9) / 18);  // n / 9, rounded
    for (int i = 0; i < kept; ++i) list[static_cast<std::size_t>(n++)] = random_.pick(idle.data(), i, n_idle);
    return n;
  }

  bool accept() {
    answer = answer_of(family_, values_[family_.steps.size() - 1]);
    return counts_.accepts(range_, answer) && !degenerate();
  }

  // Whether some bare relation may be replaced by the whole scene without changing the answer.
  bool degenerate() const {
    for (std::size_t i = 0; i < family_.steps.size(); ++i)
      if (family_.steps[i].what == action::relate && evaluate(family_, scene_, slots, static_cast<int>(i)) == values_[family_.steps.size() - 1])
        return true;
    return false;
  }

  const family& family_;
  const bit_scene& scene_;
  const answer_counts& counts_;
  draws& random_;
  answer_range range_;
  std::array<int, max_steps> values_{};
  int steps_ = 0;
};

}  // namespace detail

// Asks about one scene after another; the state (uses of families, counts of answers) runs on from scene to scene. The families must stay.
class questioner {
 public:
  questioner(std::vector<family>&&, std::uint64_t, std::uint64_t) = delete;
  questioner(std::span<const family> families, std::uint64_t seed, std::uint64_t stream)
      : families_(families), random_(seed, stream), uses_(families.size()), counts_(families.size()), order_(families.size()) {}

  // Appends up to `wanted` questions, each of another family, the least used families first.
  void ask(const clevr::scene& scene, int wanted, std::vector<clevr::question>& out) {
    const bit_scene bits(scene);
    arrange();
    for (const int f : order_) {
      if (wanted == 0) return;
      wanted -= ask_one(scene, bits, f, out);
    }
  }

 private:
  void arrange() {
    const int n = static_cast<int>(order_.size());
    for (int i = 0; i < n; ++i) order_[static_cast<std::size_t>(i)] = i;
    for (int i = 0; i < n; ++i) random_.pick(order_.data(), i, n);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](int a, int b) { return uses_[static_cast<std::size_t>(a)] < uses_[static_cast<std::size_t>(b)]; });
  }

  int ask_one(const clevr::scene& scene, const bit_scene& bits, int f, std::vector<clevr::question>& out) {
    const auto at = static_cast<std::size_t>(f);
    const family& family = families_[at];
    detail::search search(family, bits, counts_[at], random_);
    if (!search.run()) return 0;
    ++uses_[at];
    ++counts_[at].counts[static_cast<std::size_t>(search.answer)];
    clevr::question& q = out.emplace_back();
    q.image_index = scene.image_index;
    q.family = f;
    q.image_filename = scene.image_filename;
    q.split = scene.split;
    q.text = text_of(family, search.slots, random_);
    q.answer = clevr::answers[static_cast<std::size_t>(search.answer)];
    q.program = program_of(family, search.slots);
    return 1;
  }

  std::span<const family> families_;
  draws random_;
  std::vector<int> uses_;
  std::vector<answer_counts> counts_;
  std::vector<int> order_;
};

}  // namespace relreason::blocks
