// tests/support/toy_operations.hpp -- small operations that exercise what a model may ask of the engine, each a few lines.
#pragma once

#include <cmath>

#include "relreason/core/model.hpp"

namespace toy {

using namespace relreason;

inline std::size_t at(int i) { return static_cast<std::size_t>(i); }

// In training y = x - mean over the batch, and the state "mean" moves halfway to it; at prediction y = x - state.
struct center {
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, X::width>;
    static constexpr coupling couples = coupling::in_training;
    static constexpr int n_states = 1, w = X::width;
    static void declare(declaration& d) { d.state("mean", {w}, 0.0); }
    static std::string text() { return "center"; }

    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      using T = typename C::real;
      const int n = ctx.template at<typename X::space>().rows;
      for (int j = 0; j < w; ++j) {
        T mean = s.state[0][j];
        if (ctx.training) {
          mean = 0;
          for (int i = 0; i < n; ++i) mean += in.real(0)[at(i * w + j)] / static_cast<T>(n);
          s.state[0][j] = (s.state[0][j] + mean) / 2;
        }
        for (int i = 0; i < n; ++i) y[i * w + j] = in.real(0)[i * w + j] - mean;
      }
    }
    template <class C, class Tape>  // dx_i += dy_i - mean of dy
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      using T = typename C::real;
      const int n = ctx.template at<typename X::space>().rows;
      for (int j = 0; j < w; ++j) {
        T mean = 0;
        for (int i = 0; i < n; ++i) mean += dy[i * w + j] / static_cast<T>(n);
        for (int i = 0; i < n; ++i) in.dx[0][i * w + j] += dy[i * w + j] - mean;
      }
    }
  };
};

// y_i = x_i m, m = mean over the batch, in training and at prediction.    dx_i += m dy_i + 1 / n sum_k dy_k x_k
struct times_mean {
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, X::width>;
    static constexpr coupling couples = coupling::always;
    static constexpr int w = X::width;
    template <class C>
    static typename C::real mean(const C& ctx, const typename C::real* x, const typename C::real* y, int j) {
      using T = typename C::real;
      const int n = ctx.template at<typename X::space>().rows;
      T sum = 0;
      for (int i = 0; i < n; ++i) sum += x[i * w + j] * (y ? y[i * w + j] : T(1)) / static_cast<T>(n);
      return sum;
    }
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      for (int j = 0; j < w; ++j) {
        const auto m = mean(ctx, in.real(0), nullptr, j);
        for (int i = 0; i < ctx.template at<typename X::space>().rows; ++i) y[i * w + j] = in.real(0)[i * w + j] * m;
      }
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      for (int j = 0; j < w; ++j) {
        const auto m = mean(ctx, in.real(0), nullptr, j), back = mean(ctx, in.real(0), dy, j);
        for (int i = 0; i < ctx.template at<typename X::space>().rows; ++i) in.dx[0][i * w + j] += m * dy[i * w + j] + back;
      }
    }
  };
};

// Fills Kept with the first rows of every parent whose first entry is positive, up to the capacity, and copies them there.
template <class Kept>
struct keep_positive {
  template <class X>
  struct bind : operation {
    using from = typename X::space;
    using fills = Kept;
    using out = rows<Kept, X::width>;
    static constexpr int w = X::width;
    template <class T>
    struct tape {
      int* row = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      t.row = ctx.memory->template take<int>(at(ctx.template at<Kept>().rows));
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      const auto to = ctx.template filling<Kept>();
      const extent& e = ctx.template at<from>();
      int n = 0;
      for (int p = 0; p < e.parents; ++p) {
        const int most = Kept::capacity > 0 ? Kept::capacity : e.count(p);
        for (int i = e.begin(p), k = 0; i < e.begin(p) + e.count(p) && k < most; ++i)
          if (in.real(0)[i * w] > 0) {
            if (to.index) to.index[n] = e.base + i;
            std::copy_n(in.real(0) + i * w, w, y + n * w);
            t.row[n++] = i;
            ++k;
          }
        to.offsets[p + 1] = n;
      }
    }
    template <class C>
    static void backward(C& ctx, const slots<typename C::real>&, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real*, const typename C::real* dy) {
      if (!in.dx[0]) return;
      for (int k = 0; k < ctx.template at<Kept>().rows; ++k)
        for (int j = 0; j < w; ++j) in.dx[0][t.row[k] * w + j] += dy[k * w + j];
    }
  };
};

// y_receiver = sum of x over the listed edges that end there.
template <class Edges>
struct gather_sum {
  template <class X>
  struct bind : operation {
    using out = rows<typename Edges::receiver, X::width>;
    using spaces = list<Edges>;
    static constexpr int w = X::width;
    template <class C, class F>
    static void each(C& ctx, F&& f) {
      const extent& e = ctx.template at<Edges>();
      const int from = ctx.template at<typename Edges::sender>().base, to = ctx.template at<typename Edges::receiver>().base;
      for (int k = 0; k < e.rows; ++k) f((e.senders[k] - from) * w, (e.receivers[k] - to) * w);
    }
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      std::fill_n(y, at(ctx.template at<typename Edges::receiver>().rows * w), 0);
      each(ctx, [&](int from, int to) {
        for (int j = 0; j < w; ++j) y[to + j] += in.real(0)[from + j];
      });
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, const typename C::real*,
                         const typename C::real* dy) {
      each(ctx, [&](int from, int to) {
        for (int j = 0; j < w; ++j) in.dx[0][from + j] += dy[to + j];
      });
    }
  };
};

// A learned table: one row of W per entry of its (once) space.
template <int W, int Rows>
struct table {
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, W>;
    static constexpr bool learns = true;
    static constexpr int n_parameters = 1;
    static void declare(declaration& d) { d.parameter("weight", {Rows, W}, {initializer::normal, 1.0}); }
    template <class C>
    static std::size_t size(const C& ctx) {
      return at(std::min(Rows, ctx.template at<typename X::space>().rows) * W);
    }
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>&, typename C::real* y) {
      std::copy_n(s.parameter[0], size(ctx), y);
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>&, const typename C::real*,
                         const typename C::real* dy) {
      for (std::size_t i = 0; i < size(ctx); ++i) s.dparameter[0][i] += dy[i];
    }
  };
};

// y = x + P, P zero at first: its gradient is that of the input x. Rows: those of the whole batch.
template <int Rows>
struct probe {
  template <class X>
  struct bind : operation {
    using out = value<typename X::space, typename X::what>;
    static constexpr bool learns = true;
    static constexpr int n_parameters = 1;
    static void declare(declaration& d) { d.parameter("", {Rows, X::width}, {}); }
    template <class C>
    static std::size_t start(const C& ctx) {
      return at(ctx.template at<typename X::space>().base * X::width);
    }
    template <class C>
    static std::size_t size(const C& ctx) {
      return at(ctx.template at<typename X::space>().rows * X::width);
    }
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      for (std::size_t i = 0; i < size(ctx); ++i) y[i] = in.real(0)[i] + s.parameter[0][start(ctx) + i];
    }
    template <class C, class Tape>
    static void backward(C& ctx, const slots<typename C::real>& s, Tape&, const arguments<typename C::real>&, const typename C::real*,
                         const typename C::real* dy) {
      for (std::size_t i = 0; i < size(ctx); ++i) s.dparameter[0][start(ctx) + i] += dy[i];
    }
  };
};

// l = sum of x times c: a loss whose gradient is the given c.
struct times_cotangent {
  template <class X, class Cotangent>
  struct bind : operation {
    static_assert(X::width == Cotangent::width && same_space<typename X::space, typename Cotangent::space>);
    template <class C>
    static std::size_t size(const C& ctx) {
      return at(ctx.template at<typename X::space>().rows * X::width);
    }
    template <class C, class Tape>
    static void forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      double sum = 0;
      for (std::size_t i = 0; i < size(ctx); ++i) sum += static_cast<double>(in.real(0)[i] * in.real(1)[i]);
      ctx.loss += sum;
    }
    template <class C, class Tape>
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::scalar scale) {
      for (std::size_t i = 0; i < size(ctx); ++i) in.dx[0][i] += scale * in.real(1)[i];
    }
  };
};

// l = 1/2 |x|^2 per row: a loss whose gradient is x.
struct half_square {
  template <class X>
  struct bind : operation {
    static std::string text() { return "half square"; }
    template <class C>
    static double entries(C& ctx, const arguments<typename C::real>&) {
      return ctx.template at<typename X::space>().rows;
    }
    template <class C, class Tape>
    static void forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      double sum = 0;
      for (int i = 0; i < ctx.template at<typename X::space>().rows * X::width; ++i) sum += 0.5 * static_cast<double>(in.real(0)[i] * in.real(0)[i]);
      ctx.loss += sum;
    }
    template <class C, class Tape>
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::scalar scale) {
      if (!in.dx[0]) return;
      for (int i = 0; i < ctx.template at<typename X::space>().rows * X::width; ++i) in.dx[0][i] += scale * in.real(0)[i];
    }
  };
};

// l_i = log sum_k exp(x_i . y_k) - x_i . y_i over all rows i, k of the batch: every x is told its own y from those of the other graphs.
//   dx_i = sum_k p_ik y_k - y_i    dy_k = sum_i p_ik x_i - x_k    p_ik = exp(x_i . y_k) / sum_m exp(x_i . y_m)
struct contrast {
  template <class X, class Y>
  struct bind : operation {
    static_assert(X::width == Y::width && same_space<typename X::space, typename Y::space>);
    static constexpr coupling couples = coupling::in_training;
    static constexpr int w = X::width;
    static std::string text() { return "contrast"; }
    template <class C>
    static int rows_of_batch(const C& ctx) {
      return ctx.template at<typename X::space>().rows;
    }
    template <class T>
    static T dot(const T* x, const T* y) {
      T sum = 0;
      for (int j = 0; j < w; ++j) sum += x[j] * y[j];
      return sum;
    }
    template <class T>
    static T log_sum(const arguments<T>& in, int i, int n) {
      T sum = 0;
      for (int k = 0; k < n; ++k) sum += std::exp(dot(in.real(0) + i * w, in.real(1) + k * w));
      return std::log(sum);
    }
    template <class C>
    static double entries(C& ctx, const arguments<typename C::real>&) {
      return rows_of_batch(ctx);
    }
    template <class C, class Tape>
    static void forward(C& ctx, Tape&, const arguments<typename C::real>& in) {
      double sum = 0;
      for (int i = 0; i < rows_of_batch(ctx); ++i)
        sum += static_cast<double>(log_sum(in, i, rows_of_batch(ctx)) - dot(in.real(0) + i * w, in.real(1) + i * w));
      ctx.loss += sum;
    }
    template <class C, class Tape>
    static void backward(C& ctx, Tape&, const arguments<typename C::real>& in, typename C::scalar scale) {
      const int n = rows_of_batch(ctx);
      for (int i = 0; i < n; ++i)
        for (int k = 0; k < n; ++k) {
          const auto *x = in.real(0) + i * w, *y = in.real(1) + k * w;
          const auto d = scale * (std::exp(dot(x, y) - log_sum(in, i, n)) - (i == k ? 1 : 0));
          for (int j = 0; j < w; ++j) {
            in.dx[0][i * w + j] += d * y[j];
            in.dx[1][k * w + j] += d * x[j];
          }
        }
    }
  };
};

}  // namespace toy
