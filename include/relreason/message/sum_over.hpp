// relreason/message/sum_over.hpp -- the Relation Network: r = sum over pairs (a, b) of g([s_b ; o_a ; q]), with its variants.
// Source: Santoro et al., NIPS 2017, Eq. (1); question injection and aggregation of 2S-RN and AVF-RN, Messina et al., ECCV-W 2018, IJMIR 2019.
// The first layer is factored, W [s ; o ; q] + c = A s + B o + (C q + c), exact in real arithmetic; pairs are never concatenated in memory.
#pragma once

#include <limits>
#include <string>

#include "relreason/backend/rows.hpp"
#include "relreason/message/aggregator.hpp"
#include "relreason/message/pair_rows.hpp"
#include "relreason/nn/layers.hpp"

namespace relreason {

namespace detail {

struct no_question {
  static constexpr int width = 0;
};

}  // namespace detail

// g is an mlp<...>. Values: senders' features, receivers' features, and (optional) a value of a space that holds the pairs.
// Parameters: g.<layer>.weight, g.<layer>.bias with columns [sender ; receiver ; question], and agg.weight for by_weights.
// Side result "pairs", on Pair: |g| of each pair, the size of its part of r.
template <class Pair, class G, class... Options>
struct sum_over {
  static_assert(!std::is_same_v<G, G>, "relreason::sum_over: the second argument must be an mlp<...>");
};

template <class... Layers>
struct mlp;

template <class Pair, class... Layers, class... Options>
struct sum_over<Pair, mlp<Layers...>, Options...> {
  static constexpr detail::pair_options options = detail::read_pair_options<Options...>();
  static_assert(Pair::kind == space_kind::all_pairs, "relreason::sum_over: its space must be an all_pairs<...>");
  static_assert(
      !(options.slots > 0 && options.by == detail::aggregator::weights),
      "relreason::sum_over: by_weights is tied to pair positions and cannot merge padded objects; give it the zero rows instead of padded<n>");

  template <class S, class R, class... Q>
  struct bind : operation {
    static_assert(same_space<typename S::space, typename Pair::sender>,
                  "relreason::sum_over: its first value must have one row per sender of the pairs");
    static_assert(same_space<typename R::space, typename Pair::receiver>,
                  "relreason::sum_over: its second value must have one row per receiver of the pairs");
    static_assert(sizeof...(Q) <= 1, "relreason::sum_over: at most three values: senders, receivers, question");
    static_assert(!S::integral && !R::integral && (!Q::integral && ...), "relreason::sum_over: its values must be numbers, not ids or labels");
    static_assert((inside<Pair, typename Q::space>() && ...), "relreason::sum_over: its third value must lie on a space that holds the pairs");
    static constexpr bool asked = sizeof...(Q) == 1;
    static constexpr int q_width = (0 + ... + Q::width), q_at = asked ? options.question_layer : -1;
    static constexpr int n = layer_table<Layers...>::n;
    static_assert(q_at < n, "relreason::sum_over: question_at names a layer that g does not have");
    static constexpr auto layers = layer_table<Layers...>::make(S::width + R::width, q_width, q_at);
    static constexpr bool drops_layer() {
      for (const layer_info& l : layers)
        if (l.dropout) return true;
      return false;
    }
    static_assert(!(options.slots > 0 && drops_layer()),
                  "relreason::sum_over: dropout inside g cannot be merged with padded<n>: every padded pair has its own mask");
    static constexpr int H0 = layers[0].out, width = layers[n - 1].out;
    using out = rows<typename Pair::parent, width>;
    using spaces = list<Pair>;
    static constexpr bool learns = true;
    static constexpr int forward_packs = n + 2, agg = 2 * n;
    static constexpr int n_parameters = 2 * n + (options.by == detail::aggregator::weights ? 1 : 0), n_prepared = 2 * forward_packs;
    static constexpr detail::aggregator by = options.by;
    static constexpr int chunk = 192;  // pair rows at a time: two buffers and a weight matrix stay in L2

    static void declare(declaration& d) {
      for (int l = 0; l < n; ++l) declare_linear(d, "g." + std::to_string(l) + ".", info(l).in, info(l).out);
      if (by == detail::aggregator::weights) d.parameter("agg.weight", {options.positions * options.positions}, {initializer::uniform, 1.0});
    }
    static std::string text() {
      constexpr const char* names[] = {"sum", "mean", "max", "weighted sum"};
      return std::string(names[static_cast<int>(by)]) + " over " + std::string(space_name<Pair>()) + " of mlp " + layers_text(layers) +
             (options.slots ? ", padded to " + std::to_string(options.slots) : "") + (q_at > 0 ? ", question at layer " + std::to_string(q_at) : "");
    }
    // Forward, with the first layer factored and pads merged.
    template <class C>
    static double flops(const C& ctx) {
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      double sum = 2.0 * H0 * (static_cast<double>(S::width) * b.rows + static_cast<double>(R::width) * a.rows);
      if (asked) sum += 2.0 * q_width * info(std::max(q_at, 0)).out * e.parents;
      const double pairs = pair_rows<float, options.slots, options.positions>::most_rows(e, a, b);
      for (int l = 1; l < n; ++l) sum += 2.0 * pairs * pair_width(l) * info(l).out;
      return sum;
    }
    // Prepared: sender, receiver and question blocks of layer 0, layers 1.. (and, for gradients, all of them transposed), the question block of q_at > 0.
    template <class C>
    static void reserve(C& ctx, reservation& r) {
      const auto packs = [&](auto&& pack) {
        pack(S::width, H0);
        pack(R::width, H0);
        pack(std::max(q_width, 1), asked ? info(std::max(q_at, 0)).out : 1);
        for (int l = 1; l < n; ++l) pack(pair_width(l), info(l).out);
      };
      packs([&](int k, int m) { r.prepared(ctx.kernel->packed_bytes(k, m)); });
      packs([&](int k, int m) { r.prepared(ctx.gradients ? ctx.kernel->packed_bytes(m, k) : 0); });
    }
    template <class C>
    static void prepare(C& ctx, const slots<typename C::real>& s) {
      for (int transposed = 0; transposed <= (ctx.gradients ? 1 : 0); ++transposed) {
        std::byte* const* to = s.prepared + transposed * forward_packs;
        const auto pack = [&](int l, int first, int k, std::byte* p) {
          const auto* w = s.parameter[2 * l] + first;
          if (transposed) ctx.kernel->pack(w, info(l).in, true, info(l).out, k, p);
          else ctx.kernel->pack(w, info(l).in, false, k, info(l).out, p);
        };
        pack(0, 0, S::width, to[0]);
        pack(0, S::width, R::width, to[1]);
        if (asked) pack(q_at, info(q_at).in - q_width, q_width, to[2]);
        for (int l = 1; l < n; ++l) pack(l, 0, pair_width(l), to[2 + l]);
      }
    }

    template <class T>
    struct tape {
      pair_rows<T, options.slots, options.positions> pairs;
      T *u = nullptr, *v = nullptr, *q = nullptr;  // factored layer 0 per sender and receiver; question part per parent
      T* h[n]{};                                   // h[l]: stored output of layer l (training)
      T *z[2]{}, *du = nullptr, *dv = nullptr, *dq = nullptr;
      std::uint32_t* bits = nullptr;  // last layer's output > 0
      int* best = nullptr;            // by_max: the row that won, per parent and feature
      const int* q_row = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      t.pairs.plan(ctx, e, a, b);
      const int rows = t.pairs.n, some = std::min(rows, chunk);
      const auto take = [&](int r, int w) { return ctx.memory->template take<T>(extent_product(r, w)); };
      t.u = take(b.rows + e.parents, H0);
      t.v = take(a.rows + e.parents, H0);
      if (asked) {
        t.q = take(e.parents, info(q_at).out);
        t.q_row = question_rows(ctx);
      }
      const bool keep = ctx.gradients;
      for (int l = 1; l < n; ++l) t.h[l] = keep && (l + 1 < n || by == detail::aggregator::weights) ? take(rows, info(l).out) : nullptr;
      int widest = 0;
      for (const layer_info& l : layers) {
        widest = std::max(widest, l.out);
        ctx.want(some, l.in, l.out);
        ctx.want(some, l.out, l.in);
      }
      for (const int k : {S::width, R::width, std::max(q_width, 1)})
        ctx.want(std::max({a.rows, b.rows, e.parents}) + e.parents, k, widest),
            ctx.want(std::max({a.rows, b.rows, e.parents}) + e.parents, widest, k);
      t.z[0] = take(some, widest);
      t.z[1] = take(some, widest);
      if (by == detail::aggregator::max) t.best = ctx.memory->template take<int>(extent_product(e.parents, width));
      if (!keep) return;
      t.bits = ctx.memory->template take<std::uint32_t>(extent_product(rows, words));
      t.du = take(b.rows + e.parents, H0);
      t.dv = take(a.rows + e.parents, H0);
      if (asked) t.dq = take(e.parents, info(q_at).out);
    }

    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* r) {
      using T = typename C::real;
      const extent& e = ctx.template at<Pair>();
      node_forward(ctx, s, t, in);
      const T start = by == detail::aggregator::max ? -std::numeric_limits<T>::infinity() : T(0);
      std::fill_n(r, extent_product(e.parents, width), start);
      const T* row_weight = position_weights(ctx, s, t);
      for (int first = 0; first < t.pairs.n; first += chunk) {
        const int last = std::min(first + chunk, t.pairs.n);
        run_layers(ctx, s, t, first, last, n - 1);
        aggregate_last(ctx, s, t, row_weight, first, last, r);
      }
      if (by == detail::aggregator::mean)
        for (int p = 0; p < e.parents; ++p) ctx.kernel->row->scale(width, r + extent_product(p, width), mean_factor<T>(t, p));
      if (by == detail::aggregator::max)
        for (int p = 0; p < e.parents; ++p)
          if (t.pairs.start[p] == t.pairs.start[p + 1]) std::fill_n(r + extent_product(p, width), width, T(0));
    }

    template <class C>
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dr) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      std::fill_n(t.du, extent_product(b.rows + e.parents, H0), T(0));
      std::fill_n(t.dv, extent_product(a.rows + e.parents, H0), T(0));
      if (asked) std::fill_n(t.dq, extent_product(e.parents, info(q_at).out), T(0));
      const T* row_weight = position_weights(ctx, s, t);
      for (int first = 0; first < t.pairs.n; first += chunk) {
        const int last = std::min(first + chunk, t.pairs.n), m = last - first;
        T *d = t.z[0], *other = t.z[1];
        last_gradient(ctx, s, t, row_weight, first, last, dr, d);
        for (int l = n - 1; l > 0; --l) {
          const layer_info& f = info(l);
          if (l + 1 < n) drop(ctx, l, first, m, d);
          if (s.dparameter[2 * l + 1]) ctx.kernel->row->sum_rows(m, at(f.out), d, s.dparameter[2 * l + 1]);
          if (l == q_at) ctx.kernel->row->scatter(m, at(f.out), d, t.pairs.segment + first, t.dq);
          const T* below = t.h[l - 1] ? t.h[l - 1] + extent_product(first, info(l - 1).out) : nullptr;
          if (l == 1) {  // layer 0 is rebuilt, in the buffer that its gradient will not use
            build(ctx, t, first, m, other);
            below = other;
          }
          if (s.dparameter[2 * l]) product_gradient(ctx, m, d, f.out, below, pair_width(l), s.dparameter[2 * l], f.in);
          affine_args<T> p;
          p.rows = m, p.k = f.out, p.n = pair_width(l);
          p.x = d, p.ldx = f.out;
          p.packed = s.prepared[forward_packs + 2 + l];
          p.y = other, p.ldy = pair_width(l);
          if (info(l - 1).relu) p.gate = below, p.ldgate = pair_width(l);
          ctx.affine(p);
          std::swap(d, other);
        }
        if (n > 1) drop(ctx, 0, first, m, d);
        ctx.kernel->row->scatter(m, at(H0), d, t.pairs.sender + first, t.du);
        ctx.kernel->row->scatter(m, at(H0), d, t.pairs.receiver + first, t.dv);
      }
      node_backward(ctx, s, t, in);
    }

    // Side result "pairs": |row_weight * g| for every real pair.
    template <name Side>
    using side = std::conditional_t<Side == name("pairs"), rows<Pair, 1>, void>;
    template <name Side, class C>
    static void side_result(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>&,
                            typename C::real* to) {
      using T = typename C::real;
      const extent &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      const T* row_weight = position_weights(ctx, s, t);
      for (int first = 0; first < t.pairs.n; first += chunk) {
        const int last = std::min(first + chunk, t.pairs.n);
        run_layers(ctx, s, t, first, last, n);
        for (int i = first; i < last; ++i) {
          if (t.pairs.receiver[i] >= a.rows || t.pairs.sender[i] >= b.rows) continue;
          const T* z = t.z[(n - 1) % 2] + extent_product(i - first, width);
          *to++ = std::sqrt(rows_of::dot(at(width), z, z)) * (row_weight ? std::abs(row_weight[i]) : T(1));
        }
      }
    }

   private:
    static constexpr int words = (width + 31) / 32;
    static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
    static constexpr const layer_info& info(int l) { return layers[at(l)]; }
    static constexpr int pair_width(int l) { return info(l).in - (l == q_at ? q_width : 0); }  // input columns that depend on the pair

    template <class C>
    static const int* question_rows(C& ctx) {
      if constexpr (asked) return rows_above<typename Pair::parent, typename deepest<Q...>::space>(ctx);
      else return nullptr;
    }
    template <class T>
    static T mean_factor(const tape<T>& t, int p) {
      const int pairs = options.slots > 0 ? options.slots * options.slots : t.pairs.start[p + 1] - t.pairs.start[p];
      return pairs ? T(1) / static_cast<T>(pairs) : T(0);
    }

    // u_b = A s_b,  v_a = B o_a + (C q + c); pads: u = 0, v = C q + c.    Or, for q_at > 0, only the question part of that layer.
    template <class C>
    static void node_forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      affine_args<T> p;
      p.rows = b.rows, p.k = S::width, p.n = H0, p.x = in.real(0), p.ldx = S::width, p.packed = s.prepared[0], p.y = t.u, p.ldy = H0;
      ctx.affine(p);
      std::fill_n(t.u + extent_product(b.rows, H0), extent_product(e.parents, H0), T(0));
      const T* bias = s.parameter[1];
      if (asked) {
        const int w = info(q_at).out;
        for (int i = 0; i < e.parents; ++i) {  // one row at a time: parents may read the same outer row
          affine_args<T> f;
          f.rows = 1, f.k = q_width, f.n = w, f.x = in.real(2) + extent_product(t.q_row ? t.q_row[i] : i, q_width), f.ldx = q_width;
          f.packed = s.prepared[2], f.bias = s.parameter[2 * q_at + 1], f.y = t.q + extent_product(i, w), f.ldy = w;
          if (!t.q_row) f.rows = e.parents;
          ctx.affine(f);
          if (!t.q_row) break;
        }
      }
      const bool question_first = q_at == 0;
      p.rows = a.rows, p.k = R::width, p.x = in.real(1), p.ldx = R::width, p.packed = s.prepared[1], p.y = t.v,
      p.bias = question_first ? nullptr : bias;
      ctx.affine(p);
      for (int i = 0; i < e.parents; ++i) {
        const T* start = question_first ? t.q + extent_product(i, H0) : bias;
        std::copy_n(start, H0, t.v + extent_product(a.rows + i, H0));
        for (int k = 0; question_first && k < a.count(i); ++k) ctx.kernel->row->add(at(H0), t.v + extent_product(a.begin(i) + k, H0), start);
      }
    }

    template <class C>
    static void node_backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      T* db = s.dparameter[1];
      for (int i = 0; i < e.parents; ++i) {
        const auto each = [&](T* to) {
          ctx.kernel->row->sum_rows(a.count(i), at(H0), t.dv + extent_product(a.begin(i), H0), to);
          ctx.kernel->row->add(at(H0), to, t.dv + extent_product(a.rows + i, H0));
        };
        if (q_at == 0) each(t.dq + extent_product(i, H0));
        if (db && q_at == 0) ctx.kernel->row->add(at(H0), db, t.dq + extent_product(i, H0));
        if (db && q_at != 0) each(db);
      }
      T* dw = s.dparameter[0];
      const auto node = [&](const extent& x, int k, const T* d, int which, int first) {
        if (dw) product_gradient(ctx, x.rows, d, H0, in.real(which), k, dw + first, info(0).in);
        if (!in.dx[which]) return;
        affine_args<T> p;
        p.rows = x.rows, p.k = H0, p.n = k, p.x = d, p.ldx = H0, p.packed = s.prepared[forward_packs + which], p.y = in.dx[which], p.ldy = k,
        p.accumulate = true;
        ctx.affine(p);
      };
      node(b, S::width, t.du, 0, 0);
      node(a, R::width, t.dv, 1, S::width);
      if (!asked) return;
      const int w = info(std::max(q_at, 0)).out;
      T* dwq = s.dparameter[2 * std::max(q_at, 0)];
      for (int i = 0; i < e.parents; i += t.q_row ? 1 : std::max(1, e.parents)) {
        const int m = t.q_row ? 1 : e.parents, row = t.q_row ? t.q_row[i] : 0;
        const T *d = t.dq + extent_product(i, w), *q = in.real(2) + extent_product(row, q_width);
        if (dwq) product_gradient(ctx, m, d, w, q, q_width, dwq + info(std::max(q_at, 0)).in - q_width, info(std::max(q_at, 0)).in);
        if (!in.dx[2]) continue;
        affine_args<T> p;
        p.rows = m, p.k = w, p.n = q_width, p.x = d, p.ldx = w, p.packed = s.prepared[forward_packs + 2];
        p.y = in.dx[2] + extent_product(row, q_width), p.ldy = q_width, p.accumulate = true;
        ctx.affine(p);
      }
    }

    // z = relu(u_b + v_a) (or the plain sum), rows [first, first + m)
    template <class C>
    static void build(C& ctx, const tape<typename C::real>& t, int first, int m, typename C::real* z) {
      ctx.kernel->row->gather_pairs(m, at(H0), z, t.u, t.pairs.sender + first, t.v, t.pairs.receiver + first, info(0).relu);
      drop(ctx, 0, first, m, z);
    }
    template <class C>
    static void drop(C& ctx, int l, int first, int m, typename C::real* z) {
      if (info(l).dropout && ctx.training)
        rows_of::dropout(extent_product(m, info(l).out), z, info(l).dropout, ctx.seed, rows_of::dropout_stream(ctx.line, l, ctx.step),
                         (static_cast<std::uint64_t>(ctx.template at<Pair>().base) + static_cast<std::uint64_t>(first)) * at(info(l).out));
    }
    template <class T>
    static affine_args<T> layer_args(const slots<T>& s, tape<T>& t, int l, int first, int m) {
      const layer_info& f = info(l);
      affine_args<T> p;
      p.rows = m, p.k = pair_width(l), p.n = f.out;
      p.x = l > 1 && t.h[l - 1] ? t.h[l - 1] + extent_product(first, info(l - 1).out) : t.z[(l - 1) % 2];
      p.ldx = pair_width(l);
      p.packed = s.prepared[2 + l];
      p.bias = s.parameter[2 * l + 1];
      p.relu = f.relu;
      return p;
    }
    // The question's own bias where it joins: one call per graph of the chunk.
    template <class C, class T>
    static void call(C& ctx, tape<T>& t, int l, int first, affine_args<T> p) {
      if (l != q_at) return ctx.affine(p);
      for (int i = 0; i < p.rows;) {
        const int segment = t.pairs.segment[first + i];
        const int end = std::min(p.rows, t.pairs.start[segment + 1] - first);
        affine_args<T> part = p;
        part.rows = end - i;
        part.x += p.ldx * i;
        if (p.y) part.y += p.ldy * i;
        if (p.bits) part.bits += p.ldbits * i;
        if (p.segment) part.segment += i;
        if (p.row_weight) part.row_weight += i;
        part.bias = t.q + extent_product(segment, info(l).out);
        ctx.affine(part);
        i = end;
      }
    }
    // Layers 0 .. end - 1 of the rows [first, last): into h where it is kept, else into z[l % 2].
    template <class C>
    static void run_layers(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, int first, int last, int end) {
      const int m = last - first;
      build(ctx, t, first, m, t.z[0]);
      for (int l = 1; l < end; ++l) {
        auto p = layer_args(s, t, l, first, m);
        p.y = t.h[l] ? t.h[l] + extent_product(first, info(l).out) : t.z[l % 2];
        p.ldy = info(l).out;
        call(ctx, t, l, first, p);
        drop(ctx, l, first, m, p.y);
      }
    }

    // r_p += row_weight * z, or the running maximum. The sum runs in the product's epilogue where nothing stands between.
    template <class C>
    static void aggregate_last(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const typename C::real* row_weight, int first,
                               int last, typename C::real* r) {
      using T = typename C::real;
      const int m = last - first, l = n - 1;
      const bool fused = n > 1 && by != detail::aggregator::max && !(info(l).dropout && ctx.training) && !t.h[l];
      if (fused) {
        auto p = layer_args(s, t, l, first, m);
        p.sum = r, p.ldsum = width, p.segment = t.pairs.segment + first;
        p.row_weight = row_weight ? row_weight + first : nullptr;
        if (t.bits && info(l).relu) p.bits = t.bits + extent_product(first, words), p.ldbits = words;
        return call(ctx, t, l, first, p);
      }
      const T* z = t.z[0];
      if (n > 1) {
        auto p = layer_args(s, t, l, first, m);
        p.y = t.h[l] ? t.h[l] + extent_product(first, width) : t.z[l % 2];
        p.ldy = width;
        call(ctx, t, l, first, p);
        drop(ctx, l, first, m, p.y);
        z = p.y;
      }
      for (int i = 0; i < m; ++i) {
        const T* row = z + extent_product(i, width);
        const int segment = t.pairs.segment[first + i];
        T* to = r + extent_product(segment, width);
        if (t.bits) rows_of::make_bits(at(width), row, t.bits + extent_product(first + i, words));
        if (by == detail::aggregator::max) {
          int* best = t.best + extent_product(segment, width);
          for (int j = 0; j < width; ++j)
            if (row[j] > to[j] || row[j] != row[j]) to[j] = row[j], best[j] = first + i;
        } else {
          ctx.kernel->row->add_scaled(at(width), to, row_weight ? row_weight[first + i] : T(1), row);
        }
      }
    }

    // d = dL/dz of the last layer's rows, through aggregator, dropout and ReLU.
    template <class C>
    static void last_gradient(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const typename C::real* row_weight, int first,
                              int last, const typename C::real* dr, typename C::real* d) {
      using T = typename C::real;
      for (int i = first; i < last; ++i) {
        const int segment = t.pairs.segment[i];
        const T* g = dr + extent_product(segment, width);
        T* to = d + extent_product(i - first, width);
        const std::uint32_t* bits = t.bits + extent_product(i, words);
        T w = row_weight ? row_weight[i] : T(1);
        if (by == detail::aggregator::mean) w *= mean_factor<T>(t, segment);
        if (by == detail::aggregator::max) {
          const int* best = t.best + extent_product(segment, width);
          for (int j = 0; j < width; ++j) to[j] = best[j] == i && (!info(n - 1).relu || (bits[j / 32] >> (j % 32) & 1u)) ? g[j] : T(0);
        } else if (info(n - 1).relu) {
          ctx.kernel->row->select_bits(at(width), to, bits, g, w);
        } else {
          for (int j = 0; j < width; ++j) to[j] = w * g[j];
        }
        if (by == detail::aggregator::weights && s.dparameter[agg])
          s.dparameter[agg][position(ctx, t, i)] +=
              n > 1 ? rows_of::dot(at(width), t.h[n - 1] + extent_product(i, width), g) : single_layer_dot(ctx, t, i, g);
      }
      drop(ctx, n - 1, first, last - first, d);
    }
    template <class C>
    static typename C::real single_layer_dot(C& ctx, tape<typename C::real>& t, int i, const typename C::real* g) {
      build(ctx, t, i, 1, t.z[1]);
      return rows_of::dot(at(width), t.z[1], g);
    }
    template <class C>
    static int position(C& ctx, const tape<typename C::real>& t, int i) {
      const int p = t.pairs.segment[i];
      return (t.pairs.receiver[i] - ctx.template at<typename Pair::receiver>().begin(p)) * options.positions + t.pairs.sender[i] -
             ctx.template at<typename Pair::sender>().begin(p);
    }
    // by_weights: the learned scalar of every row, written over the (unused) pad weights' array; else the pads' multiplicities.
    template <class C>
    static const typename C::real* position_weights(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t) {
      if (by == detail::aggregator::max) return nullptr;
      if (by != detail::aggregator::weights) return t.pairs.row_weight;
      auto* w = t.pairs.row_weight;
      for (int i = 0; i < t.pairs.n; ++i) w[i] = s.parameter[agg][position(ctx, t, i)];
      return w;
    }
    template <class C>
    static void product_gradient(C& ctx, int m, const typename C::real* d, int d_width, const typename C::real* x, int x_width, typename C::real* dw,
                                 int ld) {
      outer_args<typename C::real> o;
      o.rows = m, o.m = d_width, o.n = x_width, o.a = d, o.lda = d_width, o.b = x, o.ldb = x_width, o.c = dw, o.ldc = ld;
      ctx.outer(o);
    }
  };
};

}  // namespace relreason
