// relreason/nn/conv2d.hpp -- convolution of maps: conv2d<24, kernel<3>, stride<2>, padding<1>>, or with no_bias.
// y_(o, i, j) = b_o + sum_(c, k, l) W_(o, c, k, l) x_(c, s i + k - p, s j + l - p), x being 0 outside. Source: PyTorch's Conv2d, a cross-correlation.
#pragma once

#include <string>

#include "relreason/nn/layers.hpp"
#include "relreason/nn/windows.hpp"

namespace relreason {

namespace detail {

// W (out, in, k, k), as published weights have it, beside W (out, k, k, in), as windows are unfolded.
template <class T>
struct conv_order {
  int in, area;  // area: k k
  const T* from;
  T* to;
  bool back;  // to the published order, adding
  RELREASON_HD void operator()(std::size_t i) const {
    const int row = static_cast<int>(i) / (in * area), rest = static_cast<int>(i) % (in * area), c = rest / area, place = rest % area;
    const auto unfolded = static_cast<std::size_t>(row * in * area + place * in + c);
    if (back) to[i] += from[unfolded];
    else to[unfolded] = from[i];
  }
};

}  // namespace detail

// Parameters: weight (Channels, in, k, k), bias (Channels), at first U(-1 / sqrt(in k k), 1 / sqrt(in k k)). Without options: 1 x 1, stride 1,
// no padding.
template <int Channels, class... Options>
struct conv2d {
  static_assert(Channels > 0, "relreason::conv2d: the number of channels must be positive");
  static constexpr auto options = detail::read_window_options<Options...>(1);
  static_assert(options.good, "relreason::conv2d: an option must be kernel<n>, stride<n>, padding<n> or no_bias");

  template <class X>
  struct bind : operation {
    static_assert(is_maps<typename X::what>, "relreason::conv2d: it reads maps<channels, height, width>, not plain features, ids or labels");
    static constexpr window_shape windows = detail::windows_over<typename X::what>(options, 1);
    static_assert(windows.windows() > 0, "relreason::conv2d: the kernel is larger than the maps and their padding");
    static constexpr int channels = windows.channels, K = windows.columns(), area = options.kernel * options.kernel;
    using space = typename X::space;
    using out = value<space, maps<Channels, detail::at_least_one(windows.out_height), detail::at_least_one(windows.out_width)>>;
    static constexpr bool learns = true, on_device = true, keeps_nothing = true;
    static constexpr int n_parameters = options.bias ? 2 : 1, n_prepared = 2, n_shared = 1;

    static void declare(declaration& d) {
      d.parameter("weight", {Channels, channels, options.kernel, options.kernel}, fan_in_uniform(K));
      if (options.bias) d.parameter("bias", {Channels}, fan_in_uniform(K));
    }
    static std::string text() {
      const std::string k = std::to_string(options.kernel);
      return "conv " + k + " x " + k + ", " + std::to_string(Channels) + ", stride " + std::to_string(windows.stride) +
             (options.padding ? ", padding " + std::to_string(options.padding) : "") + (options.bias ? "" : ", no bias");
    }
    template <class C>
    static double flops(const C& ctx) {
      return 2.0 * K * Channels * n_windows(ctx);
    }
    // Shared: W as windows are unfolded. Prepared: this packed, and its transpose.
    template <class C>
    static void reserve(C& ctx, reservation& r) {
      r.shared(extent_product(Channels, K));
      r.prepared(ctx.packed_bytes(K, Channels));
      r.prepared(ctx.gradients ? ctx.packed_bytes(Channels, K) : 0);
    }
    template <class C>
    static void prepare(C& ctx, const slots<typename C::real>& s) {
      ctx.each(extent_product(Channels, K), detail::conv_order<typename C::real>{channels, area, s.parameter[0], s.shared[0], false});
      ctx.pack(s.shared[0], K, false, K, Channels, s.prepared[0]);
      if (ctx.gradients) ctx.pack(s.shared[0], K, true, Channels, K, s.prepared[1]);
    }
    template <class C>
    static void finish(C& ctx, const slots<typename C::real>& s) {
      if (s.dparameter[0])
        ctx.each(extent_product(Channels, K), detail::conv_order<typename C::real>{channels, area, s.dshared[0], s.dparameter[0], true});
    }

    template <class T>
    struct tape {
      T* unfolded = nullptr;  // some windows at a time; backward unfolds again
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      const int chunk = std::min(C::chunk_rows, n_windows(ctx));
      ctx.want(chunk, K, Channels);
      ctx.want(chunk, Channels, K);
      t.unfolded = ctx.memory->template take<typename C::real>(extent_product(chunk, K));
    }

    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      each_chunk(ctx, [&](int first, int n) {
        ctx.unfold(windows, first, n, in.real(0), t.unfolded);
        affine_args<typename C::real> a;
        a.rows = n, a.k = K, a.n = Channels, a.x = t.unfolded, a.ldx = K;
        a.w = {s.shared[0], K, false, s.prepared[0]};
        if (options.bias) a.bias = s.parameter[n_parameters - 1];
        a.y = y + extent_product(first, Channels), a.ldy = Channels;
        ctx.affine(a);
      });
    }
    // dW += dy^T u    db += sum_windows dy    dx += fold(dy W), u being the unfolded windows
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      if (options.bias && s.dparameter[n_parameters - 1]) ctx.sum_rows(n_windows(ctx), Channels, dy, s.dparameter[n_parameters - 1]);
      each_chunk(ctx, [&](int first, int n) {
        const auto* d = dy + extent_product(first, Channels);
        if (s.dparameter[0]) {
          ctx.unfold(windows, first, n, in.real(0), t.unfolded);
          outer_args<typename C::real> w;
          w.rows = n, w.m = Channels, w.n = K, w.a = d, w.lda = Channels, w.b = t.unfolded, w.ldb = K, w.c = s.dshared[0], w.ldc = K;
          ctx.outer(w);
        }
        if (!in.dx[0]) return;
        affine_args<typename C::real> a;
        a.rows = n, a.k = Channels, a.n = K, a.x = d, a.ldx = Channels;
        a.w = {s.shared[0], K, true, s.prepared[1]};
        a.y = t.unfolded, a.ldy = K;
        ctx.affine(a);
        ctx.fold(windows, first, n, t.unfolded, in.dx[0]);
      });
    }

   private:
    template <class C>
    static int n_windows(const C& ctx) {
      return ctx.template at<space>().rows * windows.windows();
    }
    template <class C, class F>
    static void each_chunk(const C& ctx, F&& f) {
      const int n = n_windows(ctx);
      for (int first = 0; first < n; first += std::min(C::chunk_rows, n - first)) f(first, std::min(C::chunk_rows, n - first));
    }
  };
};

}  // namespace relreason
