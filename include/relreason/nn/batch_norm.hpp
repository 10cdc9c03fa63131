// relreason/nn/batch_norm.hpp -- batch normalization by channel of maps, or by feature: y = weight (x - mean) / sqrt(variance + 1e-5) + bias.
// Source: Ioffe, Szegedy, "Batch Normalization" (2015); statistics, momentum and names as PyTorch's BatchNorm, less num_batches_tracked.
#pragma once

#include <cmath>
#include <string>

#include "relreason/backend/row_total.hpp"
#include "relreason/nn/windows.hpp"

namespace relreason {

// Options of batch_norm.
struct then_relu {};           // y = max(y, 0), in the same pass
struct uniform_weight {};      // the weight starts as U(0, 1), as PyTorch's did before 1.2 and so in the papers' networks; else as 1
struct running_statistics {};  // in training too: no sample sees another, so it may stand in a block

namespace detail {

struct norm_options {
  bool relu = false, uniform = false, running = false, good = true;
};
template <class O>
constexpr void set_norm_option(norm_options& o) {
  if constexpr (std::is_same_v<O, then_relu>) o.relu = true;
  else if constexpr (std::is_same_v<O, uniform_weight>) o.uniform = true;
  else if constexpr (std::is_same_v<O, running_statistics>) o.running = true;
  else o.good = false;
}
template <class... Options>
constexpr norm_options read_norm_options() {
  norm_options o;
  (set_norm_option<Options>(o), ...);
  return o;
}

inline constexpr double norm_epsilon = 1e-5;
inline constexpr int norm_memory = 10;  // 1 / momentum

// No product meets a sum in these: compilers that fuse them would give other bits.

// running += (statistic of the batch - running) / 10; the variance kept is n / (n - 1) times that of the batch
template <class T>
struct norm_running {
  const T *mean, *variance;
  T *running_mean, *running_variance;
  row_total rows;
  RELREASON_HD void operator()(std::size_t j) const {
    const int n = rows.now();
    if (n < 2) return;
    const T kept = variance[j] / (static_cast<T>(n - 1) / static_cast<T>(n));
    running_mean[j] += (mean[j] - running_mean[j]) / static_cast<T>(norm_memory);
    running_variance[j] += (kept - running_variance[j]) / static_cast<T>(norm_memory);
  }
};
// deviation = sqrt(variance + epsilon)    scale = weight / deviation
template <class T>
struct norm_scale {
  const T *variance, *weight;
  T *deviation, *scale;
  RELREASON_HD void operator()(std::size_t j) const {
    deviation[j] = std::sqrt(variance[j] + static_cast<T>(norm_epsilon));
    scale[j] = weight[j] / deviation[j];
  }
};
// From sums = sum g, sum g (x - mean):    dweight += sum g (x - mean) / deviation    dbias += sum g
// dx = scale (g - sum g / n - (x - mean) sum g (x - mean) / (n deviation^2)) = scale g + of_x (x - mean) + shift; scale g where statistics are given
template <class T>
struct norm_gradient {
  const T *sums, *deviation, *scale;
  std::size_t width;
  row_total rows;
  bool of_batch;
  T *dweight, *dbias, *of_x, *shift;
  RELREASON_HD void operator()(std::size_t j) const {
    const T g = sums[j], gx = sums[width + j] / deviation[j], n = static_cast<T>(rows.now());
    if (dweight) dweight[j] += gx;
    if (dbias) dbias[j] += g;
    const bool flows = of_batch && n > 0;
    of_x[j] = flows ? -scale[j] * gx / deviation[j] / n : T(0);
    shift[j] = flows ? -scale[j] * g / n : T(0);
  }
};

}  // namespace detail

// Parameters: weight, bias (channels). State: running_mean, running_var (channels). In training the statistics are those of all cells of all rows of
// the batch, and the running ones follow them; at prediction, and in a frozen line, the running ones are used and stay.
template <class... Options>
struct batch_norm {
  static constexpr auto options = detail::read_norm_options<Options...>();
  static_assert(options.good, "relreason::batch_norm: an option must be then_relu, uniform_weight or running_statistics");

  template <class X>
  struct bind : operation {
    static_assert(!X::integral, "relreason::batch_norm: it normalizes numbers, not ids or labels");
    using space = typename X::space;
    using out = value<space, typename X::what>;
    static constexpr int w = detail::map_shape<typename X::what>::channels, cells = X::width / w;
    static constexpr coupling couples = options.running ? coupling::none : coupling::by_statistics;
    static constexpr bool learns = true, on_device = true;
    static constexpr int n_parameters = 2, n_states = 2, n_shared = 1, n_sums = 2 * w;

    static void declare(declaration& d) {
      d.parameter("weight", {w}, options.uniform ? initializer{initializer::uniform_from_zero, 1.0} : initializer{initializer::constant, 1.0});
      d.parameter("bias", {w}, {initializer::constant, 0.0});
      d.state("running_mean", {w}, 0.0);
      d.state("running_var", {w}, 1.0);
    }
    static std::string text() { return std::string("batch norm") + (options.running ? ", running statistics" : "") + (options.relu ? ", relu" : ""); }

    // Shared: mean, deviation and scale of the batch; its gradient: the sums of all tiles.
    template <class C>
    static void reserve(C&, reservation& r) {
      r.shared(3 * w);
    }
    template <class T>
    struct tape {
      T *deviation = nullptr, *scale = nullptr;  // of the running statistics
      T *variance = nullptr, *sums = nullptr, *of_x = nullptr, *shift = nullptr, *none = nullptr, *scratch = nullptr;
    };
    template <class C>
    static void plan(C& ctx, tape<typename C::real>& t) {
      using T = typename C::real;
      for (T** p : {&t.deviation, &t.scale, &t.variance, &t.of_x, &t.shift, &t.none}) *p = ctx.memory->template take<T>(w);
      t.sums = ctx.memory->template take<T>(n_sums);
      if (ctx.training) t.scratch = ctx.memory->template take<T>(ctx.column_scratch(n_rows(ctx), w));
    }

    // Of the whole batch, before tiles normalize with it.
    template <class C>
    static void statistics(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      using T = typename C::real;
      const int n = n_rows(ctx);
      if (n == 0) return;
      if (n == 1) fail("batch_norm: the batch has one row of ", w, " numbers, whose variance is 0; train with more samples at once");
      const given<T> g = of_batch(s);
      ctx.moments(rows_of(ctx), w, in.real(0), g.mean, t.variance, t.scratch);
      ctx.each(w, detail::norm_running<T>{g.mean, t.variance, s.state[0], s.state[1], rows_of(ctx)});
      ctx.each(w, detail::norm_scale<T>{t.variance, s.parameter[0], g.deviation, g.scale});
    }
    template <class C>
    static void forward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                        typename C::real* y) {
      using T = typename C::real;
      if (n_rows(ctx) == 0) return;
      if (uses_batch(ctx)) {
        if constexpr (C::on_device) statistics(ctx, s, t, in);
      } else {
        ctx.each(w, detail::norm_scale<T>{s.state[1], s.parameter[0], t.deviation, t.scale});
      }
      const given<T> g = uses_batch(ctx) ? of_batch(s) : of_running(s, t);
      ctx.normalize(n_rows(ctx), w, in.real(0), g.mean, g.scale, s.parameter[1], options.relu, y);
    }
    template <class C>  // dx += scale g
    static void backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in,
                         const typename C::real* y, const typename C::real* dy) {
      using T = typename C::real;
      if (n_rows(ctx) == 0) return;
      const given<T> g = uses_batch(ctx) ? of_batch(s) : of_running(s, t);
      const T* open = options.relu ? y : nullptr;
      ctx.normalize_sums(rows_of(ctx), w, dy, open, in.real(0), g.mean, t.sums, t.scratch);
      ctx.fill(w, t.none, T(0));
      if (in.dx[0]) ctx.normalize_back(rows_of(ctx), w, dy, open, in.real(0), g.mean, g.scale, t.none, t.none, in.dx[0]);
      if (!uses_batch(ctx)) return add_gradient(ctx, s, t, g, t.sums, false);
      ctx.add(n_sums, s.dshared[0], t.sums);
      if constexpr (C::on_device) statistics_backward(ctx, s, t, in);
    }
    // Of the whole batch: dx += of_x (x - mean) + shift
    template <class C>
    static void statistics_backward(C& ctx, const slots<typename C::real>& s, tape<typename C::real>& t, const arguments<typename C::real>& in) {
      using T = typename C::real;
      if (n_rows(ctx) == 0) return;
      const given<T> g = of_batch(s);
      add_gradient(ctx, s, t, g, s.dshared[0], true);
      ctx.fill(w, t.none, T(0));
      if (in.dx[0]) ctx.normalize_back(rows_of(ctx), w, in.real(0), nullptr, in.real(0), g.mean, t.none, t.of_x, t.shift, in.dx[0]);
    }

   private:
    template <class T>
    struct given {
      T *mean, *deviation, *scale;
    };
    template <class T>
    static given<T> of_batch(const slots<T>& s) {
      return {s.shared[0], s.shared[0] + w, s.shared[0] + 2 * w};
    }
    template <class T>
    static given<T> of_running(const slots<T>& s, const tape<T>& t) {
      return {s.state[0], t.deviation, t.scale};
    }
    template <class C, class T>
    static void add_gradient(C& ctx, const slots<T>& s, tape<T>& t, const given<T>& g, const T* sums, bool batch) {
      ctx.each(w, detail::norm_gradient<T>{sums, g.deviation, g.scale, w, rows_of(ctx), batch, s.dparameter[0], s.dparameter[1], t.of_x, t.shift});
    }
    template <class C>
    static int n_rows(const C& ctx) {
      return ctx.template at<space>().rows * cells;
    }
    template <class C>
    static row_total rows_of(const C& ctx) {
      return {n_rows(ctx), ctx.template live<space>(), cells};
    }
    // A frozen line wants no gradients: it learns nothing, so neither do its statistics.
    template <class C>
    static bool uses_batch(const C& ctx) {
      return !options.running && ctx.training && ctx.gradients;
    }
  };
};

}  // namespace relreason
