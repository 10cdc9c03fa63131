// relreason/nn/lstm.hpp -- the last state of an LSTM over embedded tokens: how a question becomes one vector.
// Source: PyTorch's LSTM (gate order i, f, g, o; two bias vectors; zero initial state); padding modes of the published Relation Networks.
#pragma once

#include <algorithm>
#include <string>

#include "relreason/backend/host_device.hpp"
#include "relreason/nn/embedding.hpp"

namespace relreason {

// What the LSTM is fed, w1 .. wn being the tokens and L the padded length of the whole step (extent::padded). The second direction of a bi_lstm
// reads the same row from its end, pads included.
struct leading {};   // 0 .. 0 wn .. w1: padded to L, then the whole row reversed
struct packed {};    // wn .. w1
struct trailing {};  // w1 .. wn 0 .. 0: the state drifts over the pads
template <int Width>
struct lstm {
  static_assert(Width > 0, "relreason::lstm: the width must be positive");
  static constexpr int width = Width, directions = 1;
};
template <int Width>  // [last state forward ; last state backward], each after its direction's own last step
struct bi_lstm {
  static_assert(Width > 0, "relreason::bi_lstm: the width must be positive");
  static constexpr int width = Width, directions = 2;
};

namespace detail {

// On a device: places [begun[0], begun[1]) start from the state after pads[place] pads, or from zero.
template <class T>
struct begin_states {
  const int *begun, *pads;
  const T *pad_h, *pad_c;  // null: zero
  T *h, *c;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    const auto w = static_cast<std::size_t>(width), place = i / w, j = i % w;
    if (static_cast<int>(place) < begun[0] || static_cast<int>(place) >= begun[1]) return;
    const std::size_t from = pad_h ? static_cast<std::size_t>(pads[place]) * w + j : 0;
    h[i] = pad_h ? pad_h[from] : T(0);
    c[i] = pad_h ? pad_c[from] : T(0);
  }
};
// And back, column j: their gradients go to the pads' state.
template <class T>
struct end_states {
  const int *begun, *pads;
  T *dpad_h, *dpad_c;
  const T *dh, *dc;
  int width;
  RELREASON_HD void operator()(std::size_t j) const {
    const auto w = static_cast<std::size_t>(width);
    for (int place = begun[0]; place < begun[1]; ++place) {
      const std::size_t at = static_cast<std::size_t>(place) * w + j, to = static_cast<std::size_t>(pads[place]) * w + j;
      dpad_h[to] += dh[at], dpad_c[to] += dc[at];
    }
  }
};
// What came before in their rows was none of theirs: 0.
template <class T>
struct clear_states {
  const int* begun;
  T *dh, *dc;
  int width;
  RELREASON_HD void operator()(std::size_t i) const {
    const int place = static_cast<int>(i / static_cast<std::size_t>(width));
    if (place >= begun[0] && place < begun[1]) dh[i] = dc[i] = T(0);
  }
};

}  // namespace detail

// q = last state. Parameters: embedding.weight (ids, In), lstm.weight_ih_l0 (4H, In), weight_hh_l0 (4H, H), bias_ih_l0, bias_hh_l0 (4H),
// and the same with _reverse for the second direction. The input product is made once per word of the vocabulary, and the states over
// pads that a direction meets first once per step; both gradients are exact. Steps of several sequences run together, longest first; on a device
// all sequences take every step, those that have not begun yet without effect, so that a captured step serves any lengths.
template <class Cell, class Embedding, class Padding = leading>
struct last_state {
  static constexpr bool lead = std::is_same_v<Padding, leading>, trail = std::is_same_v<Padding, trailing>;
  static_assert(lead || trail || std::is_same_v<Padding, packed>, "relreason::last_state: padding must be leading, trailing or packed");

  template <class Ids>
  struct bind : operation {
    static_assert(Ids::integral && !Ids::bytes, "relreason::last_state: it reads ids<words>, not numbers");
    static_assert(Ids::space::kind == space_kind::each, "relreason::last_state: its tokens must lie on an each<...> space, several per parent");
    using word = typename Ids::space;
    static constexpr int H = Cell::width, G = 4 * H, D = Embedding::width, words = Ids::what::limit, directions = Cell::directions;
    // Direction k reads its tokens as wn .. w1, after the pads if there are any, or as w1 .. wn, before them.
    static constexpr bool inverted(int k) { return (k == 0) != trail; }
    static constexpr bool pads_first(int k) { return (lead || trail) && inverted(k); }
    static constexpr bool pads_last(int k) { return (lead || trail) && !inverted(k); }
    static constexpr int shares = lead ? 0 : trail && directions == 2 ? 1 : -1;  // the direction that meets its pads first, if any
    using out = rows<typename word::parent, H * directions>;
    template <class S>
    static constexpr bool pads() {
      return (lead || trail) && std::is_same_v<S, word>;
    }
    static constexpr bool learns = true, on_device = true;
    static constexpr int n_parameters = 1 + 4 * directions, n_prepared = 4 * directions + 2, n_shared = directions + (shares >= 0 ? 2 : 0);
    enum { pad_h = directions, pad_c };  // shared arrays, after one table per direction: the state after 0, 1, ... pads

    static void declare(declaration& d) {
      const initializer u = fan(H);
      d.parameter("embedding.weight", {words, D}, {initializer::normal, 1.0});
      for (int k = 0; k < directions; ++k) {
        const std::string end = k ? "_l0_reverse" : "_l0";
        d.parameter("lstm.weight_ih" + end, {G, D}, u);
        d.parameter("lstm.weight_hh" + end, {G, H}, u);
        d.parameter("lstm.bias_ih" + end, {G}, u);
        d.parameter("lstm.bias_hh" + end, {G}, u);
      }
    }
    static std::string text() {
      return std::string("last state of ") + (directions == 2 ? "bi-lstm " : "lstm ") + std::to_string(H) + ", embedding " + std::to_string(D) +
             (lead    ? ", leading pads"
              : trail ? ", trailing pads"
                      : ", packed");
    }
    // Forward, recurrent products only: the input product is made once per word of the vocabulary.
    template <class C>
    static double flops(const C& ctx) {
      return 2.0 * H * G * directions * ctx.template at<word>().rows;
    }
    // Prepared, per direction: W_ih, W_hh and W_hh transposed, packed; then the pads' gates and tanh(c).
    template <class C>
    static void reserve(C& ctx, reservation& r) {
      for (int k = 0; k < directions; ++k) {
        r.prepared(ctx.packed_bytes(D, G));
        r.prepared(ctx.packed_bytes(H, G));
        r.prepared(ctx.gradients ? ctx.packed_bytes(G, H) : 0);
        r.prepared(ctx.gradients ? ctx.packed_bytes(G, D) : 0);
        r.shared(extent_product(words, G));
      }
      const int pads = shares >= 0 ? ctx.template at<word>().padded : 0;
      r.prepared(extent_product(pads, G) * sizeof(typename C::real));
      r.prepared(extent_product(pads, H) * sizeof(typename C::real));
      if (shares >= 0) {
        r.shared(extent_product(pads + 1, H));
        r.shared(extent_product(pads + 1, H));
      }
      ctx.want(words, D, G);
      ctx.want(words, G, D);
      ctx.want(std::max(pads, 1), H, G);
      ctx.want(std::max(pads, 1), G, H);
    }
    template <class C>
    static void prepare(C& ctx, const slots<typename C::real>& s) {
      using T = typename C::real;
      for (int k = 0; k < directions; ++k) {
        ctx.pack(w_ih(s, k), D, false, D, G, s.prepared[4 * k]);
        ctx.pack(w_hh(s, k), H, false, H, G, s.prepared[4 * k + 1]);
        if (ctx.gradients) ctx.pack(w_hh(s, k), H, true, G, H, s.prepared[4 * k + 2]);
        if (ctx.gradients) ctx.pack(w_ih(s, k), D, true, G, D, s.prepared[4 * k + 3]);
        affine_args<T> a;  // table[word] = W_ih E[word] + b_ih + b_hh
        a.rows = words, a.k = D, a.n = G, a.x = s.parameter[0], a.ldx = D, a.w = {w_ih(s, k), D, false, s.prepared[4 * k]},
        a.bias = s.parameter[4 * k + 3];
        a.y = s.shared[k], a.ldy = G;
        ctx.affine(a);
        ctx.add_rows(words, G, s.shared[k], G, s.parameter[4 * k + 4], 0);
      }
      if constexpr (shares >= 0) {
        T *h = s.shared[pad_h], *c = s.shared[pad_c], *gates = pad_gates(s), *tc = pad_tc(s);
        ctx.fill(H, h, T(0));
        ctx.fill(H, c, T(0));
        for (int t = 0; t < ctx.template at<word>().padded; ++t) {  // state after t + 1 pads
          T* a = gates + extent_product(t, G);
          ctx.copy(G, a, s.shared[shares]);
          add_recurrent(ctx, s, shares, 1, h + extent_product(t, H), a);
          ctx.copy(H, c + extent_product(t + 1, H), c + extent_product(t, H));
          ctx.lstm_forward(1, H, a, c + extent_product(t + 1, H), tc + extent_product(t, H), h + extent_product(t + 1, H));
        }
      }
    }

    // One direction. Step t runs the first sequences of the order, as rows start[t] .. start[t + 1]: in order of falling length those that have
    // begun by then; where the pads come last, or on a device, all. Places begun[t] .. begun[t + 1] begin with step t; those without a token after
    // the last one.
    template <class T>
    struct pass {
      staged<int> order, rank;  // the sequence at each place, and each sequence's place
      staged<int> pads;         // by place: how many pads come first
      staged<int> begun;        // steps + 2
      row_groups by_token;
      int *start = nullptr, steps = 0;
      T *gates = nullptr, *before_h = nullptr, *before_c = nullptr, *tc = nullptr;  // per row
    };
    template <class T>
    struct tape {
      pass<T> passes[directions];
      int sequences = 0;
      T *h = nullptr, *c = nullptr, *dh = nullptr, *dc = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      using T = typename C::real;
      const extent& e = ctx.template at<word>();
      const int n = t.sequences = e.parents;
      for (int k = 0; k < directions; ++k) {
        pass<T>& p = t.passes[k];
        const bool all = C::on_device || pads_last(k) || ctx.memory->measuring();
        p.steps = all ? e.padded : longest_of(e);
        const int total = all ? n * p.steps : e.rows;
        if (k == 0 || lead || trail) {
          p.order = ctx.template take_table<int>(n);
          p.rank = ctx.template take_table<int>(n);
          p.pads = ctx.template take_table<int>(n);
          p.start = ctx.template take_table<int>(p.steps + 1).host;
          p.begun = ctx.template take_table<int>(p.steps + 2);
        } else {  // packed: one order for both directions
          p.order = t.passes[0].order, p.rank = t.passes[0].rank, p.pads = t.passes[0].pads, p.start = t.passes[0].start, p.begun = t.passes[0].begun;
        }
        p.by_token = ctx.take_groups(total, words);
        p.gates = ctx.memory->template take<T>(extent_product(total, G));
        p.before_h = ctx.memory->template take<T>(extent_product(total, H));
        p.before_c = ctx.memory->template take<T>(extent_product(total, H));
        p.tc = ctx.memory->template take<T>(extent_product(total, H));
        ctx.want(total, H, G);
        ctx.want(total, G, H);
      }
      t.h = ctx.memory->template take<T>(extent_product(n, H));
      t.c = ctx.memory->template take<T>(extent_product(n, H));
      if (ctx.gradients) {
        t.dh = ctx.memory->template take<T>(extent_product(n, H));
        t.dc = ctx.memory->template take<T>(extent_product(n, H));
      }
    }

    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      for (int k = 0; k < directions; ++k) {
        lay_out<C::on_device>(ctx.template at<word>(), k, t.passes[k], in.index(0));
        ctx.launches_by(t.passes[k].steps);
        ctx.close_groups(t.passes[k].by_token);
      }
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>&,
                        typename C::real* y) {
      for (int k = 0; k < directions; ++k) {
        pass<typename C::real>& p = t.passes[k];
        for (int step = 0; step < p.steps; ++step) {
          const int first = p.start[step], n = p.start[step + 1] - first;
          begin(ctx, s, k, t, step);
          auto* gates = p.gates + extent_product(first, G);
          ctx.copy(extent_product(n, H), p.before_h + extent_product(first, H), t.h);
          ctx.copy(extent_product(n, H), p.before_c + extent_product(first, H), t.c);
          ctx.copy_rows(n, G, gates, G, s.shared[k], G, p.by_token.of.at + first);
          add_recurrent(ctx, s, k, n, t.h, gates);
          ctx.lstm_forward(n, H, gates, t.c, p.tc + extent_product(first, H), t.h);
        }
        begin(ctx, s, k, t, p.steps);
        ctx.copy_rows(t.sequences, H, y + k * H, H * directions, t.h, H, p.rank.at);
      }
    }

    template <class C>
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>&,
                         const typename C::real*, const typename C::real* dy) {
      using T = typename C::real;
      for (int k = 0; k < directions; ++k) {
        const pass<T>& p = t.passes[k];
        ctx.copy_rows(t.sequences, H, t.dh, H, dy + k * H, H * directions, p.order.at);
        ctx.fill(extent_product(t.sequences, H), t.dc, T(0));
        for (int step = p.steps - 1; step >= 0; --step) {
          const int first = p.start[step], n = p.start[step + 1] - first;
          end(ctx, s, k, t, step + 1);
          T* gates = p.gates + extent_product(first, G);
          ctx.lstm_backward(n, H, gates, p.before_c + extent_product(first, H), p.tc + extent_product(first, H), t.dh, t.dc);
          recurrent_gradient(ctx, s, k, n, gates, t.dh);
        }
        end(ctx, s, k, t, 0);
        ctx.sum_groups(p.by_token, 0, p.by_token.rows, G, p.gates, G, s.dshared[k], G);
        weight_gradient(ctx, s, k, p.by_token.rows, p.gates, p.before_h);
      }
    }

    // Once per step: back through the pads, then from the vocabulary's table to W_ih, E and both biases.
    template <class C>
    static void finish(C& ctx, const slots<typename C::real>& s) {
      using T = typename C::real;
      if constexpr (shares >= 0) {
        T *dh = s.dshared[pad_h], *dc = s.dshared[pad_c], *gates = pad_gates(s);
        const int pads = ctx.template at<word>().padded;
        for (int t = pads - 1; t >= 0; --t) {
          T* a = gates + extent_product(t, G);
          ctx.lstm_backward(1, H, a, s.shared[pad_c] + extent_product(t, H), pad_tc(s) + extent_product(t, H), dh + extent_product(t + 1, H),
                            dc + extent_product(t + 1, H));
          ctx.add(G, s.dshared[shares], a);
          ctx.add(H, dc + extent_product(t, H), dc + extent_product(t + 1, H));
          affine_args<T> p;
          p.rows = 1, p.k = G, p.n = H, p.x = a, p.ldx = G, p.w = {w_hh(s, shares), H, true, s.prepared[4 * shares + 2]};
          p.y = dh + extent_product(t, H), p.ldy = H, p.accumulate = true;
          ctx.affine(p);
        }
        weight_gradient(ctx, s, shares, pads, gates, s.shared[pad_h]);
      }
      for (int k = 0; k < directions; ++k) {
        const T* d = s.dshared[k];
        outer_args<T> w;
        w.rows = words, w.m = G, w.n = D, w.a = d, w.lda = G, w.b = s.parameter[0], w.ldb = D, w.c = s.dparameter[4 * k + 1], w.ldc = D;
        ctx.outer(w);
        affine_args<T> p;
        p.rows = words, p.k = G, p.n = D, p.x = d, p.ldx = G, p.w = {w_ih(s, k), D, true, s.prepared[4 * k + 3]};
        p.y = s.dparameter[0], p.ldy = D, p.accumulate = true;
        ctx.affine(p);
        for (const int bias : {3, 4}) ctx.sum_rows(words, G, d, s.dparameter[4 * k + bias]);
      }
    }

   private:
    static initializer fan(int n) { return {initializer::uniform, 1.0 / std::sqrt(static_cast<double>(n))}; }
    template <class T>
    static const T* w_ih(const slots<T>& s, int k) {
      return s.parameter[4 * k + 1];
    }
    template <class T>
    static const T* w_hh(const slots<T>& s, int k) {
      return s.parameter[4 * k + 2];
    }
    template <class T>
    static T* pad_gates(const slots<T>& s) {
      return reinterpret_cast<T*>(s.prepared[4 * directions]);
    }
    template <class T>
    static T* pad_tc(const slots<T>& s) {
      return reinterpret_cast<T*>(s.prepared[4 * directions + 1]);
    }
    static int longest_of(const extent& e) {
      int longest = 0;
      for (int p = 0; p < e.parents; ++p) longest = std::max(longest, e.count(p));
      return longest;
    }

    // Order, rows per step and the token of every row.
    template <bool OnDevice, class T>
    static void lay_out(const extent& e, int k, pass<T>& p, const int* tokens) {
      int at = 0;
      for (int length = pads_last(k) ? 0 : p.steps; length >= 0; --length)
        for (int i = 0; i < e.parents; ++i)
          if (pads_last(k) || e.count(i) == length) {
            p.order.host[at] = i;
            p.rank.host[i] = at;
            p.pads.host[at++] = pads_first(k) ? e.padded - e.count(i) : 0;
          }
      const auto begins = [&](int place) { return pads_last(k) ? 0 : p.steps - e.count(p.order.host[place]); };
      for (int step = 0, place = 0; step <= p.steps + 1; ++step) {
        while (place < e.parents && begins(place) < step) ++place;
        p.begun.host[step] = place;
      }
      int row = 0;
      for (int step = 0; step < p.steps; ++step) {
        p.start[step] = row;
        if (OnDevice) row = (step + 1) * e.parents;  // -1 stands where none of these tokens does
        for (int i = 0; i < e.parents; ++i) {
          const int parent = p.order.host[i], length = e.count(parent);
          const int j = pads_last(k) ? step : step - (p.steps - length);  // it reads its j-th; from length on, pads
          if (j < 0) break;
          const int* w = tokens + e.begin(parent);
          p.by_token.of.host[OnDevice ? p.start[step] + i : row++] = j >= length ? 0 : w[inverted(k) ? length - 1 - j : j];
        }
      }
      p.by_token.rows = p.start[p.steps] = row;
    }
    // The state in which the places that begin with a step start: after the pads that they meet first, or zero.
    template <class C>
    static void begin(C& ctx, const slots<typename C::real>& s, int k, tape<typename C::real>& t, int step) {
      using T = typename C::real;
      const pass<T>& p = t.passes[k];
      const bool padded = shares >= 0 && pads_first(k);
      if constexpr (C::on_device) {
        if (step == 0) {  // those that begin later run too: on numbers
          ctx.fill(extent_product(t.sequences, H), t.h, T(0));
          ctx.fill(extent_product(t.sequences, H), t.c, T(0));
        }
        ctx.each(extent_product(t.sequences, H), detail::begin_states<T>{p.begun.at + step, p.pads.at, padded ? s.shared[pad_h] : nullptr,
                                                                         padded ? s.shared[pad_c] : nullptr, t.h, t.c, H});
      } else {
        const int first = p.begun.host[step], n = p.begun.host[step + 1] - first;
        if (n == 0) return;
        T *h = t.h + extent_product(first, H), *c = t.c + extent_product(first, H);
        if (padded) {
          ctx.copy_rows(n, H, h, H, s.shared[pad_h], H, p.pads.at + first);
          return ctx.copy_rows(n, H, c, H, s.shared[pad_c], H, p.pads.at + first);
        }
        ctx.fill(extent_product(n, H), h, T(0));
        ctx.fill(extent_product(n, H), c, T(0));
      }
    }
    // Back from there. Places that begin with the same step have as many pads.
    template <class C>
    static void end(C& ctx, const slots<typename C::real>& s, int k, tape<typename C::real>& t, int step) {
      using T = typename C::real;
      const pass<T>& p = t.passes[k];
      const bool padded = shares >= 0 && pads_first(k);
      if constexpr (C::on_device) {
        const int* begun = p.begun.at + step;
        if (padded) ctx.each(static_cast<std::size_t>(H), detail::end_states<T>{begun, p.pads.at, s.dshared[pad_h], s.dshared[pad_c], t.dh, t.dc, H});
        ctx.each(extent_product(t.sequences, H), detail::clear_states<T>{begun, t.dh, t.dc, H});
      } else {
        const int first = p.begun.host[step], n = p.begun.host[step + 1] - first;
        if (!padded || n == 0) return;
        const std::size_t from = extent_product(first, H), to = extent_product(p.pads.host[first], H);
        ctx.sum_rows(n, H, t.dh + from, s.dshared[pad_h] + to);
        ctx.sum_rows(n, H, t.dc + from, s.dshared[pad_c] + to);
      }
    }
    template <class C>  // gates += h W_hh^T
    static void add_recurrent(C& ctx, const slots<typename C::real>& s, int k, int n, const typename C::real* h, typename C::real* gates) {
      affine_args<typename C::real> a;
      a.rows = n, a.k = H, a.n = G, a.x = h, a.ldx = H, a.w = {w_hh(s, k), H, false, s.prepared[4 * k + 1]}, a.y = gates, a.ldy = G,
      a.accumulate = true;
      ctx.affine(a);
    }
    template <class C>  // dh = da W_hh
    static void recurrent_gradient(C& ctx, const slots<typename C::real>& s, int k, int n, const typename C::real* da, typename C::real* dh) {
      affine_args<typename C::real> a;
      a.rows = n, a.k = G, a.n = H, a.x = da, a.ldx = G, a.w = {w_hh(s, k), H, true, s.prepared[4 * k + 2]}, a.y = dh, a.ldy = H;
      ctx.affine(a);
    }
    template <class C>  // dW_hh += da^T h'
    static void weight_gradient(C& ctx, const slots<typename C::real>& s, int k, int n, const typename C::real* da, const typename C::real* h) {
      outer_args<typename C::real> w;
      w.rows = n, w.m = G, w.n = H, w.a = da, w.lda = G, w.b = h, w.ldb = H, w.c = s.dparameter[4 * k + 2], w.ldc = H;
      ctx.outer(w);
    }
  };
};

}  // namespace relreason
