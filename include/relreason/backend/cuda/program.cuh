// relreason/backend/cuda/program.cuh -- a model's values, losses and gradients for whole batches on a device: the lines of the list, one after
// another, over all rows. What the CPU does by tiles and lanes (core/gradient.hpp) is one pass here.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
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
  batch_program(const limits<M>& planned, System system, Products& products) : limits_(planned), system_(system), products_(products) { plan(); }
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

  // Outputs: one array on the host per wanted name, rows of the whole batch, or null. on_stream(work): calls work(), or captures and launches it.
  template <class OnStream>
  void run(const batch<M, T>& b, const step_options& options, const std::array<T*, sizeof...(Wanted)>& outputs, OnStream&& on_stream) {
    b.check_for(limits_, needed_inputs());
    if (b.samples == 0) fail("device::batch_program: the batch has no samples");
    stage(b, options);
    store::copy(system_, tables_.data(), staging_.data(), host_tables_.used());
    on_stream([&] { enqueue(options); });
    [[maybe_unused]] std::size_t k = 0;
    (copy_out<Wanted>(k, outputs[k]), ...);
    store::copy(system_, losses_.data(), loss_, losses_.size() * sizeof(double));
    store::wait(system_);
    finish_losses();
  }

  static void check_padded(const batch<M, T>& b) { engine::check_padded(b); }
  double loss() const { return total_; }                               // weighted sum of the mean losses
  const std::array<double, at(n)>& losses() const { return losses_; }  // by line
  T* gradients() const { return gradients_; }                          // on the device, as parameters<M>::table() places them
  T* weights() const { return weights_; }
  T* state() const { return state_; }
  const System& system() const { return system_; }
  scratch_memory<System>& scratch() { return scratch_; }
  std::size_t bytes() const { return block_.bytes() + tables_.bytes() + scratch_.bytes(); }

  // After a step that is not finite: the first number that is not, by line, sample and place, in words. Inputs come first.
  std::string find_non_finite(int* sample = nullptr) {
    std::string found;
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (engine::has_value(I) && !f.integral) {
        if (!found.empty()) return;
        const std::vector<T> v = fetched(static_cast<const T*>(worker_.v[I]), at(worker_.ctx.extents[f.space].rows) * at(f.width));
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
  static std::size_t weight_count() { return parameters<M, T>::table().total; }
  static std::size_t state_count() { return parameters<M, T>::table().state_total; }
  static constexpr std::array<bool, at(n)> needed_inputs() {
    std::array<bool, at(n)> t{};
    for (int i = 0; i < n; ++i) t[at(i)] = engine::places[at(i)].needed && M::info[at(i)].kind == line_kind::input;
    return t;
  }

  // Measures every array at the limits, then makes the memory for them.
  void plan() {
    capacity_extents(limits_, limits_.samples, capacity_);
    auto& ctx = worker_.ctx;
    ctx.system = system_;
    ctx.products = &products_;
    ctx.scratch = &scratch_;
    ctx.training = Training;
    std::copy_n(capacity_, M::n_spaces, ctx.extents);
    reserved_ = engine::reserve(ctx);
    arena fixed, values, tables, host_tables;
    lay_out_fixed(fixed);
    allocate(values, tables, host_tables);
    const std::size_t fixed_bytes = fixed.peak() + 64, value_bytes = values.peak() + 64, table_bytes = tables.peak() + 64;
    check_memory(fixed_bytes, value_bytes + table_bytes);
    block_ = store::make(system_, fixed_bytes + value_bytes, "weights, values and gradients");
    tables_ = store::make(system_, table_bytes, "inputs and index arrays");
    staging_ = typename store::staging(table_bytes);
    arena real(block_.data(), block_.bytes());
    lay_out_fixed(real);
    values_ = arena(block_.data() + fixed_bytes / 64 * 64, value_bytes);
    pair_offsets_.resize(engine::pair_offset_count(capacity_));
    engine::resolve(slots_, reserved_, weights_, state_, gradients_, prepared_, shared_, dshared_);
  }
  // What a batch needs grows with its samples, so an error can say how many would fit; long sums take some more.
  void check_memory(std::size_t fixed, std::size_t batch) const {
    const std::size_t free = store::available(system_), margin = free / 16;
    if (fixed + batch <= free) return;
    const double fit = free > fixed + margin ? static_cast<double>(free - fixed - margin) / static_cast<double>(batch) * limits_.samples : 0;
    fail("device memory for ", limits_.samples, " samples: asked for ", (fixed + batch) >> 20, " MiB, free are ", free >> 20, " MiB; ",
         fit >= 1 ? "about " + std::to_string(static_cast<int>(fit)) + " samples would fit: lower limits::samples, or take a step in micro-batches"
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
  }
  // Arrays of every line for the extents in the context, and tables for its inputs.
  void allocate(arena& values, arena& tables, arena& host_tables) {
    auto& ctx = worker_.ctx;
    ctx.memory = &values;
    ctx.tables = &tables;
    ctx.host_tables = &host_tables;
    step_ = ctx.template take_table<std::uint64_t>(1);
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (engine::places[at(I)].needed && f.kind != line_kind::output) {
        using number = std::conditional_t<f.integral, int, T>;
        if constexpr (f.kind == line_kind::input) {
          const auto t = ctx.template take_table<number>(ctx.extents[f.space].rows * f.width);
          inputs_[at(I)] = t.host;
          worker_.v[I] = const_cast<number*>(t.at);
        } else {
          if constexpr (engine::has_value(I)) {
            const std::size_t count = at(ctx.extents[f.space].rows) * at(f.width);
            worker_.v[I] = values.take<number>(count);
            worker_.g[I] = engine::places[at(I)].grad ? values.take<T>(count) : nullptr;
          }
          ctx.gradients = engine::places[at(I)].grad;
          engine::template bound_at<I>::plan(ctx, std::get<at(I)>(worker_.tapes));
        }
      }
    });
    [[maybe_unused]] std::size_t k = 0;
    ((sides_[k++] = Wanted.after_dot() == name{} ? nullptr : values.template take<T>(count_of<Wanted>())), ...);
  }

  // The host's part: extents, arrays, inputs and index arrays of this batch.
  void stage(const batch<M, T>& b, const step_options& options) {
    auto& ctx = worker_.ctx;
    engine::bind_inputs(all_, b, pair_offsets_.data());
    std::copy_n(all_.extents, M::n_spaces, ctx.extents);
    ctx.seed = options.seed;
    values_.reset();
    device_tables_ = arena(tables_.data(), tables_.bytes());
    host_tables_ = arena(staging_.data(), staging_.bytes());
    allocate(values_, device_tables_, host_tables_);
    *step_.host = options.step;
    ctx.step = step_.at;
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (f.kind == line_kind::input && engine::places[at(I)].needed)
        if (const std::size_t count = at(ctx.extents[f.space].rows) * at(f.width))  // none: a vector's data may be null
          std::memcpy(inputs_[at(I)], all_.input[I], count * (f.integral ? sizeof(int) : sizeof(T)));
      if constexpr (runs(I)) {
        ctx.gradients = engine::places[at(I)].grad;
        engine::template bound_at<I>::lay_out(ctx, std::get<at(I)>(worker_.tapes), host_arguments<I>());
        if constexpr (f.kind == line_kind::minimize) denominator_[at(I)] = denominator_of<I>();
      }
    });
  }

  // Everything that the device does for one batch, in one stream, without a word to the host.
  void enqueue(const step_options& options) {
    [[maybe_unused]] auto& ctx = worker_.ctx;
    if constexpr (Training) {
      if (!options.accumulate) ctx.fill(parameters<M, T>::table().learned, gradients_, T(0));
      ctx.fill(reserved_.shared_count, dshared_, T(0));
    }
    device::fill(system_, losses_.size(), loss_, 0.0);
    engine::each_line([&]<int I>() {
      if constexpr (runs(I)) engine::template bound_at<I>::prepare(here<I>(), slots_.of_line[at(I)]);
    });
    engine::each_line([&]<int I>() { forward<I>(); });
    [[maybe_unused]] std::size_t k = 0;
    (side_result<Wanted>(k++), ...);
    if constexpr (!Training) return;
    engine::each_line_reversed([&]<int I>() { backward<I>(options.scale); });
    engine::each_line_reversed([&]<int I>() {
      if constexpr (runs(I) && engine::places[at(I)].grad) engine::template bound_at<I>::finish(here<I>(), slots_.of_line[at(I)]);
    });
  }
  template <int I>
  void forward() {
    constexpr line_info f = M::info[at(I)];
    if constexpr (runs(I) && f.kind != line_kind::minimize) {
      auto& ctx = here<I>();
      if (worker_.g[I]) ctx.fill(at(ctx.extents[f.space].rows) * at(f.width), worker_.g[I], T(0));
      engine::template bound_at<I>::forward(ctx, slots_.of_line[at(I)], std::get<at(I)>(worker_.tapes), engine::template arguments_of<I>(worker_),
                                            static_cast<std::conditional_t<f.integral, int, T>*>(worker_.v[I]));
    }
  }
  template <int I>
  void backward([[maybe_unused]] double scale) {
    constexpr line_info f = M::info[at(I)];
    if constexpr (runs(I) && f.kind == line_kind::minimize) {
      using bound = typename engine::template bound_at<I>;
      auto& ctx = here<I>();
      auto& tape = std::get<at(I)>(worker_.tapes);
      const auto in = engine::template arguments_of<I>(worker_);
      ctx.loss = loss_ + I;
      bound::forward(ctx, tape, in);
      bound::backward(ctx, tape, in, static_cast<T>(weight_of<I>() * scale / denominator_[at(I)]));
    } else if constexpr (runs(I)) {
      here<I>();
      engine::template backward_line<I>(worker_, slots_.of_line[at(I)]);
    }
  }
  template <int I>
  typename engine::context_type& here() {
    worker_.ctx.line = engine::line_stream(I);
    worker_.ctx.gradients = engine::places[at(I)].grad;
    return worker_.ctx;
  }

  // What a line reads, where it is an input: the host's copy.
  template <int I>
  arguments<T> host_arguments() const {
    arguments<T> in;
    for (int r = 0; r < M::info[at(I)].n_reads; ++r)
      if (const int read = M::info[at(I)].reads[r]; M::info[at(read)].kind == line_kind::input) in.x[r] = inputs_[at(read)];
    return in;
  }
  template <int I>
  static constexpr double weight_of() {
    return loss_policies<typename M::template line_at<I>::extra>::weight;
  }
  template <int I>
  double denominator_of() {
    using mean = typename loss_policies<typename M::template line_at<I>::extra>::mean;
    double entries = 1;
    if constexpr (std::is_same_v<mean, per_sample>) entries = worker_.ctx.extents[engine::root].rows;
    if constexpr (std::is_same_v<mean, per_entry>) entries = engine::template bound_at<I>::entries(worker_.ctx, host_arguments<I>());
    return entries > 0 ? entries : 1;
  }
  void finish_losses() {
    total_ = 0;
    engine::each_line([&]<int I>() {
      if constexpr (M::info[at(I)].kind == line_kind::minimize) total_ += weight_of<I>() * (losses_[at(I)] /= denominator_[at(I)]);
    });
  }

  template <name N>
  std::size_t count_of() const {
    return at(worker_.ctx.extents[value_of<N>::space].rows) * at(value_of<N>::width);
  }
  template <name N>
  void copy_out(std::size_t& k, T* to) {
    const void* from = N.after_dot() == name{} ? worker_.v[M::template find<N.before_dot()>()] : sides_[k];
    if (to) store::copy(system_, to, from, count_of<N>() * sizeof(T));
    ++k;
  }
  template <name N>
  void side_result([[maybe_unused]] std::size_t k) {
    if constexpr (N.after_dot() != name{}) {
      constexpr int I = M::template find<N.before_dot()>();
      engine::template bound_at<I>::template side_result<N.after_dot()>(here<I>(), slots_.of_line[at(I)], std::get<at(I)>(worker_.tapes),
                                                                        engine::template arguments_of<I>(worker_), sides_[k]);
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
    const extent& e = worker_.ctx.extents[space];
    int parent = static_cast<int>(std::upper_bound(e.offsets, e.offsets + e.parents + 1, row + e.offsets[0]) - e.offsets) - 1;
    const int sample = sample_of(s.parent, parent);
    row -= first_row(space, sample);
    return sample;
  }
  int first_row(int space, int sample) const {
    const space_info& s = spaces_of_model<M>[at(space)];
    return s.kind == space_kind::root ? sample : worker_.ctx.extents[space].offsets[first_row(s.parent, sample)];
  }

  limits<M> limits_;
  System system_;
  Products& products_;
  scratch_memory<System> scratch_;
  extent capacity_[at(M::n_spaces)];
  relreason::detail::reserved<M> reserved_;
  relreason::detail::line_slots<M, T> slots_;
  typename store::block block_, tables_;
  typename store::staging staging_;
  arena values_, device_tables_, host_tables_;
  std::vector<int> pair_offsets_;
  worker worker_;
  typename engine::whole all_;
  std::array<void*, at(n)> inputs_{};
  std::array<T*, sizeof...(Wanted) + 1> sides_{};  // side results, by wanted name
  T *weights_ = nullptr, *state_ = nullptr, *gradients_ = nullptr, *shared_ = nullptr, *dshared_ = nullptr;
  std::byte* prepared_ = nullptr;
  double* loss_ = nullptr;
  staged<std::uint64_t> step_;
  std::array<double, at(n)> losses_{}, denominator_{};
  double total_ = 0;
};

}  // namespace relreason::device
