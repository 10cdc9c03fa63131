// relreason/backend/cuda/program.cuh -- a model's values, losses and gradients for whole batches on a device: the lines of the list, one after
// another, over all rows. What the CPU does by tiles and lanes (core/gradient.hpp) is one pass here.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "relreason/backend/cuda/program_memory.cuh"
#include "relreason/core/step_options.hpp"

namespace relreason::device {

// batch_program<rn, cuda_system, cublaslt_products, true, "a"> p(limits, system, products);  p.send(weights);  p.run(batch, options);
// Training: losses, gradients, and the wanted values. Otherwise the wanted values only. Sizes follow the batch, memory is that of the limits.
template <class M, class System, class Products, bool Training, name... Wanted>
class batch_program {
  using T = float;
  using lines = program_lines<M, System, Products, Training, Wanted...>;
  using engine = typename lines::engine;
  using store = storage<System>;
  using own_memory = program_memory<lines>;
  using own_batch = program_batch<lines>;
  using call = program_call<lines>;
  static constexpr int n = M::n;
  static constexpr std::size_t at(int i) { return static_cast<std::size_t>(i); }

 public:
  // most_bytes: of its memory, or 0 for all that is free, with `beside` bytes that the owner will take; see pairs_at_once(). Tables are copied;
  // batches must name their rows, as prepare() tells them. held_already: bytes of tables in another program of the owner, for errors.
  batch_program(const limits<M>& planned, System system, Products& products, std::size_t most_bytes = 0, std::size_t beside = 0,
                const std::vector<input_table>& tables = {}, std::size_t held_already = 0)
      : system_(system), memory_(planned, system, products, most_bytes, beside, tables, held_already), now_(&memory_.batches[0]) {}
  batch_program(const batch_program&) = delete;
  batch_program& operator=(const batch_program&) = delete;

  // Copies weights and state to the device.
  void send(const parameters<M, T>& from) {
    store::copy(system_, weights(), from.data(), own_memory::weight_count() * sizeof(T));
    store::copy(system_, state(), from.state(), own_memory::state_count() * sizeof(T));
    store::wait(system_);
  }
  void fetch(parameters<M, T>& to) const {
    store::copy(system_, to.data(), weights(), own_memory::weight_count() * sizeof(T));
    store::copy(system_, to.state(), state(), own_memory::state_count() * sizeof(T));
    store::wait(system_);
  }
  // Those of another program of the model on the same device.
  template <class Other>
  void take_weights(const Other& from) {
    store::copy(system_, weights(), from.weights(), own_memory::weight_count() * sizeof(T));
    store::copy(system_, state(), from.state(), own_memory::state_count() * sizeof(T));
  }

  void prepare(batch<M, T>& b) const {
    for (std::size_t i = 0; i < at(n); ++i) b.held[i] = memory_.held.rows[i] > 0;
  }
  // Makes ready and begins to copy what the step of b will read; another thread may be in run() with the batch before. b must not change until its
  // run(), which stages a batch itself where this was not called: stage every batch, one ahead, or none.
  void stage(const batch<M, T>& b) {
    b.check_for(memory_.planned, needed_inputs, memory_.held.rows);
    if (b.samples == 0) fail("device::batch_program: the batch has no samples");
    auto& [first, second] = memory_.batches;
    if (first.of == &b || second.of == &b || memory_.batches[turn_ ^ 1].of)
      fail("device::batch_program: this batch, or two others, are staged already and have not run; stage one batch ahead, or drop_staged()");
    own_batch& r = memory_.batches[turn_ ^= 1];
    r.lay_out(b, memory_.capacity, n_told);
    r.copy.start(system_, r.tables.data(), r.staging.data(), r.host_tables.used());
    r.of = &b;
  }
  void drop_staged() {
    for (own_batch& r : memory_.batches) r.of = nullptr;
  }
  // Outputs: one array on the host per wanted name, rows of the whole batch, or null. on_stream(shape, work): calls work(), or launches what was
  // captured of it when the shape was the same. after() puts more work on the stream, in the same capture.
  template <class OnStream, class After>
  void run(const batch<M, T>& b, const step_options& options, const std::array<T*, sizeof...(Wanted)>& outputs, OnStream&& on_stream, After&& after) {
    auto& [first, second] = memory_.batches;
    if (first.of != &b && second.of != &b) stage(b);
    own_batch& r = *(now_ = second.of == &b ? &second : &first);
    r.of = nullptr;
    constexpr bool more = !std::is_same_v<std::remove_cvref_t<After>, nothing>;
    r.shape[0] = (&r == &second ? 1 : 0) + (options.accumulate ? 2 : 0) + (more ? 4 : 0);
    r.shape[1] = static_cast<int>(options.seed), r.shape[2] = static_cast<int>(options.seed >> 32);
    fill_call(r, options);
    r.copy.finish(system_);
    on_stream(r.shape, [&] {
      store::copy(system_, memory_.call, call_staging_.data(), sizeof(call));
      enqueue(r, options);
      after();
      store::copy(system_, sums_staging_.data(), memory_.sums, own_memory::n_sums * sizeof(double));
    });
    for (std::size_t k = 0; k < outputs.size(); ++k) copy_out(r, k, outputs[k]);
    store::wait(system_);
    finish_sums(r);
  }
  template <class OnStream>
  void run(const batch<M, T>& b, const step_options& options, const std::array<T*, sizeof...(Wanted)>& outputs, OnStream&& on_stream) {
    run(b, options, outputs, on_stream, nothing{});
  }

  static void check_padded(const batch<M, T>& b) { engine::check_padded(b); }
  double loss() const { return total_; }                                    // weighted sum of the mean losses
  const std::array<double, at(n)>& losses() const { return losses_; }       // by line
  const std::array<std::uint64_t, at(n)>& right() const { return right_; }  // by line: rows that a loss which judges found right
  T* gradients() const { return memory_.gradients; }                        // on the device, as parameters<M>::table() places them
  T* weights() const { return memory_.weights; }
  T* state() const { return memory_.state; }
  const System& system() const { return system_; }
  bool computes_again() const { return now_->w.ctx.rebuild; }
  int pairs_at_once() const { return now_->w.ctx.pairs_at_once; }
  // How pair layers are computed, where it is not in float, kept and all at once: all of it that changes their numbers.
  std::string pair_text() const {
    const auto& ctx = now_->w.ctx;
    if (memory_.pair_bytes == 0 || (!ctx.pairs_bf16 && ctx.pairs_at_once == ctx.chunk_rows)) return {};
    return std::string(", pair layers") + (ctx.pairs_bf16 ? " in bf16" : "") + (ctx.pairs_at_once == ctx.chunk_rows ? "" : policy_text());
  }
  // "pair layers: policy store, bf16, 1.5 MiB"; empty without pair layers.
  std::size_t pair_bytes() const { return memory_.pair_bytes; }
  std::string pair_memory_text() const {
    const auto& ctx = now_->w.ctx;
    if (memory_.pair_bytes == 0) return {};
    const std::size_t tenths = (memory_.pair_bytes * 10 + (1u << 20) - 1) >> 20;
    return std::string("pair layers: policy ") + (ctx.rebuild ? "masks" : "store") + (ctx.pairs_bf16 ? ", bf16, " : ", fp32, ") +
           std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " MiB" +
           (ctx.pairs_at_once == ctx.chunk_rows ? "" : ", " + std::to_string(ctx.pairs_at_once) + " pairs at once");
  }
  scratch_memory<System>& scratch() { return memory_.scratch; }
  std::size_t bytes() const { return memory_.bytes(); }
  std::size_t held_bytes() const { return memory_.held_bytes; }  // of tables, here and in other programs
  const double* line_losses() const { return memory_.sums; }     // sums by line, on the device: for what after() enqueues

  // On the device, of the batch that runs, or ran last, with the rows that run beyond it: for what after() enqueues.
  template <int Line>
  const T* value() const {
    return static_cast<const T*>(now_->w.v[Line]);
  }
  std::size_t rows(int space) const { return at(now_->w.ctx.extents[space].rows); }

  // After a step that is not finite: the first number that is not, by line, sample and place, in words. Inputs come first.
  std::string find_non_finite(int* sample = nullptr) {
    std::string found;
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (engine::has_value(I) && !f.integral && lines::valued[at(I)]) {
        if (!found.empty()) return;
        const std::vector<T> v = fetched(static_cast<const T*>(now_->w.v[I]), at(now_->w.ctx.extents[f.space].listed()) * at(f.width));
        const auto bad = std::find_if(v.begin(), v.end(), [](T x) { return !std::isfinite(x); });
        if (bad == v.end()) return;
        const auto k = static_cast<std::size_t>(bad - v.begin());
        int row = static_cast<int>(k / at(f.width));
        const int of = f.once ? -1 : now_->sample_of(f.space, row);
        if (sample && of >= 0) *sample = of;
        found = relreason::detail::non_finite_text(f, of, row, static_cast<int>(k % at(f.width)), static_cast<double>(*bad));
      }
    });
    if (!found.empty() || !Training) return found.empty() ? "no single value" : found;
    return relreason::detail::non_finite_gradient<M>(fetched(gradients(), own_memory::learned_count()).data());
  }

 private:
  std::string policy_text() const {
    return (computes_again() ? " computed again, " : " kept, ") + std::to_string(pairs_at_once()) + " pairs at once";
  }
  struct nothing {
    void operator()() const {}
  };
  static constexpr std::size_t n_told = 3;  // numbers at a shape's front that run() knows
  static constexpr std::array<bool, at(n)> needed_inputs = [] {
    std::array<bool, at(n)> t{};
    for (int i = 0; i < n; ++i) t[at(i)] = lines::is_input(i);
    return t;
  }();

  void fill_call(const own_batch& r, const step_options& options) {
    call& c = *reinterpret_cast<call*>(call_staging_.data());
    c.step = options.step;
    engine::each_line([&]<int I>() {
      if constexpr (M::info[at(I)].kind == line_kind::minimize)
        c.factor[I] = static_cast<T>(lines::template weight_of<I>() * options.scale / r.denominator[at(I)]);
    });
  }

  // Everything that the device does for one batch, in one stream, without a word to the host.
  void enqueue(own_batch& r, const step_options& options) {
    [[maybe_unused]] auto& ctx = r.w.ctx;
    ctx.seed = options.seed;
    ctx.step = &memory_.call->step;
    if constexpr (Training) {
      if (!options.accumulate) ctx.fill(own_memory::learned_count(), gradients(), T(0));
      ctx.fill(memory_.reserved.shared_count, memory_.dshared, T(0));
    }
    device::fill(system_, own_memory::n_sums, memory_.sums, 0.0);
    engine::each_line([&]<int I>() { r.template gather<I>(); });
    engine::each_line([&]<int I>() {
      if constexpr (lines::runs(I)) engine::template bound_at<I>::prepare(r.template here<I>(), slots<I>());
    });
    engine::each_line([&]<int I>() { forward<I>(r); });
    [[maybe_unused]] std::size_t k = 0;
    (side_result<Wanted>(r, k++), ...);
    if constexpr (!Training) return;
    engine::each_line_reversed([&]<int I>() { backward<I>(r); });
    engine::each_line_reversed([&]<int I>() {
      if constexpr (lines::runs(I) && engine::places[at(I)].grad) engine::template bound_at<I>::finish(r.template here<I>(), slots<I>());
    });
  }
  template <int I>
  const auto& slots() const {
    return memory_.slots.of_line[at(I)];
  }
  template <int I>
  void forward(own_batch& r) {
    constexpr line_info f = M::info[at(I)];
    if constexpr (lines::runs(I) && f.kind != line_kind::minimize && lines::valued[at(I)]) {
      auto& ctx = r.template here<I>();
      if (r.w.g[I]) ctx.fill(at(ctx.extents[f.space].rows) * at(f.width), r.w.g[I], T(0));
      engine::template bound_at<I>::forward(ctx, slots<I>(), r.w.tapes.template at<I>(), engine::template arguments_of<I>(r.w),
                                            static_cast<std::conditional_t<f.integral, int, T>*>(r.w.v[I]));
    }
  }
  template <int I>
  void backward(own_batch& r) {
    constexpr line_info f = M::info[at(I)];
    if constexpr (lines::runs(I) && f.kind == line_kind::minimize) {
      using bound = typename engine::template bound_at<I>;
      auto& ctx = r.template here<I>();
      auto& tape = r.w.tapes.template at<I>();
      const auto in = engine::template arguments_of<I>(r.w);
      ctx.loss = memory_.sums + I;
      ctx.right = memory_.sums + n + I;
      bound::forward(ctx, tape, in);
      bound::backward(ctx, tape, in, scalar<T>{memory_.call->factor + I});
    } else if constexpr (lines::runs(I)) {
      r.template here<I>();
      engine::template backward_line<I>(r.w, slots<I>());
    }
  }
  void finish_sums(const own_batch& r) {
    const auto* sums = reinterpret_cast<const double*>(sums_staging_.data());
    total_ = 0;
    engine::each_line([&]<int I>() {
      if constexpr (M::info[at(I)].kind == line_kind::minimize)
        total_ += lines::template weight_of<I>() * (losses_[at(I)] = sums[I] / r.denominator[at(I)]);
      right_[at(I)] = static_cast<std::uint64_t>(sums[n + I]);
    });
  }

  void copy_out(const own_batch& r, std::size_t k, T* to) {
    if (!to) return;
    const auto& wanted = lines::wanted[k];
    const void* from = wanted.side ? r.sides[k] : r.w.v[wanted.line];
    store::copy(system_, to, from, at(r.w.ctx.extents[wanted.space].listed()) * at(wanted.width) * sizeof(T));
  }
  template <name N>
  void side_result([[maybe_unused]] own_batch& r, [[maybe_unused]] std::size_t k) {
    if constexpr (N.after_dot() != name{}) {
      constexpr int I = M::template find<N.before_dot()>();
      engine::template bound_at<I>::template side_result<N.after_dot()>(r.template here<I>(), slots<I>(), r.w.tapes.template at<I>(),
                                                                        engine::template arguments_of<I>(r.w), r.sides[k]);
    }
  }
  std::vector<T> fetched(const T* from, std::size_t count) const {
    std::vector<T> to(count);
    store::copy(system_, to.data(), from, count * sizeof(T));
    store::wait(system_);
    return to;
  }

  System system_;
  own_memory memory_;
  own_batch* now_;        // the last one that ran
  std::size_t turn_ = 0;  // the last one that was made ready
  typename store::staging call_staging_{sizeof(call)}, sums_staging_{own_memory::n_sums * sizeof(double)};
  std::array<double, at(n)> losses_{};
  std::array<std::uint64_t, at(n)> right_{};
  double total_ = 0;
};

}  // namespace relreason::device
