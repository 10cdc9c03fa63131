// relreason/core/predictor.hpp -- values of a model for a batch: constant weights that callers share, one workspace for each caller.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "relreason/core/engine.hpp"

namespace relreason {

// Computes the wanted values; only the lines they need are compiled. Holds packed weights: make a new one after the weights change.
// run() is const and may be called by many threads at once, each with its own workspace; results never depend on batch, tile or threads.
template <class M, class T, name... Wanted>
class predictor {
  using engine = typename detail::engine_for<M, T, false, typename detail::wanted_flags<M, false, Wanted...>::type>::type;
  using worker = typename engine::worker;
  static constexpr int n = M::n;
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static_assert(sizeof...(Wanted) > 0, "relreason::predictor: name at least one value");
  static_assert(((M::template find<Wanted.before_dot()>() >= 0) && ...), "relreason::predictor: the model defines no value of that name");
  static constexpr auto valued = detail::valued_lines<M, Wanted...>(engine::places);
  static constexpr bool couples = [] {
    for (const auto& p : engine::places)
      if (p.coupled) return true;
    return false;
  }();

 public:
  predictor(const parameters<M, T>& weights, const limits<M>& planned, const kernels<T>& kernel)
      : weights_(weights), limits_(planned), kernel_(kernel) {
    capacity_extents(limits_, limits_.samples, capacity_);
    typename engine::context_type ctx;
    set_up(ctx);
    std::copy_n(capacity_, M::n_spaces, ctx.extents);
    workspace_bytes_ = 64;
    ctx.workspace_wanted = &workspace_bytes_;
    reserved_ = engine::reserve(ctx);
    tile_ = couples ? limits_.samples : std::min(limits_.samples, 16);
    tile_bytes_ = measure(tile_);
    prepared_ = memory(reserved_.prepared_bytes + reserved_.shared_count * sizeof(T) + workspace_bytes_ + 64);
    ctx.workspace_wanted = nullptr;
    ctx.workspace = prepared_.data() + (reserved_.prepared_bytes + reserved_.shared_count * sizeof(T) + 63) / 64 * 64;
    ctx.workspace_slice = workspace_bytes_;
    engine::resolve(slots_, reserved_, weights_.data(), const_cast<T*>(weights_.state()), nullptr, prepared_.data(),
                    reinterpret_cast<T*>(prepared_.data() + reserved_.prepared_bytes), nullptr);
    engine::each_line([&]<int I>() {
      if constexpr (runs(I)) engine::template bound_at<I>::prepare(ctx, slots_.of_line[at(I)]);
    });
  }
  predictor(parameters<M, T>&&, const limits<M>&, const kernels<T>&) = delete;  // the weights must outlive the predictor
  predictor(const predictor&) = delete;
  predictor& operator=(const predictor&) = delete;

  // Memory of one caller. With an executor, several graphs run side by side and a single one runs in parallel inside its operations.
  class workspace {
   public:
    explicit workspace(const predictor& p, executor* threads = nullptr) : threads_(threads ? threads : &serial_) {
      const int count = std::max(1, threads_->threads());
      const std::size_t pairs = engine::pair_offset_count(p.capacity_) * sizeof(int) + 64, once = p.once_bytes();
      const std::size_t each = (p.tile_bytes_ + 63) / 64 * 64 + p.workspace_bytes_ * at(count);
      block_ = memory(pairs + once + each * at(count));
      arena space(block_.data(), block_.bytes());
      pair_offsets_ = space.take<int>(engine::pair_offset_count(p.capacity_));
      p.place_once(all_, space);
      for (int i = 0; i < count; ++i) {
        workers_.push_back(std::make_unique<worker>());
        worker& w = *workers_.back();
        p.set_up(w.ctx);
        w.ctx.workspace = space.take<std::byte>(p.workspace_bytes_ * at(count));
        w.ctx.workspace_slice = p.workspace_bytes_;
        const std::size_t bytes = (p.tile_bytes_ + 63) / 64 * 64;
        w.space = arena(space.take<std::byte>(bytes), bytes);
        w.ctx.memory = &w.space;
      }
    }

    std::size_t bytes() const { return block_.bytes(); }

   private:
    friend predictor;
    serial_executor serial_;
    executor* threads_;
    memory block_;
    int* pair_offsets_ = nullptr;
    typename engine::whole all_;
    std::vector<std::unique_ptr<worker>> workers_;
    std::atomic<int> next_{0};
    failure failure_;
  };

  // outputs[k]: the rows of the k-th wanted value for the whole batch, row-major.
  void run(workspace& own, const batch<M, T>& b, std::array<T*, sizeof...(Wanted)> outputs) const {
    check(b);
    run_checked(own, b, outputs);
  }
  // The same into rows whose number and width are checked: an xtensor array by as_rows (data/xtensor.hpp), or memory of your own.
  template <class... Rows>
    requires(sizeof...(Rows) == sizeof...(Wanted) && (std::is_same_v<Rows, rows_view<T>> && ...))
  void run(workspace& own, const batch<M, T>& b, Rows... outputs) const {
    check(b);
    (check_output<Wanted>(b, outputs), ...);
    run_checked(own, b, {outputs.data...});
  }

  // Shape of a wanted value for a checked batch.
  template <name N>
  static int rows(const batch<M, T>& b) {
    return b.rows(value_of<N>::space);
  }
  template <name N>
  static constexpr int width() {
    return value_of<N>::width;
  }
  workspace make_workspace(executor* threads = nullptr) const { return workspace(*this, threads); }
  const limits<M>& planned() const { return limits_; }

 private:
  void check(const batch<M, T>& b) const {
    b.check_for(limits_, needed_inputs());
    engine::check_padded(b);
  }

  void run_checked(workspace& own, const batch<M, T>& b, std::array<T*, sizeof...(Wanted)> outputs) const {
    if (b.samples == 0) return;
    engine::bind_inputs(own.all_, b, own.pair_offsets_);
    run_once(own);
    const int tile = couples ? b.samples : std::clamp((b.samples + own.threads_->threads() - 1) / own.threads_->threads(), 1, tile_);
    const int tiles = (b.samples + tile - 1) / tile;
    own.next_.store(0);
    const bool inside = tiles == 1;
    const int workers = inside ? 1 : static_cast<int>(own.workers_.size());
    const auto body = [&](int k) {
      own.failure_.guard([&] {
        worker& w = *own.workers_[at(k)];
        w.ctx.inner = inside ? own.threads_ : &own.serial_;
        w.ctx.inner_chunks = inside ? own.threads_->threads() : 1;
        for (int t; (t = own.next_.fetch_add(1)) < tiles;) run_tile(own, w, t * tile, std::min((t + 1) * tile, b.samples), outputs);
      });
    };
    if (workers == 1) body(0);
    else own.threads_->parallel_for(workers, body);
    own.failure_.rethrow();
  }
  template <name N>
  static void check_output(const batch<M, T>& b, const rows_view<T>& to) {
    if (to.rows != rows<N>(b) || to.width != width<N>())
      fail("predictor: the rows for \"", N.view(), "\" are (", to.rows, ", ", to.width, "), wanted (", rows<N>(b), ", ", width<N>(), ")");
    if (!to.data && to.size() > 0) fail("predictor: the rows for \"", N.view(), "\" have no memory");
  }
  // Where a wanted value lives: that of a line, or a side result's.
  template <name N, name Line = N.before_dot(), name Side = N.after_dot()>
  struct value_of {
    using result = typename engine::template bound_at<M::template find<Line>()>::template side<Side>;
    static_assert(!std::is_void_v<result>, "relreason::predictor: the line has no side result of that name");
    static constexpr int space = index_of<typename result::space>(typename M::spaces{}), width = result::width;
  };
  template <name N, name Line>
  struct value_of<N, Line, name{}> {
    static constexpr line_info line = M::info[at(M::template find<Line>())];
    static constexpr int space = line.space, width = line.width;
  };
  static constexpr bool runs(int i) {
    const line_kind k = M::info[at(i)].kind;
    return engine::places[at(i)].needed && k != line_kind::input && k != line_kind::output && k != line_kind::minimize;
  }
  static constexpr std::array<bool, at(n)> needed_inputs() {
    std::array<bool, at(n)> t{};
    for (int i = 0; i < n; ++i) t[at(i)] = engine::places[at(i)].needed && M::info[at(i)].kind == line_kind::input;
    return t;
  }
  void set_up(typename engine::context_type& c) const {
    c.kernel = &kernel_;
    c.inner = &serial_;
  }
  std::size_t measure(int samples) {
    worker w;
    set_up(w.ctx);
    w.ctx.memory = &w.space;
    w.ctx.workspace_wanted = &workspace_bytes_;
    extent capacity[at(M::n_spaces)];
    capacity_extents(limits_, samples, capacity);
    std::copy_n(capacity, M::n_spaces, w.ctx.extents);
    engine::each_line([&]<int I>() {
      if constexpr (runs(I) && M::info[at(I)].once) engine::template bound_at<I>::plan(w.ctx, w.tapes.template at<I>());
    });
    w.space.reset();
    engine::each_line([&]<int I>() {
      if constexpr (runs(I) && !M::info[at(I)].once) engine::template forward_line<I, true>(w, {}, capacity);
    });
    return w.space.peak() + 64;
  }
  std::size_t once_bytes() const {
    arena a;
    typename engine::whole all;
    place_once(all, a);
    return a.peak() + 64;
  }
  void place_once(typename engine::whole& all, arena& a) const {
    for (int i = 0; i < n; ++i) {
      const line_info& f = M::info[at(i)];
      if (!runs(i) || !(f.once || engine::places[at(i)].boundary)) continue;
      const std::size_t count = at(capacity_[f.space].rows) * at(f.width);
      all.v[i] = f.integral ? static_cast<void*>(a.take<int>(count)) : static_cast<void*>(a.take<T>(count));
    }
  }
  void run_once(workspace& own) const {
    worker& w = *own.workers_[0];
    w.space.reset();
    std::copy_n(own.all_.extents, M::n_spaces, w.ctx.extents);
    engine::point_at_batch(w, own.all_);
    engine::each_line([&]<int I>() {
      if constexpr (runs(I) && M::info[at(I)].once) {
        w.ctx.line = engine::line_stream(I);
        engine::template bound_at<I>::plan(w.ctx, w.tapes.template at<I>());
        engine::template bound_at<I>::lay_out(w.ctx, w.tapes.template at<I>(), engine::template arguments_of<I>(w));
        engine::template bound_at<I>::forward(w.ctx, slots_.of_line[at(I)], w.tapes.template at<I>(), engine::template arguments_of<I>(w),
                                              static_cast<T*>(w.v[I]));
      }
    });
  }
  void run_tile(workspace& own, worker& w, int first, int last, const std::array<T*, sizeof...(Wanted)>& outputs) const {
    w.space.reset();
    engine::enter_tile(w, own.all_, first, last);
    engine::point_at_batch(w, own.all_);
    engine::each_line([&]<int I>() {
      if constexpr (runs(I) && !M::info[at(I)].once) {
        engine::template forward_line<I, false, false, valued[at(I)]>(w, slots_.of_line[at(I)], capacity_);
      }
    });
    std::size_t k = 0;
    (copy_out<M::template find<Wanted.before_dot()>(), Wanted.after_dot()>(w, outputs[k++]), ...);
  }
  template <int I, name Side>
  void copy_out(worker& w, T* to) const {
    if constexpr (Side == name{}) return copy_value<I>(w, to);
    else return copy_side<I, Side>(w, to);
  }
  template <int I, name Side>  // computed only because it was asked for
  void copy_side(worker& w, T* to) const {
    using bound = typename engine::template bound_at<I>;
    static_assert(
        requires { typename bound::template side<Side>; }, "relreason::predictor: the line has no side results");
    using result = typename bound::template side<Side>;
    static_assert(!std::is_void_v<result>, "relreason::predictor: the line has no side result of that name");
    static_assert(!engine::filled[at(index_of<typename result::space>(typename M::spaces{}))],
                  "relreason::predictor: an operation fills the space of this side result");
    if (!to) return;
    const extent& e = w.ctx.template at<typename result::space>();
    w.ctx.line = engine::line_stream(I);
    bound::template side_result<Side>(w.ctx, slots_.of_line[at(I)], w.tapes.template at<I>(), engine::template arguments_of<I>(w),
                                      to + at(e.base) * at(result::width));
  }
  template <int I>
  static void copy_value(const worker& w, T* to) {
    static_assert(!M::info[at(I)].integral, "relreason::predictor: indices cannot be read out; ask for a real value");
    static_assert(!engine::filled[at(M::info[at(I)].space)],
                  "relreason::predictor: an operation fills the space of this value, so its rows are not known outside");
    if (!to || (M::info[at(I)].once && w.ctx.extents[engine::root].base > 0)) return;  // the first tile writes what is computed once
    const extent& e = w.ctx.extents[M::info[at(I)].space];
    const std::size_t width = at(M::info[at(I)].width);
    std::memcpy(to + at(e.base) * width, w.v[I], at(e.rows) * width * sizeof(T));
  }

  const parameters<M, T>& weights_;
  limits<M> limits_;
  const kernels<T>& kernel_;
  mutable serial_executor serial_;
  extent capacity_[at(M::n_spaces)];
  detail::reserved<M> reserved_;
  detail::line_slots<M, T> slots_;
  memory prepared_;
  std::size_t workspace_bytes_ = 64, tile_bytes_ = 0;
  int tile_ = 1;
};

}  // namespace relreason
