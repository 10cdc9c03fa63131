// relreason/message/pair_rows.hpp -- the rows over which a relation network runs: every ordered pair of a graph's objects, pads merged.
#pragma once

#include <cstddef>

#include "relreason/core/operation.hpp"

namespace relreason {

// Row i is the pair (receiver a, sender b) of a parent, a-major. With Slots > 0 a graph of n objects counts as if padded with
// zero objects to Slots: the pads are one object more, of multiplicity m = Slots - n, so that
//   sum over Slots^2 pairs = sum over (n + 1)^2 rows of weight * g,   weight = 1, m or m^2.
// Pad rows stand behind the real ones: sender row (or receiver row) rows + parent. With Positions > 0 every row has the number of a learned
// weight, and a graph may have at most that many objects.
template <class T, int Slots, int Positions>
struct pair_rows {
  row_groups by_sender, by_receiver, by_parent, by_position;  // by_position: Positions > 0
  staged<int> start;                                          // first row of each parent; parents + 1
  staged<int> real;                                           // number among the real pairs, -1 for pads
  staged<T> weight;                                           // Slots > 0: multiplicities
  int n = 0;

  static int most_rows(const extent& pairs, const extent& receivers, const extent& senders) {
    return Slots > 0 ? pairs.rows + receivers.rows + senders.rows + pairs.parents : pairs.rows;
  }

  template <class C>
  void plan(C& ctx, const extent& pairs, const extent& receivers, const extent& senders) {
    n = most_rows(pairs, receivers, senders);
    const int pads = Slots > 0 ? pairs.parents : 0;
    by_sender = ctx.take_groups(n, senders.rows + pads);
    by_receiver = ctx.take_groups(n, receivers.rows + pads);
    by_parent = ctx.take_groups(n, pairs.parents);
    start = ctx.template take_table<int>(pairs.parents + 1);
    real = ctx.template take_table<int>(n);
    if (Slots > 0) weight = ctx.template take_table<T>(n);
    if (Positions > 0) by_position = ctx.take_groups(n, Positions * Positions);
  }

  template <class C>
  void lay_out(C& ctx, const extent& pairs, const extent& receivers, const extent& senders) {
    int found = 0, row = 0;
    for (int p = 0; p < pairs.parents; ++p) {
      start.host[p] = row;
      const int na = receivers.count(p), nb = senders.count(p);
      if (Slots > 0 && (na > Slots || nb > Slots))
        fail("sum_over: ", na > nb ? na : nb, " objects in graph ", p, " of a tile, more than its ", Slots, " slots");
      if (Positions > 0 && (na > Positions || nb > Positions))
        fail("sum_over: ", na > nb ? na : nb, " objects in graph ", p, " of a tile, more than the ", Positions, " positions of by_weights");
      const int ma = Slots > 0 ? Slots - na : 0, mb = Slots > 0 ? Slots - nb : 0;
      for (int a = 0; a < na + (ma > 0 ? 1 : 0); ++a)
        for (int b = 0; b < nb + (mb > 0 ? 1 : 0); ++b, ++row) {
          by_receiver.of.host[row] = a < na ? receivers.begin(p) + a : receivers.rows + p;
          by_sender.of.host[row] = b < nb ? senders.begin(p) + b : senders.rows + p;
          by_parent.of.host[row] = p;
          real.host[row] = a < na && b < nb ? found++ : -1;
          if (Slots > 0) weight.host[row] = static_cast<T>((a < na ? 1 : ma) * (b < nb ? 1 : mb));
          if (Positions > 0) by_position.of.host[row] = a * Positions + b;
        }
    }
    start.host[pairs.parents] = row;
    if (C::on_device)
      for (int i = row; i < n; ++i) {
        real.host[i] = -1;
        if (Slots > 0) weight.host[i] = T(0);
      }
    else n = row;
    for (row_groups* g : {&by_sender, &by_receiver, &by_parent, &by_position}) {
      if (!g->of.host) continue;
      g->rows = n;
      ctx.close_groups(*g);
    }
  }
};

}  // namespace relreason
