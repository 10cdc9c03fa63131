// relreason/backend/cuda/program.cuh -- a model's values, losses and gradients for whole batches on a device: the lines of the list, one after
// another, over all rows. What the CPU does by tiles and lanes (core/gradient.hpp) is one pass here.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "relreason/backend/cuda/state.cuh"
#include "relreason/core/engine.hpp"
#include "relreason/core/step_options.hpp"

namespace relreason::device {

// batch_program<rn, cuda_system, cublaslt_products, true, "a"> p(limits, system, products);  p.send(weights);  p.run(batch, options);
// Training: losses, gradients, and the wanted values. Otherwise the wanted values only. Sizes follow the batch, memory is that of the limits.
template <class M, class System, class Products, bool Training, name... Wanted>
class batch_program {
  using T = float;
  using engine = typename relreason::detail::engine_for<M, T, Training, typename relreason::detail::wanted_flags<M, Training, Wanted...>::type,
                                                        backend<System, Products>>::type;
  using worker = typename engine::worker;
  using store = storage<System>;
  static constexpr int n = M::n;
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static constexpr bool runs(int i) {
    const line_kind k = M::info[at(i)].kind;
    return engine::places[at(i)].needed && k != line_kind::input && k != line_kind::output;
  }
  static constexpr bool all_run_here = []<std::size_t... I>(std::index_sequence<I...>) {
    return ((!runs(static_cast<int>(I)) || engine::template bound_at<static_cast<int>(I)>::on_device) && ...);
  }
  (std::make_index_sequence<at(n)>{});
  static_assert(
      all_run_here,
      "relreason::device: the model has an operation or a loss that runs on the CPU only; write it with the context's primitives alone and say "
      "on_device = true (docs/policies/backend.md)");
  static constexpr bool is_value(name wanted) {
    for (const line_info& f : M::info)
      if (f.id == wanted && f.kind != line_kind::input && !f.integral) return true;
    return false;
  }
  static_assert((is_value(Wanted.before_dot()) && ...), "relreason::device: a wanted name must be that of an equation whose result is numbers");
  static_assert(((!Training || Wanted.after_dot() == name{}) && ...), "relreason::device: side results are for predictions");
  // Where a wanted value lives: that of a line, or a side result's.
  template <name N, name Line = N.before_dot(), name Side = N.after_dot()>
  struct value_of {
    using result = typename engine::template bound_at<M::template find<Line>()>::template side<Side>;
    static_assert(!std::is_void_v<result>, "relreason::device: the line has no side result of that name");
    static constexpr int space = index_of<typename result::space>(typename M::spaces{}), width = result::width;
  };
  template <name N, name Line>
  struct value_of<N, Line, name{}> {
    static constexpr line_info line = M::info[at(M::template find<Line>())];
    static constexpr int space = line.space, width = line.width;
  };

 public:
  // most_bytes: of its memory, or 0 for all that is free, with `beside` bytes that the owner will take. What pair layers computed is kept for the
  // backward pass, or, where that is too much, computed again there, some pairs at a time; see pairs_at_once().
  batch_program(const limits<M>& planned, System system, Products& products, std::size_t most_bytes = 0, std::size_t beside = 0)
      : limits_(planned), system_(system), products_(products), most_bytes_(most_bytes), beside_(beside) {
    plan();
  }
  batch_program(const batch_program&) = delete;
  batch_program& operator=(const batch_program&) = delete;

  // Copies weights and state to the device.
  void send(const parameters<M, T>& weights) {
    store::copy(system_, weights_, weights.data(), weight_count() * sizeof(T));
    store::copy(system_, state_, weights.state(), state_count() * sizeof(T));
    store::wait(system_);
  }
  void fetch(parameters<M, T>& weights) const {
    store::copy(system_, weights.data(), weights_, weight_count() * sizeof(T));
    store::copy(system_, weights.state(), state_, state_count() * sizeof(T));
    store::wait(system_);
  }

  // Those of another program of the model on the same device.
  template <class Other>
  void take_weights(const Other& from) {
    store::copy(system_, weights_, from.weights(), weight_count() * sizeof(T));
    store::copy(system_, state_, from.state(), state_count() * sizeof(T));
  }

  // Makes ready and begins to copy what the step of b will read; another thread may be in run() with the batch before. b must not change until its
  // run(), which stages a batch itself where this was not called: stage every batch, one ahead, or none.
  void stage(const batch<M, T>& b) {
    b.check_for(limits_, needed_inputs());
    if (b.samples == 0) fail("device::batch_program: the batch has no samples");
    if (ready_[0].of == &b || ready_[1].of == &b || ready_[turn_ ^ 1].of)
      fail("device::batch_program: this batch, or two others, are staged already and have not run; stage one batch ahead, or drop_staged()");
    ready& r = ready_[turn_ ^= 1];
    lay_out(r, b);
    r.copy.start(system_, r.tables.data(), r.staging.data(), r.host_tables.used());
    r.of = &b;
  }
  void drop_staged() {
    for (ready& r : ready_) r.of = nullptr;
  }
  // Outputs: one array on the host per wanted name, rows of the whole batch, or null. on_stream(shape, work): calls work(), or launches what was
  // captured of it when the shape was the same. after() puts more work on the stream, in the same capture.
  template <class OnStream, class After>
  void run(const batch<M, T>& b, const step_options& options, const std::array<T*, sizeof...(Wanted)>& outputs, OnStream&& on_stream, After&& after) {
    if (ready_[0].of != &b && ready_[1].of != &b) stage(b);
    ready& r = *(now_ = &ready_[ready_[1].of == &b ? 1 : 0]);
    r.of = nullptr;
    constexpr bool more = !std::is_same_v<std::remove_cvref_t<After>, nothing>;
    r.shape[0] = (&r == &ready_[1] ? 1 : 0) + (options.accumulate ? 2 : 0) + (more ? 4 : 0);
    r.shape[1] = static_cast<int>(options.seed), r.shape[2] = static_cast<int>(options.seed >> 32);
    fill_call(r, options);
    r.copy.finish(system_);
    on_stream(r.shape, [&] {
      store::copy(system_, call_, call_staging_.data(), sizeof(call));
      enqueue(r, options);
      after();
      store::copy(system_, losses_staging_.data(), loss_, at(n) * sizeof(double));
    });
    [[maybe_unused]] std::size_t k = 0;
    (copy_out<Wanted>(r, k, outputs[k]), ...);
    store::wait(system_);
    finish_losses(r);
  }
  template <class OnStream>
  void run(const batch<M, T>& b, const step_options& options, const std::array<T*, sizeof...(Wanted)>& outputs, OnStream&& on_stream) {
    run(b, options, outputs, on_stream, nothing{});
  }

  static void check_padded(const batch<M, T>& b) { engine::check_padded(b); }
  double loss() const { return total_; }                               // weighted sum of the mean losses
  const std::array<double, at(n)>& losses() const { return losses_; }  // by line
  T* gradients() const { return gradients_; }                          // on the device, as parameters<M>::table() places them
  T* weights() const { return weights_; }
  T* state() const { return state_; }
  const System& system() const { return system_; }
  bool computes_again() const { return ready_[0].w.ctx.rebuild; }
  int pairs_at_once() const { return ready_[0].w.ctx.pairs_at_once; }
  scratch_memory<System>& scratch() { return scratch_; }
  std::size_t bytes() const { return block_.bytes() + 2 * ready_[0].tables.bytes() + scratch_.bytes(); }
  const double* line_losses() const { return loss_; }  // sums by line, on the device: for what after() enqueues

  // After a step that is not finite: the first number that is not, by line, sample and place, in words. Inputs come first.
  std::string find_non_finite(int* sample = nullptr) {
    std::string found;
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (engine::has_value(I) && !f.integral) {
        if (!found.empty()) return;
        const std::vector<T> v = fetched(static_cast<const T*>(now_->w.v[I]), at(now_->w.ctx.extents[f.space].listed()) * at(f.width));
        const auto bad = std::find_if(v.begin(), v.end(), [](T x) { return !std::isfinite(x); });
        if (bad == v.end()) return;
        const auto k = static_cast<std::size_t>(bad - v.begin());
        int row = static_cast<int>(k / at(f.width));
        const int of = f.once ? -1 : sample_of(f.space, row);
        if (sample && of >= 0) *sample = of;
        found = relreason::detail::non_finite_text(f, of, row, static_cast<int>(k % at(f.width)), static_cast<double>(*bad));
      }
    });
    if (!found.empty() || !Training) return found.empty() ? "no single value" : found;
    const std::vector<T> g = fetched(gradients_, parameters<M, T>::table().learned);
    for (const auto& e : parameters<M, T>::table().entries)
      for (std::size_t k = 0; !e.frozen && k < e.count; ++k)
        if (!std::isfinite(g[e.offset + k])) return "the gradient of " + e.path;
    return "no single value";
  }

 private:
  struct nothing {
    void operator()() const {}
  };
  static std::size_t weight_count() { return parameters<M, T>::table().total; }
  static std::size_t state_count() { return parameters<M, T>::table().state_total; }
  static constexpr std::array<bool, at(n)> needed_inputs() {
    std::array<bool, at(n)> t{};
    for (int i = 0; i < n; ++i) t[at(i)] = engine::places[at(i)].needed && M::info[at(i)].kind == line_kind::input;
    return t;
  }

  // What a line took of the arenas and told launches_by(), to be taken again where its tables may stay.
  struct kept_line {
    bool there = false, now = false;
    std::array<std::size_t, 3> before{}, after{};
    std::vector<int> shape;
  };
  // One batch on its way: two of them, so that one is made ready while the other's step runs.
  struct ready {
    typename store::block tables;     // inputs and index arrays
    typename store::staging staging;  // the same on the host
    typename store::ahead copy;
    arena values, device_tables, host_tables;
    worker w;
    typename engine::whole all;
    std::vector<int> pair_offsets, offsets;  // those of the batch; those of the rows that run
    std::vector<int> shape;                  // of two batches with the same, a captured step serves both
    std::vector<int> extents;                // all of them, with their offsets: those of the last batch
    bool same_extents = false;               // as the batch before it in this place
    std::array<kept_line, at(n)> lines;
    std::array<void*, at(n)> inputs{};
    std::array<T*, sizeof...(Wanted) + 1> sides{};  // side results, by wanted name
    std::array<double, at(n)> denominator{};
    staged<int> live;
    std::atomic<const batch<M, T>*> of = nullptr;
  };

  static constexpr int most_pairs = 1 << 20, least_pairs = 1 << 8;  // at once, where layers are computed again
  // Measures every array at the limits, then makes the memory for them.
  void plan() {
    for (ready& r : ready_) {
      auto& ctx = r.w.ctx;
      ctx.system = system_;
      ctx.products = &products_;
      ctx.scratch = &scratch_;
      ctx.training = Training;
      ctx.shape = &r.shape;
    }
    capacity_extents(limits_, limits_.samples, capacity_);
    std::copy_n(capacity_, M::n_spaces, ready_[0].w.ctx.extents);
    reserved_ = engine::reserve(ready_[0].w.ctx);
    if (!fits(limits_.samples)) refuse_memory();
    ready& r = ready_[0];
    ready_[1].w.ctx.rebuild = r.w.ctx.rebuild, ready_[1].w.ctx.pairs_at_once = r.w.ctx.pairs_at_once;
    arena fixed;
    lay_out_fixed(fixed);
    const std::size_t fixed_bytes = fixed.peak() + 64, value_bytes = r.values.peak() + 64, table_bytes = r.device_tables.peak() + 64;
    block_ = store::make(system_, fixed_bytes + value_bytes, "weights, values and gradients");
    arena real(block_.data(), block_.bytes());
    lay_out_fixed(real);
    std::size_t spaces = 0;
    for (int i = 0; i < M::n_spaces; ++i) spaces += at(capacity_[i].parents) + 1;
    for (ready& one : ready_) {
      one.tables = store::make(system_, table_bytes, "inputs and index arrays");
      one.staging = typename store::staging(table_bytes);
      one.values = arena(block_.data() + fixed_bytes / 64 * 64, value_bytes);
      one.device_tables = arena(one.tables.data(), table_bytes);
      one.host_tables = arena(one.staging.data(), table_bytes);
      one.pair_offsets.resize(engine::pair_offset_count(capacity_));
      one.offsets.resize(spaces);
      one.lines = {};  // what was measured is not there
    }
    call_staging_ = typename store::staging(sizeof(call));
    losses_staging_ = typename store::staging(at(n) * sizeof(double));
    engine::resolve(slots_, reserved_, weights_, state_, gradients_, prepared_, shared_, dshared_);
    store::wait(system_);  // blocks are cleared on the stream, and tables filled beside it
  }
  std::size_t available() const { return std::min(store::available(system_), most_bytes_ ? most_bytes_ : std::size_t(-1)); }
  // All arrays for so many samples, as plan() makes them.
  std::size_t measured(int samples) {
    ready& r = ready_[0];
    capacity_extents(limits_, samples, r.w.ctx.extents);
    arena fixed;
    lay_out_fixed(fixed);
    r.values = {}, r.device_tables = {}, r.host_tables = {};
    std::size_t scratch = 0;
    r.w.ctx.scratch_wanted = &scratch;
    allocate(r);
    r.w.ctx.scratch_wanted = nullptr;
    return fixed.peak() + r.values.peak() + 2 * r.device_tables.peak() + scratch + scratch / 4 + beside_ + 256;
  }
  // Whether they fit, keeping what pair layers computed or, some pairs at a time, computing it again. Leaves the choice in the context.
  bool fits(int samples) {
    auto& ctx = ready_[0].w.ctx;
    const std::size_t free = available();
    ctx.rebuild = false, ctx.pairs_at_once = ctx.chunk_rows;
    if (measured(samples) <= free) return true;
    ctx.rebuild = true;
    for (ctx.pairs_at_once = most_pairs; ctx.pairs_at_once >= least_pairs; ctx.pairs_at_once /= 2)
      if (measured(samples) <= free) return true;
    return false;
  }
  [[noreturn]] void refuse_memory() {
    const std::size_t wanted = measured(limits_.samples), free = available();
    int fit = 0, not_fit = limits_.samples;
    while (not_fit - fit > 1) {
      const int middle = fit + (not_fit - fit) / 2;
      (fits(middle) ? fit : not_fit) = middle;
    }
    fail("device memory for ", limits_.samples, " samples: asked for ", wanted >> 20, " MiB, free are ", free >> 20, " MiB; ",
         fit >= 1 ? std::to_string(fit) + (fit == 1 ? " sample" : " samples") + " would fit: lower limits::samples, or take a step in micro-batches"
                  : "not even one sample would fit: free memory on the device, or choose another");
  }
  void lay_out_fixed(arena& a) {
    weights_ = a.take<T>(weight_count());
    state_ = a.take<T>(state_count());
    gradients_ = Training ? a.take<T>(parameters<M, T>::table().learned) : nullptr;
    prepared_ = a.take<std::byte>(reserved_.prepared_bytes);
    shared_ = a.take<T>(reserved_.shared_count);
    dshared_ = Training ? a.take<T>(reserved_.shared_count) : nullptr;
    loss_ = a.take<double>(at(n));
    call_ = a.take<call>(1);
  }
  // Arrays of every line for the extents in the context, and tables for its inputs.
  void allocate(ready& r) {
    auto& ctx = r.w.ctx;
    ctx.memory = &r.values;
    ctx.tables = &r.device_tables;
    ctx.host_tables = &r.host_tables;
    r.values.reset();
    r.device_tables.reset();
    r.host_tables.reset();
    r.live = ctx.template take_table<int>(M::n_spaces);
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (engine::places[at(I)].needed && f.kind != line_kind::output) {
        using number = std::conditional_t<f.bytes, std::uint8_t, std::conditional_t<f.integral, int, T>>;
        if constexpr (f.kind == line_kind::input) {
          const auto t = ctx.template take_table<number>(at(ctx.extents[f.space].rows) * at(f.width));
          r.inputs[at(I)] = t.host;
          r.w.v[I] = const_cast<number*>(t.at);
        } else {
          if constexpr (engine::has_value(I)) {
            const std::size_t count = at(ctx.extents[f.space].rows) * at(f.width);
            r.w.v[I] = r.values.template take<number>(count);
            r.w.g[I] = engine::places[at(I)].grad ? r.values.template take<T>(count) : nullptr;
          }
          ctx.gradients = engine::places[at(I)].grad;
          plan_line<I>(r);
        }
      }
    });
    [[maybe_unused]] std::size_t k = 0;
    ((r.sides[k++] = Wanted.after_dot() == name{} ? nullptr : r.values.template take<T>(count_of<Wanted>(r))), ...);
  }

  static std::array<std::size_t, 3> used(const ready& r) { return {r.values.used(), r.device_tables.used(), r.host_tables.used()}; }
  template <int I>
  void plan_line(ready& r) {
    using bound = typename engine::template bound_at<I>;
    kept_line& line = r.lines[at(I)];
    const auto before = used(r);
    line.now = bound::by_extents && r.same_extents && line.there && line.before == before;
    if (line.now) {
      r.values.reset(line.after[0]), r.device_tables.reset(line.after[1]), r.host_tables.reset(line.after[2]);
      return;
    }
    bound::plan(r.w.ctx, std::get<at(I)>(r.w.tapes));
    line.there = true;
    line.before = before, line.after = used(r);
  }
  template <int I>
  void lay_out_line(ready& r) {
    kept_line& line = r.lines[at(I)];
    if (line.now) {
      r.shape.insert(r.shape.end(), line.shape.begin(), line.shape.end());
      return;
    }
    const auto first = static_cast<std::ptrdiff_t>(r.shape.size());
    line.there = false;  // until its tables are whole
    engine::template bound_at<I>::lay_out(r.w.ctx, std::get<at(I)>(r.w.tapes), host_arguments<I>(r));
    line.there = true;
    line.shape.assign(r.shape.begin() + first, r.shape.end());
  }

  // The host's part: extents, arrays, inputs and index arrays of this batch.
  void lay_out(ready& r, const batch<M, T>& b) {
    auto& ctx = r.w.ctx;
    engine::bind_inputs(r.all, b, r.pair_offsets.data());
    r.shape.assign(3, 0);  // run() puts in what it is told
    round_extents(r);
    allocate(r);
    for (int i = 0; i < M::n_spaces; ++i) r.live.host[i] = ctx.extents[i].listed();
    ctx.live_rows = r.live.at;
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (f.kind == line_kind::input && engine::places[at(I)].needed) {
        using number = std::conditional_t<f.bytes, std::uint8_t, std::conditional_t<f.integral, int, T>>;
        const std::size_t listed = at(ctx.extents[f.space].listed()) * at(f.width), all = at(ctx.extents[f.space].rows) * at(f.width);
        const auto to = static_cast<number*>(r.inputs[at(I)]);
        if (listed) std::memcpy(to, r.all.input[I], listed * sizeof(number));  // none: a vector's data may be null
        std::fill(to + listed, to + all, f.integral && !f.bytes ? number(-1) : number(0));
      }
      if constexpr (runs(I)) {
        ctx.gradients = engine::places[at(I)].grad;
        lay_out_line<I>(r);
        if constexpr (f.kind == line_kind::minimize) r.denominator[at(I)] = denominator_of<I>(r);
      }
    });
  }
  // Rows that run: those of the batch, rounded up by at most a sixteenth, so that one captured step serves many batches.
  static int rounded(int rows, int most) {
    int step = 1;
    while (rows / step >= 32) step *= 2;
    return std::min((rows + step - 1) / step * step, most);
  }
  void round_extents(ready& r) {
    int* own = r.offsets.data();
    for (int i = 0; i < M::n_spaces; ++i) {
      extent e = r.all.extents[i];
      if (const int parent = spaces_of_model<M>[at(i)].parent; parent >= 0 && e.offsets) {
        const int parents = r.w.ctx.extents[parent].rows;  // those of a rounded space have no rows
        int* end = std::copy_n(e.offsets, e.parents + 1, own);
        end = std::fill_n(end, parents - e.parents, e.offsets[e.parents]);
        e.rows = spaces_of_model<M>[at(i)].fixed ? parents * spaces_of_model<M>[at(i)].fixed : rounded(e.rows, capacity_[i].rows),
        e.parents = parents, e.offsets = std::exchange(own, end);
      }
      r.w.ctx.extents[i] = e;
      r.shape.insert(r.shape.end(), {e.rows, e.parents, e.padded});
    }
    std::vector<int> now(r.shape.begin() + 3, r.shape.end());
    now.insert(now.end(), r.offsets.data(), own);
    r.same_extents = now == std::exchange(r.extents, now);
  }
  // What a captured step is told anew at each launch.
  struct call {
    std::uint64_t step;
    T factor[at(n)];  // of each loss
  };
  void fill_call(const ready& r, const step_options& options) {
    call& c = *reinterpret_cast<call*>(call_staging_.data());
    c.step = options.step;
    engine::each_line([&]<int I>() {
      if constexpr (M::info[at(I)].kind == line_kind::minimize) c.factor[I] = static_cast<T>(weight_of<I>() * options.scale / r.denominator[at(I)]);
    });
  }

  // Everything that the device does for one batch, in one stream, without a word to the host.
  void enqueue(ready& r, const step_options& options) {
    [[maybe_unused]] auto& ctx = r.w.ctx;
    ctx.seed = options.seed;
    ctx.step = &call_->step;
    if constexpr (Training) {
      if (!options.accumulate) ctx.fill(parameters<M, T>::table().learned, gradients_, T(0));
      ctx.fill(reserved_.shared_count, dshared_, T(0));
    }
    device::fill(system_, at(n), loss_, 0.0);
    engine::each_line([&]<int I>() {
      if constexpr (runs(I)) engine::template bound_at<I>::prepare(here<I>(r), slots_.of_line[at(I)]);
    });
    engine::each_line([&]<int I>() { forward<I>(r); });
    [[maybe_unused]] std::size_t k = 0;
    (side_result<Wanted>(r, k++), ...);
    if constexpr (!Training) return;
    engine::each_line_reversed([&]<int I>() { backward<I>(r); });
    engine::each_line_reversed([&]<int I>() {
      if constexpr (runs(I) && engine::places[at(I)].grad) engine::template bound_at<I>::finish(here<I>(r), slots_.of_line[at(I)]);
    });
  }
  template <int I>
  void forward(ready& r) {
    constexpr line_info f = M::info[at(I)];
    if constexpr (runs(I) && f.kind != line_kind::minimize) {
      auto& ctx = here<I>(r);
      if (r.w.g[I]) ctx.fill(at(ctx.extents[f.space].rows) * at(f.width), r.w.g[I], T(0));
      engine::template bound_at<I>::forward(ctx, slots_.of_line[at(I)], std::get<at(I)>(r.w.tapes), engine::template arguments_of<I>(r.w),
                                            static_cast<std::conditional_t<f.integral, int, T>*>(r.w.v[I]));
    }
  }
  template <int I>
  void backward(ready& r) {
    constexpr line_info f = M::info[at(I)];
    if constexpr (runs(I) && f.kind == line_kind::minimize) {
      using bound = typename engine::template bound_at<I>;
      auto& ctx = here<I>(r);
      auto& tape = std::get<at(I)>(r.w.tapes);
      const auto in = engine::template arguments_of<I>(r.w);
      ctx.loss = loss_ + I;
      bound::forward(ctx, tape, in);
      bound::backward(ctx, tape, in, scalar<T>{call_->factor + I});
    } else if constexpr (runs(I)) {
      here<I>(r);
      engine::template backward_line<I>(r.w, slots_.of_line[at(I)]);
    }
  }
  template <int I>
  static typename engine::context_type& here(ready& r) {
    r.w.ctx.line = engine::line_stream(I);
    r.w.ctx.gradients = engine::places[at(I)].grad;
    return r.w.ctx;
  }

  // What a line reads, where it is an input: the host's copy.
  template <int I>
  static arguments<T> host_arguments(const ready& r) {
    arguments<T> in;
    for (int k = 0; k < M::info[at(I)].n_reads; ++k)
      if (const int read = M::info[at(I)].reads[k]; M::info[at(read)].kind == line_kind::input) in.x[k] = r.inputs[at(read)];
    return in;
  }
  template <int I>
  static constexpr double weight_of() {
    return loss_policies<typename M::template line_at<I>::extra>::weight;
  }
  template <int I>
  static double denominator_of(ready& r) {
    using mean = typename loss_policies<typename M::template line_at<I>::extra>::mean;
    double entries = 1;
    if constexpr (std::is_same_v<mean, per_sample>) entries = r.w.ctx.extents[engine::root].rows;
    if constexpr (std::is_same_v<mean, per_entry>) entries = engine::template bound_at<I>::entries(r.w.ctx, host_arguments<I>(r));
    return entries > 0 ? entries : 1;
  }
  void finish_losses(const ready& r) {
    total_ = 0;
    engine::each_line([&]<int I>() {
      if constexpr (M::info[at(I)].kind == line_kind::minimize)
        total_ += weight_of<I>() * (losses_[at(I)] = reinterpret_cast<const double*>(losses_staging_.data())[I] / r.denominator[at(I)]);
    });
  }

  template <name N>
  static std::size_t count_of(const ready& r) {
    return at(r.w.ctx.extents[value_of<N>::space].rows) * at(value_of<N>::width);
  }
  template <name N>
  void copy_out(const ready& r, std::size_t& k, T* to) {
    const void* from = N.after_dot() == name{} ? r.w.v[M::template find<N.before_dot()>()] : r.sides[k];
    if (to) store::copy(system_, to, from, at(r.w.ctx.extents[value_of<N>::space].listed()) * at(value_of<N>::width) * sizeof(T));
    ++k;
  }
  template <name N>
  void side_result([[maybe_unused]] ready& r, [[maybe_unused]] std::size_t k) {
    if constexpr (N.after_dot() != name{}) {
      constexpr int I = M::template find<N.before_dot()>();
      engine::template bound_at<I>::template side_result<N.after_dot()>(here<I>(r), slots_.of_line[at(I)], std::get<at(I)>(r.w.tapes),
                                                                        engine::template arguments_of<I>(r.w), r.sides[k]);
    }
  }
  std::vector<T> fetched(const T* from, std::size_t count) const {
    std::vector<T> to(count);
    store::copy(system_, to.data(), from, count * sizeof(T));
    store::wait(system_);
    return to;
  }
  // The sample that holds a row of a space, and the row's number within it.
  int sample_of(int space, int& row) const {
    const space_info& s = spaces_of_model<M>[at(space)];
    if (s.kind == space_kind::root) {
      const int sample = row;
      row = 0;
      return sample;
    }
    const extent& e = now_->w.ctx.extents[space];
    int parent = static_cast<int>(std::upper_bound(e.offsets, e.offsets + e.parents + 1, row + e.offsets[0]) - e.offsets) - 1;
    const int sample = sample_of(s.parent, parent);
    row -= first_row(space, sample);
    return sample;
  }
  int first_row(int space, int sample) const {
    const space_info& s = spaces_of_model<M>[at(space)];
    return s.kind == space_kind::root ? sample : now_->w.ctx.extents[space].offsets[first_row(s.parent, sample)];
  }

  limits<M> limits_;
  System system_;
  Products& products_;
  std::size_t most_bytes_, beside_;
  scratch_memory<System> scratch_;
  extent capacity_[at(M::n_spaces)];
  relreason::detail::reserved<M> reserved_;
  relreason::detail::line_slots<M, T> slots_;
  typename store::block block_;
  std::array<ready, 2> ready_;
  ready* now_ = &ready_[0];  // the last one that ran
  std::size_t turn_ = 0;     // the last one that was made ready
  T *weights_ = nullptr, *state_ = nullptr, *gradients_ = nullptr, *shared_ = nullptr, *dshared_ = nullptr;
  std::byte* prepared_ = nullptr;
  double* loss_ = nullptr;
  call* call_ = nullptr;
  typename store::staging call_staging_, losses_staging_;
  std::array<double, at(n)> losses_{};
  double total_ = 0;
};

}  // namespace relreason::device
