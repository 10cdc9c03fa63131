// relreason/backend/cuda/program_memory.cuh -- a device program's memory, planned once for the limits: weights, gradients, and places for two batches.
// What pair layers computed is kept for the backward pass (policy store), or, where that is too much, computed again there, some pairs at a time,
// and only the bits of the last layer's ReLU are kept (policy masks).
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "relreason/backend/cuda/program_batch.cuh"
#include "relreason/core/input_table.hpp"

namespace relreason::device {

template <class Lines>
struct program_parts<Lines>::all_memory {
  static constexpr std::size_t n_sums = 2 * at(n);
  static std::size_t weight_count() { return parameters<M, T>::table().total; }
  static std::size_t state_count() { return parameters<M, T>::table().state_total; }
  static std::size_t learned_count() { return parameters<M, T>::table().learned; }

  limits<M> planned;
  extent capacity[at(M::n_spaces)];
  relreason::detail::reserved<M> reserved;
  relreason::detail::line_slots<M, T> slots;
  scratch_memory<System> scratch;
  typename store::block block, table_block;
  table_places<n> held;
  std::array<one_batch, 2> batches;
  T *weights = nullptr, *state = nullptr, *gradients = nullptr, *shared = nullptr, *dshared = nullptr;
  std::byte* prepared = nullptr;
  double* sums = nullptr;      // by line: of the loss, and behind them how many rows are right
  std::size_t held_bytes = 0;  // of tables
  std::size_t pair_bytes = 0;  // of what pair layers keep and work in, masks included
  program_call<Lines>* call = nullptr;

  // most_bytes: of its memory, or 0 for all that is free, with `beside` bytes that the owner will take.
  // Tables are held whole, beside what most_bytes bounds. held_already: bytes of those that another program of the owner holds, for errors.
  all_memory(const limits<M>& at_most, const System& system, typename Lines::Products& products, std::size_t most_bytes, std::size_t beside,
             const std::vector<input_table>& tables, std::size_t held_already)
      : planned(at_most), most_bytes_(most_bytes), beside_(beside) {
    hold(system, tables);
    held_bytes = held_already + table_block.bytes();
    if (held_bytes) scratch.hint += "; " + held_text();
    for (auto& one : batches) {
      auto& ctx = one.w.ctx;
      ctx.system = system;
      ctx.products = &products;
      ctx.scratch = &scratch;
      ctx.training = Lines::training;
      ctx.shape = &one.shape;
      one.held = &held;
    }
    plan(system);
  }
  all_memory(const all_memory&) = delete;
  all_memory& operator=(const all_memory&) = delete;

  std::size_t bytes() const { return block.bytes() + 2 * batches[0].tables.bytes() + scratch.bytes() + table_block.bytes(); }

 private:
  static constexpr int most_pairs = 1 << 20, least_pairs = 1 << 8;  // at once, where not all are
  static constexpr int least_kept_pairs = 1 << 16;                  // fewer cost launches for more than computing layers again costs products

  // Copies the tables of inputs that the lines read.
  void hold(const System& system, const std::vector<input_table>& tables) {
    std::array<const input_table*, at(n)> of{};
    arena measure;
    for (const input_table& t : tables) {
      const int line = line_of(t);
      if (!Lines::can_be_held(line)) continue;
      of[at(line)] = &t;
      measure.take<std::byte>(t.size_bytes());
    }
    if (measure.peak() == 0) return;
    if (const std::size_t free = store::available(system); measure.peak() > free)
      fail("device memory for inputs that stay there: asked for ", measure.peak() >> 20, " MiB, free are ", free >> 20, " MiB; ", lower_tables);
    table_block = store::make(system, measure.peak(), "inputs that stay on the device");
    arena real(table_block.data(), table_block.bytes());
    for (std::size_t i = 0; i < of.size(); ++i) {
      if (!of[i]) continue;
      std::byte* to = real.take<std::byte>(of[i]->size_bytes());
      held.at[i] = to, held.rows[i] = of[i]->rows();
      store::copy(system, to, of[i]->data(), of[i]->size_bytes());
    }
    store::wait(system);
  }
  static int line_of(const input_table& t) {
    for (int i = 0; i < n; ++i) {
      const line_info f = Lines::line(i);
      if (f.id != t.input || f.kind != line_kind::input || (f.integral && !f.bytes)) continue;
      if ((t.bytes.data != nullptr) != f.bytes || (t.numbers.data && t.bytes.data) || t.width() != f.width || t.rows() < 1)
        fail("device::batch_program: the table of \"", t.input.view(), "\" has ", t.rows(), " rows of ", t.width(),
             t.bytes.data ? " bytes" : " numbers", "; wanted at least one, of ", f.width, f.bytes ? " bytes" : " numbers");
      return i;
    }
    fail("device::batch_program: there is a table for \"", t.input.view(), "\", which is no input of features or pixels");
  }

  static constexpr const char* lower_tables = "lower trainer_options::table_memory (--table-memory)";
  std::string held_text() const { return "inputs that stay on the device hold " + std::to_string(held_bytes) + " bytes: " + lower_tables; }

  // Measures every array at the limits, then makes the memory for them.
  void plan(const System& system) {
    capacity_extents(planned, planned.samples, capacity);
    auto& [first, second] = batches;
    std::copy_n(capacity, M::n_spaces, first.w.ctx.extents);
    reserved = engine::reserve(first.w.ctx);
    for (auto& one : batches) one.w.ctx.pairs_bf16 = first.w.ctx.products->rounds_to_bf16();
    if (!fits(planned.samples, available())) refuse();
    pair_bytes = first.w.ctx.pair_bytes;
    second.w.ctx.rebuild = first.w.ctx.rebuild, second.w.ctx.pairs_at_once = first.w.ctx.pairs_at_once;
    arena fixed;
    lay_out_fixed(fixed);
    const std::size_t fixed_bytes = fixed.peak() + 64, value_bytes = first.values.peak() + 64;
    const std::size_t table_bytes = first.device_tables.peak() + 64;
    block = store::make(system, fixed_bytes + value_bytes, "weights, values and gradients", scratch.hint);
    arena real(block.data(), block.bytes());
    lay_out_fixed(real);
    for (auto& one : batches) one.place(system, block.data() + fixed_bytes, value_bytes, table_bytes, capacity, scratch.hint);
    engine::resolve(slots, reserved, weights, state, gradients, prepared, shared, dshared);
    store::wait(system);  // blocks are cleared on the stream, and tables filled beside it
  }
  // All arrays for so many samples, as plan() makes them.
  std::size_t measured(int samples) {
    auto& one = batches[0];
    capacity_extents(planned, samples, one.w.ctx.extents);
    arena fixed;
    lay_out_fixed(fixed);
    one.values = {}, one.device_tables = {}, one.host_tables = {};
    std::size_t wanted = 0;
    one.w.ctx.scratch_wanted = &wanted;
    one.w.ctx.pair_bytes = 0;
    one.allocate();
    one.w.ctx.scratch_wanted = nullptr;
    return fixed.peak() + one.values.peak() + 2 * one.device_tables.peak() + wanted + wanted / 4 + beside_ + 256;
  }
  // With `more` bytes that are not free now.
  std::size_t available(std::size_t more = 0) const {
    const std::size_t none = static_cast<std::size_t>(-1), free = store::available(batches[0].w.ctx.system);
    return std::min(free > none - more ? none : free + more, most_bytes_ ? most_bytes_ : none);
  }
  // Whether they fit: keeping what pair layers computed, all pairs at once or many, or computing it again. Leaves the choice in the context.
  bool fits(int samples, std::size_t free) {
    auto& ctx = batches[0].w.ctx;
    const auto with = [&](bool again, int pairs) {
      ctx.rebuild = again, ctx.pairs_at_once = pairs;
      return measured(samples) <= free;
    };
    if (with(false, ctx.chunk_rows)) return true;
    for (const bool again : {false, true})
      for (int pairs = most_pairs; pairs >= (again ? least_pairs : least_kept_pairs); pairs /= 2)
        if (with(again, pairs)) return true;
    return false;
  }
  [[noreturn]] void refuse() {
    const std::size_t wanted = measured(planned.samples), free = available();
    int fit = 0, not_fit = planned.samples;
    while (not_fit - fit > 1) {
      const int middle = fit + (not_fit - fit) / 2;
      (fits(middle, free) ? fit : not_fit) = middle;
    }
    std::string tables;
    if (const std::size_t more = available(held_bytes); more > free)
      tables = std::string(fits(planned.samples, more) ? "; without them all samples would fit: " : "; ") + held_text();
    fail("device memory for ", planned.samples, " samples: asked for ", wanted >> 20, " MiB, free are ", free >> 20, " MiB; ",
         fit >= 1 ? std::to_string(fit) + (fit == 1 ? " sample" : " samples") + " would fit: lower limits::samples, or take a step in micro-batches"
                  : "not even one sample would fit: free memory on the device, or choose another",
         tables);
  }
  void lay_out_fixed(arena& a) {
    weights = a.take<T>(weight_count());
    state = a.take<T>(state_count());
    gradients = Lines::training ? a.take<T>(learned_count()) : nullptr;
    prepared = a.take<std::byte>(reserved.prepared_bytes);
    shared = a.take<T>(reserved.shared_count);
    dshared = Lines::training ? a.take<T>(reserved.shared_count) : nullptr;
    sums = a.take<double>(n_sums);
    call = a.take<program_call<Lines>>(1);
  }

  std::size_t most_bytes_, beside_;
};

template <class Lines>
using program_memory = typename program_parts<Lines>::all_memory;

}  // namespace relreason::device
