// relreason/nn/mlp.hpp -- fully connected layers, row by row: mlp<relu<256>, relu<256>, dropout<50>, linear<28>>.
// Dropout acts on what its layer gives. Before a ReLU it would be the same, a non-negative scaling; before a GELU it would not.
#pragma once

#include <string>

#include "relreason/core/model.hpp"
#include "relreason/nn/concat.hpp"
#include "relreason/nn/layers.hpp"

namespace relreason {

namespace detail {

// y = f_L(... f_1([x_1 ; x_2 ; ...])),  f_l(x) = act(u_l), u_l = W_l x + b_l     x: (rows, in) -> y: (rows, out)
// dW_l += du_l^T h_(l-1)    db_l += sum_rows du_l    dh_(l-1) = du_l W_l    du_l = act'(u_l) dh_l, of a ReLU from h_l, of a GELU from u_l
template <class Table, bool Named, class... Inputs>
struct mlp_bind : operation {
  using joined = concat<Inputs...>;
  static constexpr auto layers = Table::make(joined::width);
  static constexpr int n = Table::n;
  using out = rows<typename joined::space, layers[n - 1].out>;
  static constexpr bool learns = true, on_device = true, by_extents = true;
  static constexpr int n_parameters = 2 * n, n_prepared = 2 * n;

  static void declare(declaration& d) {
    for (int l = 0; l < n; ++l)
      declare_linear(d, Named ? std::to_string(l) + "." : "", layers[static_cast<std::size_t>(l)].in, layers[static_cast<std::size_t>(l)].out);
  }
  static std::string text() { return (Named ? "mlp " : "linear ") + layers_text(layers); }
  template <class C>
  static double flops(const C& ctx) {
    double per_row = 0;
    for (const layer_info& l : layers) per_row += 2.0 * l.in * l.out;
    return per_row * ctx.template at<typename out::space>().rows;
  }
  template <class C>
  static void reserve(C& ctx, reservation& r) {
    for (const layer_info& l : layers) r.prepared(ctx.packed_bytes(l.in, l.out));
    for (const layer_info& l : layers) r.prepared(ctx.gradients ? ctx.packed_bytes(l.out, l.in) : 0);
  }
  template <class C>
  static void prepare(C& ctx, const slots<typename C::real>& s) {
    for (int l = 0; l < n; ++l) {
      const layer_info& f = layers[static_cast<std::size_t>(l)];
      ctx.pack(s.parameter[2 * l], f.in, false, f.in, f.out, s.prepared[l]);
      if (ctx.gradients) ctx.pack(s.parameter[2 * l], f.in, true, f.out, f.in, s.prepared[n + l]);
    }
  }

  template <class T>
  struct tape {
    typename joined::template tape<T> input;
    const T* h[n + 1]{};  // h[0]: the input, h[l]: the output of layer l
    T* hidden[n]{};
    T* before[n]{};  // u_l of a GELU that backward passes
    T *d = nullptr, *d_below = nullptr;
  };
  template <class C>
  static void plan(C& ctx, tape<typename C::real>& t) {
    using T = typename C::real;
    const int n_rows = ctx.template at<typename out::space>().rows;
    joined::plan(ctx, t.input);
    int widest = joined::width;
    for (const layer_info& l : layers) {
      widest = std::max(widest, l.out);
      ctx.want(n_rows, l.in, l.out);
      ctx.want(n_rows, l.out, l.in);
    }
    for (int l = 0; l + 1 < n; ++l) t.hidden[l] = ctx.memory->template take<T>(extent_product(n_rows, layers[static_cast<std::size_t>(l)].out));
    if (ctx.gradients) {
      for (int l = 0; l < n; ++l)
        if (const layer_info& f = layers[static_cast<std::size_t>(l)]; is_gelu(f.act))
          t.before[l] = ctx.memory->template take<T>(extent_product(n_rows, f.out));
      t.d = ctx.memory->template take<T>(extent_product(n_rows, widest));
      t.d_below = ctx.memory->template take<T>(extent_product(n_rows, widest));
    }
  }

  template <class C>
  static void lay_out(C& ctx, tape<typename C::real>& t, const arguments<typename C::real>&) {
    joined::lay_out(ctx, t.input);
  }

  template <class C>
  static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                      typename C::real* y) {
    using T = typename C::real;
    const extent& e = ctx.template at<typename out::space>();
    t.h[0] = joined::gather(ctx, t.input, in);
    for (int l = 0; l < n; ++l) {
      const layer_info& f = layers[static_cast<std::size_t>(l)];
      T* to = l + 1 < n ? t.hidden[l] : y;
      affine_args<T> a;
      a.rows = e.rows, a.k = f.in, a.n = f.out;
      a.x = t.h[l], a.ldx = f.in;
      a.w = {s.parameter[2 * l], f.in, false, s.prepared[l]}, a.bias = s.parameter[2 * l + 1];
      a.y = to, a.ldy = f.out;
      a.relu = f.act == activation::relu;
      if (is_gelu(f.act)) a.gelu = f.act, a.before = t.before[l];
      ctx.affine(a);
      if (f.dropout && ctx.training) drop(ctx, l, to);
      t.h[l + 1] = to;
    }
  }

  template <class C>
  static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                       const typename C::real* y, const typename C::real* dy) {
    using T = typename C::real;
    const int n_rows = ctx.template at<typename out::space>().rows;
    const layer_info& last = layers[n - 1];
    const std::size_t results = extent_product(n_rows, last.out);
    if (is_gelu(last.act)) ctx.gelu_back(last.act, results, t.d, t.before[n - 1], dy, false);
    else ctx.copy(results, t.d, dy);
    if (last.act == activation::relu) ctx.gate(results, t.d, y);
    bool summed = false;  // whether the product that made d has added its rows to the bias's gradient
    for (int l = n - 1; l >= 0; --l) {
      const layer_info& f = layers[static_cast<std::size_t>(l)];
      if (f.dropout && ctx.training) drop(ctx, l, t.d);
      T* db = summed ? nullptr : s.dparameter[2 * l + 1];
      if (db && !s.dparameter[2 * l]) ctx.sum_rows(n_rows, f.out, t.d, db);
      if (s.dparameter[2 * l]) {
        outer_args<T> w;
        w.a_sum = db;
        w.rows = n_rows, w.m = f.out, w.n = f.in;
        w.a = t.d, w.lda = f.out, w.b = t.h[l], w.ldb = f.in;
        w.c = s.dparameter[2 * l], w.ldc = f.in;
        ctx.outer(w);
      }
      if (l == 0 && !joined::wants_gradient(reinterpret_cast<const void* const*>(in.dx))) return;
      affine_args<T> a;
      a.rows = n_rows, a.k = f.out, a.n = f.in;
      a.x = t.d, a.ldx = f.out;
      a.w = {s.parameter[2 * l], f.in, true, s.prepared[n + l]};
      a.y = t.d_below, a.ldy = f.in;
      const layer_info below = l > 0 ? layers[static_cast<std::size_t>(l - 1)] : layer_info{};
      if (below.act == activation::relu) a.gate = t.h[l], a.ldgate = f.in;
      if (is_gelu(below.act)) a.gelu = below.act, a.slope_of = t.before[l - 1];
      summed = C::on_device && a.slope_of && !below.dropout && s.dparameter[2 * l - 1];
      if (summed) a.gate_sum = s.dparameter[2 * l - 1];
      if (l == 0 && !t.input.x) a.y = in.dx[0], a.accumulate = true;
      ctx.affine(a);
      std::swap(t.d, t.d_below);
    }
    if (t.input.x) joined::scatter(ctx, t.input, in, t.d);
  }

 private:
  template <class C>
  static void drop(C& ctx, int l, typename C::real* h) {
    const extent& e = ctx.template at<typename out::space>();
    const layer_info& f = layers[static_cast<std::size_t>(l)];
    ctx.dropout(extent_product(e.rows, f.out), h, f.dropout, l, extent_product(e.base, f.out));
  }
};

}  // namespace detail

// Parameters: <layer>.weight (out, in), <layer>.bias (out), layers counted from 0.
template <class... Layers>
struct mlp {
  template <class... Inputs>
  struct bind : detail::mlp_bind<layer_table<Layers...>, true, Inputs...> {};
};

// y = W [x_1 ; x_2 ; ...] + b.    Parameters: weight (out, in), bias (out).
template <int Width>
struct linear {
  template <class... Inputs>
  struct bind : detail::mlp_bind<layer_table<linear<Width>>, false, Inputs...> {};
};

}  // namespace relreason
