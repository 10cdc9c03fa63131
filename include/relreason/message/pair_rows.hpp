// relreason/message/pair_rows.hpp -- the rows over which a relation network runs: every ordered pair of a graph's objects, pads merged.
#pragma once

#include <cstddef>

#include "relreason/core/operation.hpp"

namespace relreason {

// Row p is the pair (receiver a, sender b) of parent segment[p], a-major. With Slots > 0 a graph of n objects counts as if padded with
// zero objects to Slots: the pads are one object more, of multiplicity m = Slots - n, so that
//   sum over Slots^2 pairs = sum over (n + 1)^2 rows of row_weight * g,   row_weight = 1, m or m^2.
// Pad rows stand behind the real ones: sender row (or receiver row) rows + parent. With Positions > 0 rows have room for a learned weight
// each, and a graph may have at most that many objects.
template <class T, int Slots, int Positions>
struct pair_rows {
  int *sender = nullptr, *receiver = nullptr, *segment = nullptr, *start = nullptr;  // start: parents + 1 first rows
  T* row_weight = nullptr;                                                           // null where all are 1
  int n = 0;

  static int most_rows(const extent& pairs, const extent& receivers, const extent& senders) {
    return Slots > 0 ? pairs.rows + receivers.rows + senders.rows + pairs.parents : pairs.rows;
  }

  template <class C>
  void plan(C& ctx, const extent& pairs, const extent& receivers, const extent& senders) {
    const auto most = static_cast<std::size_t>(most_rows(pairs, receivers, senders));
    sender = ctx.memory->template take<int>(most);
    receiver = ctx.memory->template take<int>(most);
    segment = ctx.memory->template take<int>(most);
    start = ctx.memory->template take<int>(static_cast<std::size_t>(pairs.parents) + 1);
    row_weight = Slots > 0 || Positions > 0 ? ctx.memory->template take<T>(most) : nullptr;
    n = static_cast<int>(most);
    if (!ctx.memory->measuring()) fill(pairs, receivers, senders);
  }

 private:
  void fill(const extent& pairs, const extent& receivers, const extent& senders) {
    n = 0;
    for (int p = 0; p < pairs.parents; ++p) {
      start[p] = n;
      const int na = receivers.count(p), nb = senders.count(p);
      if (Slots > 0 && (na > Slots || nb > Slots))
        fail("sum_over: ", na > nb ? na : nb, " objects in graph ", p, " of a tile, more than its ", Slots, " slots");
      if (Positions > 0 && (na > Positions || nb > Positions))
        fail("sum_over: ", na > nb ? na : nb, " objects in graph ", p, " of a tile, more than the ", Positions, " positions of by_weights");
      const int ma = Slots > 0 ? Slots - na : 0, mb = Slots > 0 ? Slots - nb : 0;
      for (int a = 0; a < na + (ma > 0 ? 1 : 0); ++a)
        for (int b = 0; b < nb + (mb > 0 ? 1 : 0); ++b) {
          receiver[n] = a < na ? receivers.begin(p) + a : receivers.rows + p;
          sender[n] = b < nb ? senders.begin(p) + b : senders.rows + p;
          segment[n] = p;
          if (row_weight) row_weight[n] = static_cast<T>((a < na ? 1 : ma) * (b < nb ? 1 : mb));
          ++n;
        }
    }
    start[pairs.parents] = n;
  }
};

}  // namespace relreason
