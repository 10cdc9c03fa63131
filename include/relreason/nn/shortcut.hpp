// relreason/nn/shortcut.hpp -- a residual network's way around two convolutions that change the size of maps, without parameters.
// Source: He et al., "Deep Residual Learning for Image Recognition" (2016), option A: every stride-th cell, new channels 0, half on each side.
#pragma once

#include <string>

#include "relreason/nn/windows.hpp"

namespace relreason {

// y_(c, i, j) = x_(c - (Channels - in) / 2, s i, s j), 0 where x has no such channel. Without a stride: 2.
template <int Channels, class... Options>
struct padded_shortcut {
  static constexpr auto options = detail::read_window_options<Options...>(1);
  static_assert(options.good && options.bias && options.kernel == 1 && options.padding == 0, "relreason::padded_shortcut: its option is stride<n>");

  template <class X>
  struct bind : operation {
    static_assert(is_maps<typename X::what>, "relreason::padded_shortcut: it reads maps<channels, height, width>, not plain features, ids or labels");
    static constexpr window_shape windows = detail::windows_over<typename X::what>(options, 2);
    static constexpr int w = windows.channels, before = (Channels - w) / 2;
    static_assert(Channels >= w, "relreason::padded_shortcut: it adds channels, so there must not be fewer than before");
    using space = typename X::space;
    using out = value<space, maps<Channels, windows.out_height, windows.out_width>>;
    static constexpr bool on_device = true;
    static std::string text() { return "shortcut to " + std::to_string(Channels) + ", stride " + std::to_string(windows.stride); }

    template <class T>
    struct tape {
      T* cells = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      t.cells = ctx.memory->template take<typename C::real>(extent_product(n_windows(ctx), w));
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      const int n = n_windows(ctx);
      ctx.fill(extent_product(n, Channels), y, typename C::real(0));
      ctx.unfold(windows, 0, n, in.real(0), t.cells);
      ctx.copy_rows(n, w, y + before, Channels, t.cells, w);
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      if (!in.dx[0]) return;
      const int n = n_windows(ctx);
      ctx.copy_rows(n, w, t.cells, w, dy + before, Channels);
      ctx.fold(windows, 0, n, t.cells, in.dx[0]);
    }

   private:
    template <class C>
    static int n_windows(const C& ctx) {
      return ctx.template at<space>().rows * windows.windows();
    }
  };
};

}  // namespace relreason
