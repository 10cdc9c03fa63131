// relreason/nn/lstm.hpp -- the last state of an LSTM over embedded tokens: how a question becomes one vector.
// Source: PyTorch's LSTM (gate order i, f, g, o; two bias vectors; zero initial state); padding modes of the published Relation Networks.
#pragma once

#include <algorithm>
#include <string>

#include "relreason/nn/embedding.hpp"

namespace relreason {

// What the LSTM is fed, w1 .. wn being the tokens and L the padded length of the whole step (extent::padded).
struct leading {};   // 0 .. 0 wn .. w1: padded to L, then the whole row reversed
struct packed {};    // wn .. w1
struct trailing {};  // w1 .. wn 0 .. 0: the state drifts over the pads
template <int Width>
struct lstm {
  static_assert(Width > 0, "relreason::lstm: the width must be positive");
  static constexpr int width = Width, directions = 1;
};
template <int Width>  // [last state forward ; last state backward]
struct bi_lstm {
  static_assert(Width > 0, "relreason::bi_lstm: the width must be positive");
  static constexpr int width = Width, directions = 2;
};

// q = last state. Parameters: embedding.weight (ids, In), lstm.weight_ih_l0 (4H, In), weight_hh_l0 (4H, H), bias_ih_l0, bias_hh_l0 (4H),
// and the same with _reverse for the second direction. The input product is made once per word of the vocabulary, and the states over
// leading pads once per step; both gradients are exact. Steps of several sequences run together, longest first.
template <class Cell, class Embedding, class Padding = leading>
struct last_state {
  static constexpr bool lead = std::is_same_v<Padding, leading>, trail = std::is_same_v<Padding, trailing>;
  static_assert(lead || trail || std::is_same_v<Padding, packed>, "relreason::last_state: padding must be leading, trailing or packed");
  static_assert(Cell::directions == 1 || std::is_same_v<Padding, packed>, "relreason::last_state: a bi_lstm reads packed sequences");

  template <class Ids>
  struct bind : operation {
    static_assert(Ids::integral, "relreason::last_state: it reads ids<words>, not numbers");
    static_assert(Ids::space::kind == space_kind::each, "relreason::last_state: its tokens must lie on an each<...> space, several per parent");
    using word = typename Ids::space;
    static constexpr int H = Cell::width, G = 4 * H, D = Embedding::width, words = Ids::what::limit, directions = Cell::directions;
    using out = rows<typename word::parent, H * directions>;
    template <class S>
    static constexpr bool pads() {
      return (lead || trail) && std::is_same_v<S, word>;
    }
    static constexpr bool learns = true;
    static constexpr int n_parameters = 1 + 4 * directions, n_prepared = 4 * directions + 2, n_shared = directions + (lead ? 2 : 0);
    enum { table = 0, pad_h = 1, pad_c = 2 };  // shared arrays; the second direction has a table only, in place of pad_h

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
        r.prepared(ctx.kernel->packed_bytes(D, G));
        r.prepared(ctx.kernel->packed_bytes(H, G));
        r.prepared(ctx.gradients ? ctx.kernel->packed_bytes(G, H) : 0);
        r.prepared(ctx.gradients ? ctx.kernel->packed_bytes(G, D) : 0);
        r.shared(extent_product(words, G));
      }
      const int pads = lead ? ctx.template at<word>().padded : 0;
      r.prepared(extent_product(pads, G) * sizeof(typename C::real));
      r.prepared(extent_product(pads, H) * sizeof(typename C::real));
      if (lead) {
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
        ctx.kernel->pack(w_ih(s, k), D, false, D, G, s.prepared[4 * k]);
        ctx.kernel->pack(w_hh(s, k), H, false, H, G, s.prepared[4 * k + 1]);
        if (ctx.gradients) ctx.kernel->pack(w_hh(s, k), H, true, G, H, s.prepared[4 * k + 2]);
        if (ctx.gradients) ctx.kernel->pack(w_ih(s, k), D, true, G, D, s.prepared[4 * k + 3]);
        affine_args<T> a;  // table[word] = W_ih E[word] + b_ih + b_hh
        a.rows = words, a.k = D, a.n = G, a.x = s.parameter[0], a.ldx = D, a.packed = s.prepared[4 * k], a.bias = s.parameter[4 * k + 3];
        a.y = s.shared[k], a.ldy = G;
        ctx.affine(a);
        for (int i = 0; i < words; ++i) ctx.kernel->row->add(G, s.shared[k] + extent_product(i, G), s.parameter[4 * k + 4]);
      }
      if (!lead) return;
      T *h = s.shared[pad_h], *c = s.shared[pad_c], *gates = pad_gates(s), *tc = pad_tc(s);
      std::fill_n(h, H, T(0));
      std::fill_n(c, H, T(0));
      for (int t = 0; t < ctx.template at<word>().padded; ++t) {  // state after t + 1 pads
        T* a = gates + extent_product(t, G);
        std::copy_n(s.shared[table], G, a);
        add_recurrent(ctx, s, 0, 1, h + extent_product(t, H), a);
        std::copy_n(c + extent_product(t, H), H, c + extent_product(t + 1, H));
        ctx.kernel->row->lstm_forward(1, H, a, c + extent_product(t + 1, H), tc + extent_product(t, H), h + extent_product(t + 1, H));
      }
    }

    // Sequences in order of falling length; step t runs the first active[t] of them, as rows start[t] .. start[t + 1].
    template <class T>
    struct tape {
      int *order = nullptr, *start = nullptr, *token[2]{};
      int steps = 0, sequences = 0;
      T *gates[2]{}, *before_h[2]{}, *before_c[2]{}, *tc[2]{};  // per row
      T *h = nullptr, *c = nullptr, *dh = nullptr, *dc = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      using T = typename C::real;
      const extent& e = ctx.template at<word>();
      const int n = e.parents;
      t.sequences = n;
      const int longest = trail || ctx.memory->measuring() ? e.padded : longest_of(e);
      const int total = trail || ctx.memory->measuring() ? n * longest : e.rows;
      t.order = ctx.memory->template take<int>(static_cast<std::size_t>(n));
      t.start = ctx.memory->template take<int>(static_cast<std::size_t>(longest) + 1);
      t.steps = longest;
      for (int k = 0; k < directions; ++k) {
        t.token[k] = ctx.memory->template take<int>(static_cast<std::size_t>(total));
        t.gates[k] = ctx.memory->template take<T>(extent_product(total, G));
        t.before_h[k] = ctx.memory->template take<T>(extent_product(total, H));
        t.before_c[k] = ctx.memory->template take<T>(extent_product(total, H));
        t.tc[k] = ctx.memory->template take<T>(extent_product(total, H));
      }
      t.h = ctx.memory->template take<T>(extent_product(n, H));
      t.c = ctx.memory->template take<T>(extent_product(n, H));
      if (ctx.gradients) {
        t.dh = ctx.memory->template take<T>(extent_product(n, H));
        t.dc = ctx.memory->template take<T>(extent_product(n, H));
      }
      ctx.want(total, H, G);
      ctx.want(total, G, H);
    }

    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      using T = typename C::real;
      const extent& e = ctx.template at<word>();
      lay_out(e, t, in.index(0));
      for (int k = 0; k < directions; ++k) {
        int active = 0;
        for (int step = 0; step < t.steps; ++step) {
          const int first = t.start[step], n = t.start[step + 1] - first;
          for (; active < n; ++active) begin(e, s, t, active);
          T* gates = t.gates[k] + extent_product(first, G);
          std::copy_n(t.h, extent_product(n, H), t.before_h[k] + extent_product(first, H));
          std::copy_n(t.c, extent_product(n, H), t.before_c[k] + extent_product(first, H));
          for (int i = 0; i < n; ++i) std::copy_n(s.shared[k] + extent_product(t.token[k][first + i], G), G, gates + extent_product(i, G));
          add_recurrent(ctx, s, k, n, t.h, gates);
          ctx.kernel->row->lstm_forward(n, H, gates, t.c, t.tc[k] + extent_product(first, H), t.h);
        }
        for (; active < t.sequences; ++active) begin(e, s, t, active);
        for (int i = 0; i < t.sequences; ++i) std::copy_n(t.h + extent_product(i, H), H, y + extent_product(t.order[i], H * directions) + k * H);
      }
    }

    template <class C>
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>&,
                         const typename C::real*, const typename C::real* dy) {
      using T = typename C::real;
      for (int k = 0; k < directions; ++k) {
        for (int i = 0; i < t.sequences; ++i) std::copy_n(dy + extent_product(t.order[i], H * directions) + k * H, H, t.dh + extent_product(i, H));
        std::fill_n(t.dc, extent_product(t.sequences, H), T(0));
        int active = t.sequences;
        for (int step = t.steps - 1; step >= 0; --step) {
          const int first = t.start[step], n = t.start[step + 1] - first;
          for (; active > n; --active) end(ctx, s, t, active - 1);
          T* gates = t.gates[k] + extent_product(first, G);
          ctx.kernel->row->lstm_backward(n, H, gates, t.before_c[k] + extent_product(first, H), t.tc[k] + extent_product(first, H), t.dh, t.dc);
          ctx.kernel->row->scatter(n, G, gates, t.token[k] + first, s.dshared[k]);
          recurrent_gradient(ctx, s, k, n, gates, t.dh);
        }
        for (; active > 0; --active) end(ctx, s, t, active - 1);
        weight_gradient(ctx, s, k, t.start[t.steps], t.gates[k], t.before_h[k]);
      }
    }

    // Once per step: back through the pads, then from the vocabulary's table to W_ih, E and both biases.
    template <class C>
    static void finish(C& ctx, const slots<typename C::real>& s) {
      using T = typename C::real;
      if (lead) {
        T *dh = s.dshared[pad_h], *dc = s.dshared[pad_c], *gates = pad_gates(s);
        const int pads = ctx.template at<word>().padded;
        for (int t = pads - 1; t >= 0; --t) {
          T* a = gates + extent_product(t, G);
          ctx.kernel->row->lstm_backward(1, H, a, s.shared[pad_c] + extent_product(t, H), pad_tc(s) + extent_product(t, H),
                                         dh + extent_product(t + 1, H), dc + extent_product(t + 1, H));
          ctx.kernel->row->add(G, s.dshared[table], a);
          ctx.kernel->row->add(H, dc + extent_product(t, H), dc + extent_product(t + 1, H));
          affine_args<T> p;
          p.rows = 1, p.k = G, p.n = H, p.x = a, p.ldx = G, p.packed = s.prepared[2], p.y = dh + extent_product(t, H), p.ldy = H, p.accumulate = true;
          ctx.affine(p);
        }
        weight_gradient(ctx, s, 0, pads, gates, s.shared[pad_h]);
      }
      for (int k = 0; k < directions; ++k) {
        const T* d = s.dshared[k];
        outer_args<T> w;
        w.rows = words, w.m = G, w.n = D, w.a = d, w.lda = G, w.b = s.parameter[0], w.ldb = D, w.c = s.dparameter[4 * k + 1], w.ldc = D;
        ctx.outer(w);
        affine_args<T> p;
        p.rows = words, p.k = G, p.n = D, p.x = d, p.ldx = G, p.packed = s.prepared[4 * k + 3], p.y = s.dparameter[0], p.ldy = D, p.accumulate = true;
        ctx.affine(p);
        for (const int bias : {3, 4}) ctx.kernel->row->sum_rows(words, G, d, s.dparameter[4 * k + bias]);
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
    template <class T>
    static void lay_out(const extent& e, tape<T>& t, const int* tokens) {
      const int n = t.sequences;
      int* first = t.start;  // counting sort by falling length, with start[] as scratch
      std::fill_n(first, t.steps + 1, 0);
      int at = 0;
      for (int length = trail ? 0 : t.steps; length >= 0; --length)
        for (int p = 0; p < n; ++p)
          if (trail || e.count(p) == length) t.order[at++] = p;
      int row = 0;
      for (int step = 0; step < t.steps; ++step) {
        t.start[step] = row;
        for (int i = 0; i < n; ++i) {
          const int p = t.order[i], length = e.count(p), j = trail ? step : step - (t.steps - length);  // j-th token that this sequence reads
          if (j < 0) break;
          const int* w = tokens + e.begin(p);
          t.token[0][row] = trail ? (j < length ? w[j] : 0) : w[length - 1 - j];
          if (directions == 2) t.token[1][row] = w[j];
          ++row;
        }
      }
      t.start[t.steps] = row;
    }
    // The state in which sequence i of the order starts: after its leading pads, or zero.
    template <class T>
    static void begin(const extent& e, const slots<T>& s, tape<T>& t, int i) {
      T *h = t.h + extent_product(i, H), *c = t.c + extent_product(i, H);
      if (lead) {
        const int pads = e.padded - e.count(t.order[i]);
        std::copy_n(s.shared[pad_h] + extent_product(pads, H), H, h);
        std::copy_n(s.shared[pad_c] + extent_product(pads, H), H, c);
      } else {
        std::fill_n(h, H, T(0));
        std::fill_n(c, H, T(0));
      }
    }
    template <class C>
    static void end(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, int i) {
      if (!lead) return;
      const extent& e = ctx.template at<word>();
      const int pads = e.padded - e.count(t.order[i]);
      ctx.kernel->row->add(H, s.dshared[pad_h] + extent_product(pads, H), t.dh + extent_product(i, H));
      ctx.kernel->row->add(H, s.dshared[pad_c] + extent_product(pads, H), t.dc + extent_product(i, H));
    }
    template <class C>  // gates += h W_hh^T
    static void add_recurrent(C& ctx, const slots<typename C::real>& s, int k, int n, const typename C::real* h, typename C::real* gates) {
      affine_args<typename C::real> a;
      a.rows = n, a.k = H, a.n = G, a.x = h, a.ldx = H, a.packed = s.prepared[4 * k + 1], a.y = gates, a.ldy = G, a.accumulate = true;
      ctx.affine(a);
    }
    template <class C>  // dh = da W_hh
    static void recurrent_gradient(C& ctx, const slots<typename C::real>& s, int k, int n, const typename C::real* da, typename C::real* dh) {
      affine_args<typename C::real> a;
      a.rows = n, a.k = G, a.n = H, a.x = da, a.ldx = G, a.packed = s.prepared[4 * k + 2], a.y = dh, a.ldy = H;
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
