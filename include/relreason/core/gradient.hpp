// relreason/core/gradient.hpp -- one training step's losses and gradients: tiles that stay in cache, fixed lanes, sums in a fixed order.
#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "relreason/core/engine.hpp"
#include "relreason/core/lanes.hpp"
#include "relreason/core/loss_sums.hpp"
#include "relreason/core/step_options.hpp"

namespace relreason {

// Computes, for a batch of a model M, the mean losses and the gradient of every learned array.
// Wanted values (logits for an accuracy, say) are copied out while their tile is hot. Same bits for any number of threads.
template <class M, class T = float, name... Wanted>
class gradient_program {
  using engine = typename detail::engine_for<M, T, true, typename detail::wanted_flags<M, true, Wanted...>::type>::type;
  using worker = typename engine::worker;
  static constexpr int n = M::n;
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }
  static constexpr bool is_computed(name wanted) {
    for (const line_info& f : M::info)
      if (f.id == wanted && f.kind != line_kind::input && !f.integral && !engine::filled[at(f.space)]) return true;
    return false;
  }
  static_assert((is_computed(Wanted) && ...),
                "relreason::gradient_program: a wanted name must be that of an equation whose result is numbers, on a space that the batch counts");

 public:
  // lanes: 1 to most_lanes, 0 for usual_lanes. Other numbers of lanes give other last digits.
  gradient_program(const limits<M>& planned, executor& threads, const kernels<T>& kernel, int lanes = 0)
      : limits_(planned), threads_(threads), kernel_(kernel), planned_lanes_(lanes ? lanes : usual_lanes<M, T>()) {
    if (lanes < 0 || lanes > most_lanes) fail("gradient_program: ", lanes, " lanes; wanted 1 to ", most_lanes, ", or 0 for what suits the model");
    plan();
  }
  gradient_program(const gradient_program&) = delete;
  gradient_program& operator=(const gradient_program&) = delete;

  // Runs the step. Outputs: one array per wanted name, rows of the whole batch. Losses: see loss(), losses().
  void run(const batch<M, T>& b, parameters<M, T>& weights, const step_options& options, std::array<T*, sizeof...(Wanted)> outputs = {}) {
    b.check(limits_);
    if (b.samples == 0) fail("gradient_program: the batch has no samples");
    options_ = options;
    outputs_ = outputs;
    enter(b, weights);
    prepare();
    count_entries();
    const int tile = tile_samples(b.samples), tiles = (b.samples + tile - 1) / tile;
    lanes_ = std::min(planned_lanes_, tiles);
    clear_lanes();
    [&]<std::size_t... S>(std::index_sequence<S...>) {
      (forward_stage<static_cast<int>(S)>(tile, tiles), ...);
      (backward_stage<engine::last_stage - static_cast<int>(S)>(tile, tiles), ...);
    }
    (std::make_index_sequence<at(engine::last_stage) + 1>{});
    join();
    finish();
    collect_losses();
  }

  std::span<T> gradients() { return {lane(0), parameters<M, T>::table().learned}; }
  double loss() const { return loss_; }                                            // weighted sum of the mean losses
  const std::array<double, at(n)>& losses() const { return sums_.losses(); }       // by line
  const std::array<std::uint64_t, at(n)>& right() const { return sums_.right(); }  // by line: rows that a loss which judges found right
  int lanes() const { return planned_lanes_; }
  std::size_t bytes() const { return block_.bytes() + lane_block_.bytes() + worker_block_.bytes(); }

  // Number of samples in a tile: a function of model, limits and batch, never of threads.
  int tile_samples(int samples) const { return std::clamp((samples + planned_lanes_ - 1) / planned_lanes_, 1, tile_); }

  // After a step whose loss or gradient is not finite: the first number that is not, by line, sample and place, in words. Inputs come first.
  std::string find_non_finite(int* sample = nullptr) {
    std::string found;
    worker& w = *workers_[0];
    for (int s = 0; s < all_.extents[engine::root].rows && found.empty(); ++s) {
      start_tile(w, 0, s, s + 1);
      engine::each_line([&]<int I>() {
        constexpr bool given = M::info[at(I)].kind == line_kind::input;
        if constexpr ((given || engine::template in_tile<I, 0>()) && engine::has_value(I)) {
          if (!found.empty()) return;
          if constexpr (!given) engine::template forward_line<I>(w, slots_[0].of_line[at(I)], capacity_);
          found = engine::template non_finite_of<I>(w, s);
          if (!found.empty() && sample && !M::info[at(I)].once) *sample = s;
        }
      });
    }
    return found.empty() ? detail::non_finite_gradient<M>(lane(0)) : found;
  }

 private:
  T* lane(int l) { return lane_block_.template as<T>() + at(l) * lane_size_; }

  void plan() {
    capacity_extents(limits_, limits_.samples, capacity_);
    context_setup(batch_.ctx, nullptr);
    std::copy_n(capacity_, M::n_spaces, batch_.ctx.extents);
    std::size_t wanted_workspace = 64;
    batch_.ctx.workspace_wanted = &wanted_workspace;
    reserved_ = engine::reserve(batch_.ctx);
    learned_ = (parameters<M, T>::table().learned + 15) / 16 * 16;
    shared_at_ = learned_;
    lane_size_ = learned_ + reserved_.shared_count + once_gradients();
    // batch-wide memory
    arena measure;
    lay_out_batch(measure);
    std::size_t block = measure.peak();
    // a tile: as many samples as fit the budget at capacity
    std::size_t tile_bytes = 0;
    for (tile_ = largest_tile;; tile_ /= 2) {
      tile_ = std::min(tile_, std::max(1, limits_.samples));
      tile_bytes = measure_tile(tile_, wanted_workspace);
      if (tile_bytes <= tile_budget || tile_ == 1) break;
    }
    workspace_ = (wanted_workspace + 63) / 64 * 64;
    const int workers = std::max(1, threads_.threads());
    block_ = memory(block);
    arena real(block_.data(), block_.bytes());
    lay_out_batch(real);
    slots_.resize(at(planned_lanes_));
    sums_.plan(planned_lanes_);
    lane_block_ = memory(at(planned_lanes_) * lane_size_ * sizeof(T));
    worker_bytes_ = (tile_bytes + 4095) / 4096 * 4096;
    worker_block_ = memory(at(workers) * (worker_bytes_ + workspace_));
    for (int i = 0; i < workers; ++i) {
      workers_.push_back(std::make_unique<worker>());
      std::byte* base = worker_block_.data() + at(i) * (worker_bytes_ + workspace_);
      workers_.back()->space = arena(base + workspace_, worker_bytes_);
      context_setup(workers_.back()->ctx, &serial_);
      workers_.back()->ctx.memory = &workers_.back()->space;
      workers_.back()->ctx.workspace = base;
      workers_.back()->ctx.workspace_slice = workspace_;
    }
    batch_.ctx.workspace_wanted = nullptr;
    batch_.ctx.workspace = workers_[0]->ctx.workspace;
    batch_.ctx.workspace_slice = workspace_;
  }

  void context_setup(typename engine::context_type& c, executor* inner) {
    c.kernel = &kernel_;
    c.inner = inner ? inner : &serial_;
    c.training = true;
    c.gradients = true;
  }

  std::size_t once_gradients() const {
    std::size_t count = 0;
    for (int i = 0; i < n; ++i)
      if (M::info[at(i)].once && engine::has_value(i) && engine::places[at(i)].grad)
        count += (at(capacity_[M::info[at(i)].space].rows) * at(M::info[at(i)].width) + 15) / 16 * 16;
    return count;
  }

  // Whole-batch arrays: pair offsets, values computed once, boundary values, tapes of coupled and once lines.
  void lay_out_batch(arena& a) {
    batch_.space = a;
    arena& space = batch_.space;
    batch_.ctx.memory = &space;
    pair_offsets_ = space.template take<int>(engine::pair_offset_count(capacity_));
    prepared_ = space.template take<std::byte>(reserved_.prepared_bytes);
    shared_ = space.template take<T>(reserved_.shared_count);
    for (int i = 0; i < n; ++i) {
      const line_info& f = M::info[at(i)];
      all_.v[i] = nullptr;
      all_.g[i] = nullptr;
      if (!engine::has_value(i) || f.kind == line_kind::input || (!f.once && !engine::places[at(i)].boundary)) continue;
      const std::size_t count = at(capacity_[f.space].rows) * at(f.width);
      if (f.integral) all_.v[i] = space.template take<int>(count);
      else all_.v[i] = space.template take<T>(count);
      if (engine::places[at(i)].grad && !f.once) all_.g[i] = space.template take<T>(count);
    }
    batch_start_ = space.used();
    std::copy_n(capacity_, M::n_spaces, batch_.ctx.extents);
    if (space.measuring()) {
      engine::each_line([&]<int I>() {
        if constexpr (batch_wide<I>() || engine::places[at(I)].statistics)
          engine::template bound_at<I>::plan(batch_.ctx, batch_.tapes.template at<I>());
      });
      a = space;
    }
  }

  // Lines that run on the whole batch: coupled ones, and those of the once root.
  template <int I>
  static constexpr bool batch_wide() {
    constexpr line_info f = M::info[at(I)];
    return engine::places[at(I)].needed && f.kind != line_kind::input && f.kind != line_kind::output && (engine::places[at(I)].coupled || f.once);
  }

  std::size_t measure_tile(int samples, std::size_t& workspace) {
    std::size_t most = 0;
    [&]<std::size_t... S>(std::index_sequence<S...>) { ((most = std::max(most, measure_stage<static_cast<int>(S)>(samples, workspace))), ...); }
    (std::make_index_sequence<at(engine::last_stage) + 1>{});
    return most;
  }
  template <int Stage>
  std::size_t measure_stage(int samples, std::size_t& workspace) {
    worker w;
    context_setup(w.ctx, nullptr);
    w.ctx.memory = &w.space;
    w.ctx.workspace_wanted = &workspace;
    extent capacity[at(M::n_spaces)];
    capacity_extents(limits_, samples, capacity);
    std::copy_n(capacity, M::n_spaces, w.ctx.extents);
    engine::each_line([&]<int I>() {
      if constexpr (engine::template in_tile<I, Stage>()) engine::template forward_line<I, true>(w, {}, capacity);
    });
    return w.space.peak() + 4096;
  }

  void enter(const batch<M, T>& b, parameters<M, T>& weights) {
    engine::bind_inputs(all_, b, pair_offsets_);
    const std::size_t once_at = shared_at_ + reserved_.shared_count;
    if (resolved_for_ != weights.data() || resolved_state_ != weights.state())
      for (int l = 0; l < planned_lanes_; ++l)
        engine::resolve(slots_[at(l)], reserved_, weights.data(), weights.state(), lane(l), prepared_, shared_, lane(l) + shared_at_);
    resolved_for_ = weights.data();
    resolved_state_ = weights.state();
    std::size_t offset = once_at;
    for (int i = 0; i < n; ++i) {
      const line_info& f = M::info[at(i)];
      once_at_[at(i)] = 0;
      if (f.once && engine::has_value(i) && engine::places[at(i)].grad) {
        once_at_[at(i)] = offset;
        offset += (at(capacity_[f.space].rows) * at(f.width) + 15) / 16 * 16;
      }
    }
    std::copy_n(all_.extents, M::n_spaces, batch_.ctx.extents);
    batch_.space.reset(batch_start_);
    batch_.ctx.memory = &batch_.space;
    batch_.ctx.seed = options_.seed;
    batch_.ctx.step = options_.step;
    batch_.ctx.inner = &threads_;
    point_batch();
  }
  void point_batch() {
    engine::point_at_batch(batch_, all_);
    for (int i = 0; i < n; ++i)
      if (once_at_[at(i)]) batch_.g[i] = lane(0) + once_at_[at(i)];
  }

  // Packed weights, tables, and every line of the once root.
  void prepare() {
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (engine::places[at(I)].needed && f.kind != line_kind::input && f.kind != line_kind::output) {
        batch_.ctx.gradients = engine::places[at(I)].grad;
        engine::template bound_at<I>::prepare(batch_.ctx, slots_[0].of_line[at(I)]);
        if constexpr (f.once && !engine::places[at(I)].coupled) run_batch_wide<I>();
      }
    });
  }
  template <int I>
  void run_batch_wide() {
    batch_.ctx.line = engine::line_stream(I);
    batch_.ctx.gradients = engine::places[at(I)].grad;
    engine::template bound_at<I>::plan(batch_.ctx, batch_.tapes.template at<I>());
    engine::template bound_at<I>::lay_out(batch_.ctx, batch_.tapes.template at<I>(), engine::template arguments_of<I>(batch_));
    if constexpr (engine::places[at(I)].statistics) run_statistics<I>();
    if constexpr (M::info[at(I)].kind != line_kind::minimize)
      engine::template bound_at<I>::forward(batch_.ctx, slots_[0].of_line[at(I)], batch_.tapes.template at<I>(),
                                            engine::template arguments_of<I>(batch_),
                                            static_cast<std::conditional_t<M::info[at(I)].integral, int, T>*>(batch_.v[I]));
    if constexpr (engine::has_value(I)) copy_wanted<I>(batch_);
  }

  // What tiles are told of the whole batch; and the part of the gradient that needs sums over all of them.
  template <int I>
  void run_statistics() {
    batch_.ctx.gradients = true;
    engine::template bound_at<I>::statistics(batch_.ctx, slots_[0].of_line[at(I)], batch_.tapes.template at<I>(),
                                             engine::template arguments_of<I>(batch_));
  }
  template <int I>
  void back_statistics() {
    using bound = typename engine::template bound_at<I>;
    batch_.ctx.gradients = true;
    join_lanes(kernel_, lanes_, bound::n_sums, [&](int l) { return slots_[at(l)].of_line[at(I)].dshared[0]; });
    bound::statistics_backward(batch_.ctx, slots_[0].of_line[at(I)], batch_.tapes.template at<I>(), engine::template arguments_of<I>(batch_));
  }
  template <int I>
  static constexpr bool wants_statistics(int stage) {
    return engine::places[at(I)].statistics && engine::places[at(I)].stage == stage && !M::info[at(I)].once;
  }

  // Denominators of the means, over the whole step.
  void count_entries() {
    engine::each_line([&]<int I>() {
      if constexpr (M::info[at(I)].kind == line_kind::minimize) {
        using mean = typename loss_policies<typename M::template line_at<I>::extra>::mean;
        double entries = 1;
        if constexpr (std::is_same_v<mean, per_sample>) entries = batch_.ctx.extents[engine::root].rows;
        static_assert(!std::is_same_v<mean, per_entry> || !engine::filled[at(M::info[at(M::info[at(I)].reads[0])].space)],
                      "relreason::minimize: the entries of a space that an operation fills are not known to the batch; say per_sample or per_step");
        if constexpr (std::is_same_v<mean, per_entry>) entries = engine::template bound_at<I>::entries(batch_.ctx, given_arguments<I>());
        denominator_[at(I)] = entries > 0 ? entries : 1;
      }
    });
  }
  // Of what a line reads, inputs and what is computed once: boundary values are still those of the batch before.
  template <int I>
  arguments<T> given_arguments() const {
    arguments<T> in = engine::template arguments_of<I>(batch_);
    for (int r = 0; r < M::info[at(I)].n_reads; ++r)
      if (const line_info& f = M::info[at(M::info[at(I)].reads[r])]; f.kind != line_kind::input && !f.once) in.x[r] = nullptr;
    return in;
  }
  template <int I>
  static constexpr double weight_of() {
    return loss_policies<typename M::template line_at<I>::extra>::weight;
  }

  void clear_lanes() {
    sums_.clear();
    const int first = options_.accumulate ? 1 : 0;
    threads_.parallel_for(lanes_, [&](int l) {
      if (l >= first) std::memset(static_cast<void*>(lane(l)), 0, lane_size_ * sizeof(T));
      else std::memset(static_cast<void*>(lane(l) + learned_), 0, (lane_size_ - learned_) * sizeof(T));
    });
    for (int i = 0; i < n; ++i)
      if (all_.g[i])
        std::memset(static_cast<void*>(all_.g[i]), 0, at(all_.extents[M::info[at(i)].space].rows) * at(M::info[at(i)].width) * sizeof(T));
  }

  static constexpr bool stage_has_coupled(int stage) {
    for (const auto& p : engine::places)
      if (p.coupled && p.stage == stage) return true;
    return false;
  }

  static constexpr bool runs_twice(int stage) { return stage < engine::last_stage || stage_has_coupled(stage); }

  template <int Stage>
  void forward_stage(int tile, int tiles) {
    if constexpr (runs_twice(Stage)) {
      run_tiles(tile, tiles, [this](worker& w, int l) { forward_tile<Stage>(w, l); });
      engine::each_line([&]<int I>() {
        if constexpr (engine::places[at(I)].coupled && engine::places[at(I)].stage == Stage) run_batch_wide<I>();
      });
      engine::each_line([&]<int I>() {
        if constexpr (wants_statistics<I>(Stage + 1)) {
          engine::template bound_at<I>::plan(batch_.ctx, batch_.tapes.template at<I>());
          run_statistics<I>();
        }
      });
    }
  }
  template <int Stage>
  void backward_stage(int tile, int tiles) {
    engine::each_line_reversed([&]<int I>() {
      if constexpr (engine::places[at(I)].coupled && engine::places[at(I)].stage == Stage) {
        batch_.ctx.gradients = true;
        if constexpr (M::info[at(I)].kind == line_kind::minimize) backward_loss<I>(batch_, 0);
        else engine::template backward_line<I>(batch_, slots_[0].of_line[at(I)]);
      }
    });
    run_tiles(tile, tiles, [this](worker& w, int l) {
      forward_tile<Stage, runs_twice(Stage)>(w, l);
      backward_tile<Stage>(w, l);
    });
    engine::each_line_reversed([&]<int I>() {
      if constexpr (wants_statistics<I>(Stage)) back_statistics<I>();
    });
  }

  template <class F>
  void run_tiles(int tile, int tiles, F&& body) {
    next_lane_.store(0);
    const int samples = all_.extents[engine::root].rows;
    threads_.parallel_for(static_cast<int>(workers_.size()), [&](int k) {
      failure_.guard([&] {
        worker& w = *workers_[at(k)];
        for (int l; (l = next_lane_.fetch_add(1)) < lanes_;)
          for (int t = l; t < tiles; t += lanes_) {
            start_tile(w, l, t * tile, std::min((t + 1) * tile, samples));
            body(w, l);
          }
      });
    });
    failure_.rethrow();
  }
  void start_tile(worker& w, int l, int first, int last) {
    w.space.reset();
    w.ctx.seed = options_.seed;
    w.ctx.step = options_.step;
    engine::enter_tile(w, all_, first, last);
    engine::point_at_batch(w, all_);
    for (int i = 0; i < n; ++i)
      if (once_at_[at(i)]) w.g[i] = lane(l) + once_at_[at(i)];
  }

  template <int Stage, bool Again = false>
  void forward_tile(worker& w, int l) {
    engine::each_line([&]<int I>() {
      if constexpr (engine::template in_tile<I, Stage>()) {
        engine::template forward_line<I, false, Again>(w, slots_[at(l)].of_line[at(I)], capacity_);
        if constexpr (engine::has_value(I)) copy_wanted<I>(w);
      }
    });
  }
  template <int I>
  void copy_wanted(const worker& w) {
    [[maybe_unused]] std::size_t k = 0;
    [[maybe_unused]] const auto copy = [&](name wanted) {
      if (wanted == M::info[at(I)].id && outputs_[k]) {
        const extent& e = w.ctx.extents[M::info[at(I)].space];
        const std::size_t width = at(M::info[at(I)].width);
        std::memcpy(outputs_[k] + at(e.base) * width, w.v[I], at(e.rows) * width * sizeof(T));
      }
      ++k;
    };
    (copy(Wanted), ...);
  }
  template <int Stage>
  void backward_tile(worker& w, int l) {
    engine::each_line_reversed([&]<int I>() {
      if constexpr (engine::template in_tile<I, Stage>()) {
        if constexpr (M::info[at(I)].kind == line_kind::minimize) backward_loss<I>(w, l);
        else engine::template backward_line<I>(w, slots_[at(l)].of_line[at(I)]);
      }
    });
  }
  template <int I>
  void backward_loss(worker& w, int l) {
    const auto in = engine::template arguments_of<I>(w);
    auto& tape = w.tapes.template at<I>();
    using bound = typename engine::template bound_at<I>;
    w.ctx.loss = 0;
    w.ctx.right = 0;
    bound::forward(w.ctx, tape, in);
    sums_.add(l, I, w.ctx.loss / denominator_[at(I)], w.ctx.right);
    bound::backward(w.ctx, tape, in, static_cast<T>(weight_of<I>() * options_.scale / denominator_[at(I)]));
  }

  // Lanes to lane 0 by a fixed tree; chunks in parallel.
  void join() {
    constexpr std::size_t chunk = 1 << 14;
    const int chunks = static_cast<int>((lane_size_ + chunk - 1) / chunk);
    threads_.parallel_for(chunks, [&](int c) {
      const std::size_t begin = at(c) * chunk, end = std::min(begin + chunk, lane_size_);
      join_lanes(kernel_, lanes_, end - begin, [&](int l) { return lane(l) + begin; });
    });
  }

  void finish() {
    engine::each_line_reversed([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (engine::places[at(I)].needed && f.kind != line_kind::input && f.kind != line_kind::output) {
        batch_.ctx.gradients = engine::places[at(I)].grad;
        if constexpr (f.once && !engine::places[at(I)].coupled && f.kind == line_kind::minimize) backward_loss<I>(batch_, 0);
        if constexpr (f.once && !engine::places[at(I)].coupled && f.kind == line_kind::let && engine::places[at(I)].grad)
          engine::template backward_line<I>(batch_, slots_[0].of_line[at(I)]);
        if constexpr (f.once && engine::places[at(I)].statistics) back_statistics<I>();
        if constexpr (engine::places[at(I)].grad) engine::template bound_at<I>::finish(batch_.ctx, slots_[0].of_line[at(I)]);
      }
    });
  }
  void collect_losses() {
    sums_.join(lanes_);
    loss_ = 0;
    engine::each_line([&]<int I>() {
      if constexpr (M::info[at(I)].kind == line_kind::minimize) loss_ += weight_of<I>() * losses()[at(I)];
    });
  }

  limits<M> limits_;
  executor& threads_;
  const kernels<T>& kernel_;
  serial_executor serial_;
  extent capacity_[at(M::n_spaces)];
  detail::reserved<M> reserved_;
  memory block_, lane_block_, worker_block_;
  std::size_t lane_size_ = 0, learned_ = 0, shared_at_ = 0, batch_start_ = 0, workspace_ = 0, worker_bytes_ = 0;
  int planned_lanes_, tile_ = 1, lanes_ = 1;
  std::vector<std::unique_ptr<worker>> workers_;
  worker batch_;
  typename engine::whole all_;
  int* pair_offsets_ = nullptr;
  std::byte* prepared_ = nullptr;
  T* shared_ = nullptr;
  std::array<std::size_t, at(n)> once_at_{};
  std::vector<detail::line_slots<M, T>> slots_;  // by lane
  const T *resolved_for_ = nullptr, *resolved_state_ = nullptr;
  loss_sums<at(n)> sums_;
  std::array<double, at(n)> denominator_{};
  double loss_ = 0;
  step_options options_;
  std::array<T*, sizeof...(Wanted)> outputs_{};
  std::atomic<int> next_lane_{0};
  failure failure_;
};

}  // namespace relreason
