// relreason/message/pair_sides.hpp -- side results of a sum over pairs: the size of each pair's part, and a picture's features.
// Source: "Re-implementing and Extending Relation Network for R-CBIR", Sec. 3.1 (features); message/sum_over.hpp.
#pragma once

#include <algorithm>
#include <limits>

#include "relreason/core/operation.hpp"
#include "relreason/message/pair_passes.hpp"

namespace relreason::detail {

// Rule: a bound sum over pairs. Both work without its forward pass.
template <class Rule>
struct pair_sides {
  // |row_weight * g| for every real pair.
  template <class C, class Tape>
  static void sizes(C& ctx, const slots<typename C::real>& s, Tape& t, const arguments<typename C::real>& in, typename C::real* to) {
    using T = typename C::real;
    Rule::node_forward(ctx, s, t, in);
    const T* row_weight = Rule::weights_of_rows(ctx, s, t);
    for (int first = 0; first < t.pairs.n; first += Rule::some_rows(ctx, t)) {
      const int last = std::min(first + Rule::some_rows(ctx, t), t.pairs.n);
      Rule::run_layers(ctx, s, t, first, last, Rule::n);
      ctx.each(at(last - first),
               pair_norms<T>{to, t.z[(Rule::n - 1) % 2], row_weight ? row_weight + first : nullptr, t.pairs.real.at + first, Rule::width});
    }
  }
  // Mean or maximum over a parent's pairs of z / |z|, z: what enters the question's layer beside the question.
  template <bool Max, class C, class Tape>
  static void features(C& ctx, const slots<typename C::real>& s, Tape& t, const arguments<typename C::real>& in, typename C::real* to) {
    using T = typename C::real;
    constexpr int w = Rule::feature_width, layers = Rule::q_at;
    const int parents = static_cast<int>(t.pairs.by_parent.groups);
    if (layers > 0) Rule::node_forward(ctx, s, t, in);
    ctx.fill(extent_product(parents, w), to, Max ? -std::numeric_limits<T>::infinity() : T(0));
    for (int first = 0; first < t.pairs.n; first += Rule::some_rows(ctx, t)) {
      const int last = std::min(first + Rule::some_rows(ctx, t), t.pairs.n), m = last - first;
      const stored<T> z = t.z[std::max(layers - 1, 0) % 2];
      if (layers > 0) Rule::run_layers(ctx, s, t, first, last, layers);
      else {
        ctx.copy_rows(m, Rule::sender_width, z, w, in.real(0), Rule::sender_width, t.pairs.by_sender.of.at + first);
        ctx.copy_rows(m, w - Rule::sender_width, z + Rule::sender_width, w, in.real(1), w - Rule::sender_width, t.pairs.by_receiver.of.at + first);
      }
      ctx.each(at(m), inverse_norms<T>{t.inverse, z, w});
      if (Max) {
        ctx.scale_rows(m, w, z, t.inverse);
        ctx.max_groups(t.pairs.by_parent, first, m, w, z, to, t.feature_best);
      } else {
        ctx.sum_groups(t.pairs.by_parent, first, m, w, z, w, to, w, t.inverse);
      }
    }
    if (Max) ctx.each(extent_product(parents, w), empty_to_zero<T>{to, t.pairs.start.at, w});
    else ctx.each(extent_product(parents, w), over_pairs<T>{to, t.pairs.start.at, w});
  }

 private:
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
};

}  // namespace relreason::detail
