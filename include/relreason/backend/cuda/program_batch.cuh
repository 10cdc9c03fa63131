// relreason/backend/cuda/program_batch.cuh -- one batch on its way through a device program: the rows that run, arrays for every line, and the host's
// part: inputs and index arrays, made in memory from which they are copied at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "relreason/backend/cuda/program_lines.cuh"

namespace relreason::device {

// Tables of inputs that the device holds (core/input_table.hpp), by line: batches name their rows.
template <int N>
struct table_places {
  std::array<const void*, static_cast<std::size_t>(N)> at{};  // on the device
  std::array<int, static_cast<std::size_t>(N)> rows{};        // 0: none
};

// A program has two, so that one batch is made ready while the other's step runs.
template <class Lines>
struct program_parts<Lines>::one_batch {
  typename store::block tables;     // inputs and index arrays
  typename store::staging staging;  // the same on the host
  typename store::ahead copy;
  arena values, device_tables, host_tables;
  typename engine::worker w;
  typename engine::whole all;
  const table_places<n>* held = nullptr;
  std::vector<int> shape;                   // of two batches with the same, a captured step serves both
  std::array<T*, Lines::n_wanted> sides{};  // side results, by wanted name
  std::array<double, at(n)> denominator{};
  std::atomic<const batch<M, T>*> of = nullptr;

  // Memory for what was measured: values lie in the program's block, which both share.
  void place(const System& on, std::byte* value_memory, std::size_t value_bytes, std::size_t table_bytes, const extent* capacity,
             const std::string& hint) {
    tables = store::make(on, table_bytes, "inputs and index arrays", hint);
    staging = typename store::staging(table_bytes);
    values = arena(value_memory, value_bytes);
    device_tables = arena(tables.data(), table_bytes);
    host_tables = arena(staging.data(), table_bytes);
    pair_offsets_.resize(engine::pair_offset_count(capacity));
    std::size_t spaces = 0;
    for (int i = 0; i < M::n_spaces; ++i) spaces += at(capacity[i].parents) + 1;
    offsets_.resize(spaces);
    lines_ = {};  // what was measured is not there
  }
  // Arrays of every line for the extents in the context, and tables for its inputs.
  void allocate() {
    auto& ctx = w.ctx;
    ctx.memory = &values;
    ctx.tables = &device_tables;
    ctx.host_tables = &host_tables;
    values.reset();
    device_tables.reset();
    host_tables.reset();
    live_ = ctx.template take_table<int>(M::n_spaces);
    engine::each_line([&]<int I>() {
      constexpr line_info f = M::info[at(I)];
      if constexpr (Lines::is_input(I)) {
        using number = typename Lines::template number_of<I>;
        const std::size_t rows = at(ctx.extents[f.space].rows);
        if (held->rows[at(I)]) {
          numbers_[at(I)] = ctx.template take_table<int>(rows);
          w.v[I] = values.template take<number>(rows * at(f.width));
        } else {
          const auto t = ctx.template take_table<number>(rows * at(f.width));
          inputs_[at(I)] = t.host;
          w.v[I] = const_cast<number*>(t.at);
        }
      }
      if constexpr (Lines::runs(I)) {
        if constexpr (engine::has_value(I)) {
          const std::size_t count = at(ctx.extents[f.space].rows) * at(f.width);
          w.v[I] = values.template take<typename Lines::template number_of<I>>(count);
          w.g[I] = engine::places[at(I)].grad ? values.template take<T>(count) : nullptr;
        }
        ctx.gradients = engine::places[at(I)].grad;
        plan_line<I>();
      }
    });
    T** side = sides.data();
    for (const auto& f : Lines::wanted) *side++ = f.side ? values.template take<T>(at(ctx.extents[f.space].rows) * at(f.width)) : nullptr;
  }
  // The host's part: extents, arrays, inputs and index arrays of b. n_told: places at the shape's front for what run() is told.
  void lay_out(const batch<M, T>& b, const extent* capacity, std::size_t n_told) {
    auto& ctx = w.ctx;
    engine::bind_inputs(all, b, pair_offsets_.data());
    shape.assign(n_told, 0);
    round_extents(capacity);
    allocate();
    for (int i = 0; i < M::n_spaces; ++i) live_.host[i] = ctx.extents[i].listed();
    ctx.live_rows = live_.at;
    engine::each_line([&]<int I>() {
      if constexpr (Lines::is_input(I)) copy_input<I>(b.row_numbers[at(I)]);
      if constexpr (Lines::runs(I)) {
        ctx.gradients = engine::places[at(I)].grad;
        lay_out_line<I>();
        if constexpr (M::info[at(I)].kind == line_kind::minimize) denominator[at(I)] = denominator_of<I>();
      }
    });
    extents_.swap(extents_now_);  // every table is whole
  }
  // For the stream: the rows that the batch names, where the device holds all.
  template <int I>
  void gather() {
    if constexpr (Lines::can_be_held(I)) {
      constexpr line_info f = M::info[at(I)];
      const auto copy_as = [&]<class Number>(Number*, std::size_t width) {
        device::copy_rows(w.ctx.system, at(w.ctx.extents[f.space].rows), width, static_cast<Number*>(w.v[I]), width,
                          static_cast<const Number*>(held->at[at(I)]), width, numbers_[at(I)].at);
      };
      if (!held->rows[at(I)]) return;
      if constexpr (f.bytes && f.width % 4 == 0) copy_as(static_cast<std::uint32_t*>(nullptr), at(f.width / 4));  // a byte a thread would be slow
      else copy_as(static_cast<typename Lines::template number_of<I>*>(nullptr), at(f.width));
    }
  }
  // The context, for a call of line I.
  template <int I>
  typename engine::context_type& here() {
    w.ctx.line = engine::line_stream(I);
    w.ctx.gradients = engine::places[at(I)].grad;
    return w.ctx;
  }
  // The sample that holds a row of a space, and the row's number within it.
  int sample_of(int space, int& row) const {
    const space_info& s = spaces_of_model<M>[at(space)];
    if (s.kind == space_kind::root) {
      const int sample = row;
      row = 0;
      return sample;
    }
    const extent& e = w.ctx.extents[space];
    int parent = static_cast<int>(std::upper_bound(e.offsets, e.offsets + e.parents + 1, row + e.offsets[0]) - e.offsets) - 1;
    const int sample = sample_of(s.parent, parent);
    row -= first_row(space, sample);
    return sample;
  }

 private:
  // What a line took of the arenas and told launches_by(), to be taken again where its tables may stay.
  struct kept_line {
    bool there = false, now = false;
    std::array<std::size_t, 3> before{}, after{};
    std::vector<int> shape;
  };
  std::array<std::size_t, 3> used() const { return {values.used(), device_tables.used(), host_tables.used()}; }
  template <int I>
  void plan_line() {
    using bound = typename engine::template bound_at<I>;
    kept_line& line = lines_[at(I)];
    const auto before = used();
    line.now = bound::by_extents && same_extents_ && line.there && line.before == before;
    if (line.now) {
      values.reset(line.after[0]), device_tables.reset(line.after[1]), host_tables.reset(line.after[2]);
      return;
    }
    bound::plan(w.ctx, w.tapes.template at<I>());
    line.there = true;
    line.before = before, line.after = used();
  }
  template <int I>
  void lay_out_line() {
    kept_line& line = lines_[at(I)];
    if (line.now) {
      shape.insert(shape.end(), line.shape.begin(), line.shape.end());
      return;
    }
    const auto first = static_cast<std::ptrdiff_t>(shape.size());
    line.there = false;  // until its tables are whole
    engine::template bound_at<I>::lay_out(w.ctx, w.tapes.template at<I>(), host_arguments<I>());
    line.there = true;
    line.shape.assign(shape.begin() + first, shape.end());
  }
  template <int I>
  void copy_input(const std::vector<int>& of_table) {
    using number = typename Lines::template number_of<I>;
    constexpr line_info f = M::info[at(I)];
    const extent& e = w.ctx.extents[f.space];
    if (held->rows[at(I)]) {
      int* end = std::copy(of_table.begin(), of_table.end(), numbers_[at(I)].host);
      std::fill(end, numbers_[at(I)].host + e.rows, -1);  // reads as zeros
      return;
    }
    const std::size_t listed = at(e.listed()) * at(f.width), rows = at(e.rows) * at(f.width);
    const auto to = static_cast<number*>(inputs_[at(I)]);
    if (listed) std::memcpy(to, all.input[I], listed * sizeof(number));  // none: a vector's data may be null
    std::fill(to + listed, to + rows, f.integral && !f.bytes ? number(-1) : number(0));
  }

  // Rows that run: those of the batch, rounded up by at most a sixteenth, so that one captured step serves many batches.
  static int rounded(int rows, int most) {
    int step = 1;
    while (rows / step >= 32) step *= 2;
    return std::min((rows + step - 1) / step * step, most);
  }
  void round_extents(const extent* capacity) {
    const auto told = static_cast<std::ptrdiff_t>(shape.size());
    int* own = offsets_.data();
    for (int i = 0; i < M::n_spaces; ++i) {
      extent e = all.extents[i];
      if (const int parent = spaces_of_model<M>[at(i)].parent; parent >= 0 && e.offsets) {
        const int parents = w.ctx.extents[parent].rows;  // those of a rounded space have no rows
        int* end = std::copy_n(e.offsets, e.parents + 1, own);
        end = std::fill_n(end, parents - e.parents, e.offsets[e.parents]);
        e.rows = spaces_of_model<M>[at(i)].fixed ? parents * spaces_of_model<M>[at(i)].fixed : rounded(e.rows, capacity[i].rows), e.parents = parents,
        e.offsets = std::exchange(own, end);
      }
      w.ctx.extents[i] = e;
      shape.insert(shape.end(), {e.rows, e.parents, e.padded});
    }
    extents_now_.assign(shape.begin() + told, shape.end());
    extents_now_.insert(extents_now_.end(), offsets_.data(), own);
    same_extents_ = extents_now_ == extents_;
    extents_.clear();  // an error leaves no tables to be kept
  }

  // What a line reads, where it is an input: the host's copy.
  template <int I>
  arguments<T> host_arguments() const {
    arguments<T> in;
    for (int k = 0; k < M::info[at(I)].n_reads; ++k)
      if (const int read = M::info[at(I)].reads[k]; M::info[at(read)].kind == line_kind::input) in.x[k] = inputs_[at(read)];
    return in;
  }
  template <int I>
  double denominator_of() {
    using mean = typename Lines::template mean_of<I>;
    double entries = 1;
    if constexpr (std::is_same_v<mean, per_sample>) entries = w.ctx.extents[engine::root].rows;
    if constexpr (std::is_same_v<mean, per_entry>) entries = engine::template bound_at<I>::entries(w.ctx, host_arguments<I>());
    return entries > 0 ? entries : 1;
  }
  int first_row(int space, int sample) const {
    const space_info& s = spaces_of_model<M>[at(space)];
    return s.kind == space_kind::root ? sample : w.ctx.extents[space].offsets[first_row(s.parent, sample)];
  }

  std::vector<int> pair_offsets_, offsets_;  // those of the batch; those of the rows that run
  std::vector<int> extents_, extents_now_;   // all of them, with their offsets: those of the last batch, none after an error; of this one
  bool same_extents_ = false;                // as the batch before it in this place
  std::array<kept_line, at(n)> lines_;
  std::array<void*, at(n)> inputs_{};       // the host's
  std::array<staged<int>, at(n)> numbers_;  // of rows of tables
  staged<int> live_;
};

template <class Lines>
using program_batch = typename program_parts<Lines>::one_batch;

}  // namespace relreason::device
