// relreason/message/sum_over.hpp -- the Relation Network: r = sum over pairs (a, b) of g([s_b ; o_a ; q]), with its variants.
// Source: Santoro et al., NIPS 2017, Eq. (1); question injection and aggregation of 2S-RN and AVF-RN, Messina et al., ECCV-W 2018, IJMIR 2019.
// The first layer is factored, W [s ; o ; q] + c = A s + B o + (C q + c), exact in real arithmetic; pairs are never concatenated in memory.
#pragma once

#include <limits>
#include <string>

#include "relreason/message/aggregator.hpp"
#include "relreason/message/pair_passes.hpp"
#include "relreason/message/pair_rows.hpp"
#include "relreason/message/pair_sides.hpp"
#include "relreason/nn/layers.hpp"

namespace relreason {

// g is an mlp<...>. Values: senders' features, receivers' features, and (optional) a value of a space that holds the pairs.
// r has one row per parent of the pairs, or with into_receivers one per receiver.
// Parameters: g.<layer>.weight, g.<layer>.bias with columns [sender ; receiver ; question], and agg.weight for by_weights.
// Side result "pairs", on Pair: |g| of each pair, the size of its part of r. Side results "mean" and "max", on the pairs' parent, of a sum that is
// asked a question: the mean or the greatest of what enters the question's layer beside it, each pair's row normalized to length 1 (R-CBIR, Sec. 3.1).
template <class Pair, class G, class... Options>
struct sum_over {
  static_assert(!std::is_same_v<G, G>, "relreason::sum_over: the second argument must be an mlp<...>");
};

template <class... Layers>
struct mlp;

template <class Pair, class... Layers, class... Options>
struct sum_over<Pair, mlp<Layers...>, Options...> {
  static constexpr detail::pair_options options = detail::read_pair_options<Options...>();
  static constexpr detail::pair_result into = options.into;
  static_assert(Pair::kind == space_kind::all_pairs, "relreason::sum_over: its space must be an all_pairs<...>");
  static_assert(!(options.slots > 0 && into != detail::pair_result::parents),
                "relreason::sum_over: padded<n> merges receivers that are not there, so it cannot stand beside into_receivers");
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
    static constexpr int n = layer_table<Layers...>::n, sender_width = S::width;
    static_assert(q_at < n, "relreason::sum_over: question_at names a layer that g does not have");
    static constexpr auto layers = layer_table<Layers...>::make(S::width + R::width, q_width, q_at);
    static constexpr bool drops_layer() {
      for (const layer_info& l : layers)
        if (l.dropout) return true;
      return false;
    }
    static_assert(!(options.slots > 0 && drops_layer()),
                  "relreason::sum_over: dropout inside g cannot be merged with padded<n>: every padded pair has its own mask");
    static_assert(!has_gelu(layers),
                  "relreason::sum_over: g may have only relu<width> and linear<width> layers: its pair kernels keep a bit per ReLU, not what a GELU "
                  "needs; put a GELU into an mlp line before or behind it");
    static constexpr int H0 = layers[0].out, width = layers[n - 1].out;
    using result = std::conditional_t<into == detail::pair_result::parents, typename Pair::parent,
                                      std::conditional_t<into == detail::pair_result::receivers, typename Pair::receiver, Pair>>;
    using out = rows<result, width>;
    using spaces = list<Pair>;
    static constexpr bool learns = true, on_device = true, by_extents = true;
    static constexpr int forward_packs = n + 2, agg = 2 * n;
    static constexpr int n_parameters = 2 * n + (options.by == detail::aggregator::weights ? 1 : 0), n_prepared = 2 * forward_packs;
    static constexpr detail::aggregator by = options.by;
    static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
    static constexpr const layer_info& info(int l) { return layers[at(l)]; }
    static constexpr bool is_relu(int l) { return info(l).act == activation::relu; }

    static void declare(declaration& d) {
      for (int l = 0; l < n; ++l) declare_linear(d, "g." + std::to_string(l) + ".", info(l).in, info(l).out);
      if (by == detail::aggregator::weights) d.parameter("agg.weight", {options.positions * options.positions}, {initializer::uniform, 1.0});
    }
    static std::string text() {
      constexpr const char* names[] = {"sum", "mean", "max", "weighted sum"};
      constexpr bool aggregates = into != detail::pair_result::pairs;
      return (aggregates ? names[static_cast<int>(by)] + std::string(" over ") + std::string(space_name<Pair>()) + " of mlp " : "mlp of pairs ") +
             layers_text(layers) + (into == detail::pair_result::receivers ? ", per " + std::string(space_name<result>()) : "") +
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
      packs([&](int k, int m) { r.prepared(ctx.packed_bytes(k, m)); });
      packs([&](int k, int m) { r.prepared(ctx.gradients ? ctx.packed_bytes(m, k) : 0); });
    }
    template <class C>
    static void prepare(C& ctx, const slots<typename C::real>& s) {
      for (int transposed = 0; transposed <= (ctx.gradients ? 1 : 0); ++transposed) {
        std::byte* const* to = s.prepared + transposed * forward_packs;
        const auto pack = [&](int l, int first, int k, std::byte* p) {
          const auto* w = s.parameter[2 * l] + first;
          if (transposed) ctx.pack(w, info(l).in, true, info(l).out, k, p);
          else ctx.pack(w, info(l).in, false, k, info(l).out, p);
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
      row_groups owner;                       // rows of v: receivers by parent, then one pad per parent
      row_groups question;                    // parents by the question's row, where that is further out
      staged<T> factor;                       // by_mean: of each row of the result
      staged<int> start;                      // by_mean, by_max into receivers: first pair of each
      T *u = nullptr, *v = nullptr;           // factored layer 0 per sender and receiver
      T *question_x = nullptr, *q = nullptr;  // the question and its part of a layer, per parent
      stored<T> h[n];                         // h[l]: stored output of layer l (training)
      stored<T> z[3];                         // chunks; the third only where y and gate of a product must differ
      T *du = nullptr, *dv = nullptr, *dq = nullptr, *dquestion = nullptr;
      T *learned = nullptr, *dots = nullptr;  // by_weights: of each row; z . dr
      T* inverse = nullptr;                   // side results mean and max
      int* feature_best = nullptr;
      std::uint32_t* mask[n]{};  // a layer's output > 0: the last one's; on a device, of every ReLU that backward passes
      int* best = nullptr;       // by_max: the row that won, per parent and feature
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      t.pairs.plan(ctx, e, a, b);
      t.owner = ctx.take_groups(a.rows + e.parents, e.parents);
      const int rows = t.pairs.n, some = std::min(rows, ctx.pair_chunk()), kept = ctx.rebuild ? some : rows;
      const auto take = [&](int r, int w) { return ctx.memory->template take<T>(extent_product(r, w)); };
      t.u = take(b.rows + e.parents, H0), t.v = take(a.rows + e.parents, H0);
      if constexpr (asked) {
        t.question = take_groups_above<typename Pair::parent, question_space>(ctx);
        t.q = take(e.parents, info(q_at).out);
        t.question_x = question_further_out ? take(e.parents, q_width) : nullptr;
      }
      const bool keep = ctx.gradients;
      const auto take_pairs = [&](int r, int w) { return ctx.take_pairs(extent_product(r, w)); };
      for (int l = 1; keep && l < (by == detail::aggregator::weights ? n : n - 1); ++l) t.h[l] = take_pairs(kept, info(l).out);
      int widest = has_features ? feature_width : 0;
      for (const layer_info& l : layers) widest = std::max(widest, l.out);
      for (int l = 1; l < n; ++l) ctx.want(some, pair_width(l), info(l).out, true), ctx.want(some, info(l).out, pair_width(l), true);
      for (const int k : {S::width, R::width, std::max(q_width, 1)})
        ctx.want(std::max({a.rows, b.rows, e.parents}) + e.parents, k, widest),
            ctx.want(std::max({a.rows, b.rows, e.parents}) + e.parents, widest, k);
      for (int k = 0; k < 2; ++k) t.z[k] = take_pairs(some, widest);
      const int results = ctx.template at<result>().rows;
      if (by == detail::aggregator::max) t.best = ctx.memory->template take<int>(extent_product(results, width));
      if (by == detail::aggregator::mean) t.factor = ctx.template take_table<T>(results);
      if (starts_by_receiver) t.start = ctx.template take_table<int>(results + 1);
      if (by == detail::aggregator::weights) t.learned = take(rows, 1);
      if (!keep && has_features) {
        t.inverse = take(some, 1);
        t.feature_best = ctx.memory->template take<int>(extent_product(e.parents, feature_width));
      }
      if (!keep) return;
      if (C::on_device) t.z[2] = take_pairs(some, H0);
      if (by == detail::aggregator::weights) t.dots = take(some, 1);
      for (int l = 0; l < n; ++l)
        if (is_relu(l) && (l + 1 == n || C::on_device))
          t.mask[l] = ctx.take_pair_bits(extent_product(l + 1 == n ? rows : l > 0 ? kept : some, C::mask_words(info(l).out)));
      t.du = take(b.rows + e.parents, H0);
      t.dv = take(a.rows + e.parents, H0);
      if (asked) t.dq = take(e.parents, info(q_at).out);
      if (question_further_out) t.dquestion = take(e.parents, q_width);
    }
    template <class C>
    static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>&) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      t.pairs.lay_out(ctx, e, a, b);
      for (int p = 0; p < e.parents; ++p) {
        std::fill_n(t.owner.of.host + a.begin(p), a.count(p), p);
        t.owner.of.host[a.rows + p] = p;
      }
      ctx.close_groups(t.owner);
      if constexpr (asked) fill_groups_above<typename Pair::parent, question_space>(ctx, t.question);
      const int results = ctx.template at<result>().rows;
      if (starts_by_receiver) {
        std::fill_n(t.start.host, results + 1, t.pairs.start.host[e.parents]);
        for (int p = 0; p < e.parents; ++p)
          for (int k = 0; k < a.count(p); ++k) t.start.host[a.begin(p) + k] = t.pairs.start.host[p] + k * b.count(p);
      }
      for (int r = 0; by == detail::aggregator::mean && r < results; ++r) {
        const int pairs = options.slots > 0 ? options.slots * options.slots : starts(t).host[r + 1] - starts(t).host[r];
        t.factor.host[r] = pairs ? T(1) / static_cast<T>(pairs) : T(0);
      }
    }

    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* r) {
      using T = typename C::real;
      const int results = ctx.template at<result>().rows;
      node_forward(ctx, s, t, in);
      const T start = by == detail::aggregator::max ? -std::numeric_limits<T>::infinity() : T(0);
      if (into != detail::pair_result::pairs) ctx.fill(extent_product(results, width), r, start);
      const T* row_weight = weights_of_rows(ctx, s, t);
      for (int first = 0; first < t.pairs.n; first += some_rows(ctx, t)) {
        const int last = std::min(first + some_rows(ctx, t), t.pairs.n);
        run_layers(ctx, s, t, first, last, n - 1);
        aggregate_last(ctx, s, t, row_weight, first, last, r);
      }
      if (by == detail::aggregator::mean) ctx.scale_rows(results, width, r, t.factor.at);
      if (by == detail::aggregator::max) ctx.each(extent_product(results, width), detail::empty_to_zero<T>{r, starts(t).at, width});
    }

    template <class C>
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dr) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      ctx.fill(extent_product(b.rows + e.parents, H0), t.du, T(0));
      ctx.fill(extent_product(a.rows + e.parents, H0), t.dv, T(0));
      if (asked) ctx.fill(extent_product(e.parents, info(q_at).out), t.dq, T(0));
      const T* row_weight = weights_of_rows(ctx, s, t);
      for (int first = 0; first < t.pairs.n; first += some_rows(ctx, t)) {
        const int last = std::min(first + some_rows(ctx, t), t.pairs.n), m = last - first;
        if (ctx.rebuild) run_layers(ctx, s, t, first, last, by == detail::aggregator::weights ? n : n - 1);
        stored<T> d = t.z[0], other = t.z[1];
        bool summed = false;  // whether the product that made d has added its rows to the bias's gradient
        last_gradient(ctx, s, t, row_weight, first, last, dr, d);
        for (int l = n - 1; l > 0; --l) {
          const layer_info& f = info(l);
          if (l + 1 < n) drop(ctx, l, first, m, d);
          if (l == q_at) ctx.sum_groups(t.pairs.by_parent, first, m, f.out, d, f.out, t.dq, f.out);
          stored<T> below = t.h[l - 1] ? kept_row(ctx, t, l - 1, first) : stored<T>();
          const std::uint32_t* below_mask = C::on_device && is_relu(l - 1) ? mask_row(ctx, t, l - 1, first) : nullptr;
          if (l == 1) {  // layer 0 is rebuilt, on the CPU in the buffer that its gradient will overwrite
            const stored<T> rebuilt = C::on_device ? t.z[2] : other;
            build(ctx, t, first, m, rebuilt);
            below = rebuilt;
            if (below_mask) ctx.make_bits(m, H0, rebuilt, t.mask[0]);
          }
          T* db = summed ? nullptr : s.dparameter[2 * l + 1];
          if (s.dparameter[2 * l]) product_gradient(ctx, m, d, f.out, below, pair_width(l), s.dparameter[2 * l], f.in, db);
          else if (db) ctx.sum_rows(m, f.out, d, db);
          affine_args<T> p;
          p.rows = m, p.k = f.out, p.n = pair_width(l);
          p.x = d.at, p.x_bf16 = d.as_bf16, p.ldx = f.out;
          p.w = {s.parameter[2 * l], f.in, true, s.prepared[forward_packs + 2 + l]};
          p.y = other.at, p.y_bf16 = other.as_bf16, p.ldy = pair_width(l);
          if (is_relu(l - 1)) p.gate = below.at, p.ldgate = pair_width(l), p.gate_bits = below_mask;
          summed = below_mask && l > 1 && !info(l - 1).dropout && s.dparameter[2 * l - 1];
          if (summed) p.gate_sum = s.dparameter[2 * l - 1];
          ctx.affine(p);
          std::swap(d, other);
        }
        if (n > 1) drop(ctx, 0, first, m, d);
        ctx.sum_groups(t.pairs.by_sender, first, m, H0, d, H0, t.du, H0);
        ctx.sum_groups(t.pairs.by_receiver, first, m, H0, d, H0, t.dv, H0);
      }
      node_backward(ctx, s, t, in);
    }

    static constexpr bool has_features = asked && options.slots == 0;
    static constexpr int feature_width = q_at > 0 ? info(q_at - 1).out : S::width + R::width;
    template <name Side>
    using side = std::conditional_t<
        Side == name("pairs"), rows<Pair, 1>,
        std::conditional_t<has_features && (Side == name("mean") || Side == name("max")), rows<typename Pair::parent, feature_width>, void>>;
    template <name Side, class C>
    static void side_result(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                            typename C::real* to) {
      using sides = detail::pair_sides<bind>;
      if constexpr (Side == name("pairs")) sides::sizes(ctx, s, t, in, to);
      else sides::template features<Side == name("max")>(ctx, s, t, in, to);
    }

   private:
    friend detail::pair_sides<bind>;
    // The row of the result that each pair belongs to; for results by parent or receiver also as groups.
    template <class T>
    static const int* result_of(const tape<T>& t) {
      return into == detail::pair_result::pairs ? t.pairs.real.at : groups(t).of.at;
    }
    template <class T>
    static const row_groups& groups(const tape<T>& t) {
      return into == detail::pair_result::receivers ? t.pairs.by_receiver : t.pairs.by_parent;
    }
    static constexpr bool starts_by_receiver =
        into == detail::pair_result::receivers && (by == detail::aggregator::mean || by == detail::aggregator::max);
    template <class T>
    static const staged<int>& starts(const tape<T>& t) {
      return starts_by_receiver ? t.start : t.pairs.start;
    }
    static constexpr int pair_width(int l) { return info(l).in - (l == q_at ? q_width : 0); }  // input columns that depend on the pair

    using question_space = typename deepest<Q...>::space;
    static constexpr bool question_further_out = asked && !std::is_same_v<typename Pair::parent, question_space>;
    template <class C, class T>
    static int some_rows(const C& ctx, const tape<T>& t) {
      return std::max(1, std::min(t.pairs.n, ctx.pair_chunk()));
    }
    // Row `first` of what is kept of layer l: of all rows, or of the chunk that begins with it.
    template <class C, class T>
    static stored<T> kept_row(const C& ctx, const tape<T>& t, int l, int first) {
      return t.h[l] + extent_product(ctx.rebuild ? 0 : first, info(l).out);
    }
    template <class C, class T>
    static std::uint32_t* mask_row(const C& ctx, const tape<T>& t, int l, int first) {
      return t.mask[l] + extent_product(l + 1 < n && (ctx.rebuild || l == 0) ? 0 : first, C::mask_words(info(l).out));
    }

    // u_b = A s_b,  v_a = B o_a + (C q + c); pads: u = 0, v = C q + c.    Or, for q_at > 0, only the question part of that layer.
    template <class C>
    static void node_forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      const bool question_first = q_at == 0;
      const T* bias = s.parameter[1];
      affine_args<T> p;
      p.rows = b.rows, p.k = S::width, p.n = H0, p.x = in.real(0), p.ldx = S::width, p.w = block_of(s, 0, 0, false, 0), p.y = t.u, p.ldy = H0;
      ctx.affine(p);
      ctx.fill(extent_product(e.parents, H0), t.u + extent_product(b.rows, H0), T(0));
      p.rows = a.rows, p.k = R::width, p.x = in.real(1), p.ldx = R::width, p.w = block_of(s, 0, S::width, false, 1), p.y = t.v;
      p.bias = question_first ? nullptr : bias;
      ctx.affine(p);
      if constexpr (asked) {
        if (question_further_out) ctx.copy_rows(e.parents, q_width, t.question_x, q_width, in.real(2), q_width, t.question.of.at);
        const int w = info(q_at).out;
        affine_args<T> f;
        f.rows = e.parents, f.k = q_width, f.n = w, f.x = question_further_out ? t.question_x : in.real(2), f.ldx = q_width;
        f.w = block_of(s, q_at, info(q_at).in - q_width, false, 2), f.bias = s.parameter[2 * q_at + 1], f.y = t.q, f.ldy = w;
        ctx.affine(f);
      }
      ctx.copy_rows(e.parents, H0, t.v + extent_product(a.rows, H0), H0, question_first ? t.q : bias, question_first ? H0 : 0);
      if (question_first) ctx.add_rows(a.rows, H0, t.v, H0, t.q, H0, t.owner.of.at);
    }

    template <class C>
    static void node_backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      using T = typename C::real;
      const extent &e = ctx.template at<Pair>(), &a = ctx.template at<typename Pair::receiver>(), &b = ctx.template at<typename Pair::sender>();
      if (q_at == 0) ctx.sum_groups(t.owner, 0, t.owner.rows, H0, t.dv, H0, t.dq, H0);
      if (T* db = s.dparameter[1]) ctx.sum_rows(q_at == 0 ? e.parents : t.owner.rows, H0, q_at == 0 ? t.dq : t.dv, db);
      T* dw = s.dparameter[0];
      const auto node = [&](const extent& x, int k, const T* d, int which, int first) {
        if (dw) product_gradient(ctx, x.rows, d, H0, in.real(which), k, dw + first, info(0).in);
        if (!in.dx[which]) return;
        affine_args<T> p;
        p.rows = x.rows, p.k = H0, p.n = k, p.x = d, p.ldx = H0, p.w = block_of(s, 0, first, true, which), p.y = in.dx[which], p.ldy = k,
        p.accumulate = true;
        ctx.affine(p);
      };
      node(b, S::width, t.du, 0, 0);
      node(a, R::width, t.dv, 1, S::width);
      if constexpr (asked) {
        const int w = info(q_at).out, first = info(q_at).in - q_width;
        const T* q = question_further_out ? t.question_x : in.real(2);
        if (T* dwq = s.dparameter[2 * q_at]) product_gradient(ctx, e.parents, t.dq, w, q, q_width, dwq + first, info(q_at).in);
        if (!in.dx[2]) return;
        affine_args<T> p;
        p.rows = e.parents, p.k = w, p.n = q_width, p.x = t.dq, p.ldx = w, p.w = block_of(s, q_at, first, true, 2);
        p.y = question_further_out ? t.dquestion : in.dx[2], p.ldy = q_width, p.accumulate = !question_further_out;
        ctx.affine(p);
        if (question_further_out) ctx.sum_groups(t.question, 0, e.parents, q_width, t.dquestion, q_width, in.dx[2], q_width);
      }
    }
    // Columns of a layer's weight from `first` on, as pack number `which` holds them.
    template <class T>
    static weight_view<T> block_of(const slots<T>& s, int l, int first, bool transposed, int which) {
      return {s.parameter[2 * l] + first, info(l).in, transposed, s.prepared[(transposed ? forward_packs : 0) + which]};
    }

    // z = relu(u_b + v_a) (or the plain sum), rows [first, first + m)
    template <class C>
    static void build(C& ctx, const tape<typename C::real>& t, int first, int m, stored<typename C::real> z) {
      ctx.gather_pairs(m, H0, z, t.u, t.pairs.by_sender.of.at + first, t.v, t.pairs.by_receiver.of.at + first, is_relu(0));
      drop(ctx, 0, first, m, z);
    }
    template <class C>
    static void drop(C& ctx, int l, int first, int m, stored<typename C::real> z) {
      if (info(l).dropout && ctx.training)
        ctx.dropout(extent_product(m, info(l).out), z, info(l).dropout, l,
                    (static_cast<std::uint64_t>(ctx.template at<Pair>().base) + static_cast<std::uint64_t>(first)) * at(info(l).out));
    }
    template <class C, class T>
    static affine_args<T> layer_args(const C& ctx, const slots<T>& s, tape<T>& t, int l, int first, int m) {
      const layer_info& f = info(l);
      affine_args<T> p;
      p.rows = m, p.k = pair_width(l), p.n = f.out;
      const stored<T> x = l > 1 && t.h[l - 1] ? kept_row(ctx, t, l - 1, first) : t.z[(l - 1) % 2];
      p.x = x.at, p.x_bf16 = x.as_bf16;
      p.ldx = pair_width(l);
      p.w = {s.parameter[2 * l], f.in, false, s.prepared[2 + l]};
      p.bias = s.parameter[2 * l + 1];
      if (l == q_at) p.row_bias = t.q, p.row_bias_of = t.pairs.by_parent.of.at + first;
      p.relu = is_relu(l);
      if (t.mask[l]) p.bits = mask_row(ctx, t, l, first), p.ldbits = C::mask_words(f.out);
      return p;
    }
    // Layers 0 .. end - 1 of the rows [first, last): into h where it is kept, else into z[l % 2].
    template <class C>
    static void run_layers(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, int first, int last, int end) {
      build(ctx, t, first, last - first, t.z[0]);
      for (int l = 1; l < end; ++l) run_layer(ctx, s, t, l, first, last);
    }
    template <class C>
    static stored<typename C::real> run_layer(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, int l, int first, int last,
                                              stored<typename C::real> to = {}) {
      auto p = layer_args(ctx, s, t, l, first, last - first);
      if (!to) to = t.h[l] ? kept_row(ctx, t, l, first) : t.z[l % 2];
      p.y = to.at, p.y_bf16 = to.as_bf16;
      p.ldy = info(l).out;
      ctx.affine(p);
      drop(ctx, l, first, last - first, to);
      return to;
    }

    // r += row_weight * z, or the running maximum, or z itself. The sum runs in the product's epilogue where nothing stands between.
    template <class C>
    static void aggregate_last(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const typename C::real* row_weight, int first,
                               int last, typename C::real* r) {
      using T = typename C::real;
      const int m = last - first, l = n - 1;
      const T* by_row = row_weight ? row_weight + first : nullptr;
      if constexpr (into == detail::pair_result::pairs) {
        T* const to = r + extent_product(first, width);
        if (n > 1) run_layer(ctx, s, t, l, first, last, to);
        else ctx.copy(extent_product(m, width), to, t.z[0]);
        if (t.mask[l] && n == 1) ctx.make_bits(m, width, to, mask_row(ctx, t, l, first));
        return;
      }
      if (!C::on_device && n > 1 && by != detail::aggregator::max && !(info(l).dropout && ctx.training) && !t.h[l]) {
        auto p = layer_args(ctx, s, t, l, first, m);
        p.sum = r, p.ldsum = width, p.segment = groups(t).of.at + first, p.row_weight = by_row;
        return ctx.affine(p);
      }
      const stored<T> z = n > 1 ? run_layer(ctx, s, t, l, first, last) : t.z[0];
      if (t.mask[l] && n == 1) ctx.make_bits(m, width, z, mask_row(ctx, t, l, first));
      if (by == detail::aggregator::max) ctx.max_groups(groups(t), first, m, width, z, r, t.best);
      else ctx.sum_groups(groups(t), first, m, width, z, width, r, width, by_row);
    }

    // d = dL/dz of the last layer's rows, through aggregator, dropout and ReLU.
    template <class C>
    static void last_gradient(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const typename C::real* row_weight, int first,
                              int last, const typename C::real* dr, stored<typename C::real> d) {
      using T = typename C::real;
      const int m = last - first;
      const int* target = result_of(t) + first;
      const std::uint32_t* bits = is_relu(n - 1) ? mask_row(ctx, t, n - 1, first) : nullptr;
      const int words = C::mask_words(width);
      if (by == detail::aggregator::max) ctx.each(extent_product(m, width), detail::select_best<T>{d, dr, target, t.best, bits, first, width, words});
      else ctx.select_rows(m, width, d, bits, dr, target, row_weight ? row_weight + first : nullptr, t.factor.at);
      if (by == detail::aggregator::weights && s.dparameter[agg]) {
        if (n == 1) build(ctx, t, first, m, t.z[1]);
        ctx.dot_rows(m, width, n > 1 ? kept_row(ctx, t, n - 1, first) : t.z[1], dr, target, t.dots);
        ctx.sum_groups(t.pairs.by_position, first, m, 1, t.dots, 1, s.dparameter[agg], 1);
      }
      drop(ctx, n - 1, first, m, d);
    }
    // Multiplicities of merged pads, or by_weights' learned scalar of every row; null for all ones.
    template <class C>
    static const typename C::real* weights_of_rows(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t) {
      if (by == detail::aggregator::max) return nullptr;
      if (by != detail::aggregator::weights) return t.pairs.weight.at;
      ctx.each(at(t.pairs.n), detail::take_at<typename C::real>{t.learned, s.parameter[agg], t.pairs.by_position.of.at});
      return t.learned;
    }
    template <class C>
    static void product_gradient(C& ctx, int m, stored<const typename C::real> d, int d_width, stored<const typename C::real> x, int x_width,
                                 typename C::real* dw, int ld, typename C::real* db = nullptr) {
      outer_args<typename C::real> o;
      o.rows = m, o.m = d_width, o.n = x_width, o.c = dw, o.ldc = ld, o.a_sum = db;
      o.a = d.at, o.a_bf16 = d.as_bf16, o.lda = d_width, o.b = x.at, o.b_bf16 = x.as_bf16, o.ldb = x_width;
      ctx.outer(o);
    }
  };
};

}  // namespace relreason
