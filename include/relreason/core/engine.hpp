// relreason/core/engine.hpp -- runs the lines of a model over one tile of samples: forward in order, backward in reverse.
// core/gradient.hpp drives it for training, core/predictor.hpp for prediction.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/batch.hpp"
#include "relreason/core/limits.hpp"
#include "relreason/core/operation.hpp"
#include "relreason/core/parameters.hpp"
#include "relreason/core/step_options.hpp"

namespace relreason::detail {

// A line's place in a step. Coupled lines, and those that want statistics of the batch, cut the list into stages; a value read beyond its own
// stage is a boundary value: it and its gradient live for the whole batch, and tiles of later stages read it from there.
struct place {
  bool needed = false, coupled = false, statistics = false, boundary = false, grad = false;
  int stage = 0;
};

template <class M, bool Training, bool... Wanted>
constexpr std::array<place, at(M::n)> place_lines() {
  constexpr std::array<bool, at(M::n)> wanted{Wanted...};
  constexpr auto needed = needed_lines(M::info, wanted);
  std::array<place, at(M::n)> t{};
  for (int i = 0; i < M::n; ++i) {
    const line_info& f = M::info[at(i)];
    place& p = t[at(i)];
    p.needed = needed[at(i)];
    p.coupled = p.needed && (f.couples == coupling::always || (Training && f.couples == coupling::in_training));
    p.grad = Training && f.grad && p.needed;
    p.statistics = p.grad && f.couples == coupling::by_statistics;
    for (int r = 0; r < f.n_reads; ++r) {
      const place& q = t[at(f.reads[r])];
      p.stage = std::max(p.stage, q.stage + (q.coupled ? 1 : 0));
    }
    if (p.statistics) ++p.stage;
  }
  for (int i = 0; i < M::n; ++i) {
    if (!t[at(i)].needed || M::info[at(i)].kind == line_kind::minimize || M::info[at(i)].kind == line_kind::output) continue;
    t[at(i)].boundary = t[at(i)].coupled;
    for (int j = i + 1; j < M::n; ++j)
      for (int r = 0; r < M::info[at(j)].n_reads; ++r)
        if (t[at(j)].needed && M::info[at(j)].reads[r] == i && (t[at(j)].coupled || t[at(j)].stage != t[at(i)].stage)) t[at(i)].boundary = true;
  }
  return t;
}

template <class M>
constexpr int root_space() {
  for (int i = 0; i < M::n_spaces; ++i)
    if (spaces_of_model<M>[at(i)].kind == space_kind::root) return i;
  return -1;
}

// Lines whose value is wanted, by the caller or by a line that is needed: of others nothing but side results are computed.
template <class M, name... Wanted>
constexpr std::array<bool, at(M::n)> valued_lines(const std::array<place, at(M::n)>& places) {
  std::array<bool, at(M::n)> t{};
  for (int i = 0; i < M::n; ++i) {
    const line_info& f = M::info[at(i)];
    t[at(i)] = f.fills >= 0 || ((f.id == Wanted.before_dot() && Wanted.after_dot() == name{}) || ...);
    for (int r = 0; places[at(i)].needed && r < f.n_reads; ++r) t[at(f.reads[r])] = true;
  }
  return t;
}

// Arrays of every line by number: offsets resolved to pointers once.
template <class M, class T>
struct line_slots {
  std::vector<const T*> parameter_pointers;
  std::vector<T*> state_pointers, gradient_pointers, shared_pointers, dshared_pointers;
  std::vector<std::byte*> prepared_pointers;
  std::array<slots<T>, at(M::n)> of_line;
};

// What reserve() asked for, with places.
template <class M>
struct reserved {
  std::array<std::vector<std::size_t>, at(M::n)> prepared, shared;  // offsets: bytes, elements
  std::size_t prepared_bytes = 0, shared_count = 0;
};

template <class T, class Lines>
struct tapes_of;
template <class T, class... Lines>
struct tapes_of<T, list<Lines...>> {
  using type = flat_tuple<typename Lines::bound::template tape<T>...>;
};

template <class M, class T, class Backend, bool Training, bool... Wanted>
class engine {
 public:
  static constexpr auto places = place_lines<M, Training, Wanted...>();
  static constexpr auto filled = filled_spaces<M>();
  static constexpr int root = root_space<M>();
  static constexpr int n = M::n;
  static_assert(root >= 0, "relreason::model: no space descends from sample, so there is nothing to put into a batch");
  static constexpr bool filled_stay_in_stage = [] {
    for (int i = 0; i < M::n; ++i)
      if (places[at(i)].boundary && M::info[at(i)].space >= 0 && filled[at(M::info[at(i)].space)]) return false;
    return true;
  }();
  static_assert(filled_stay_in_stage,
                "relreason::model: a value on a space that an operation fills cannot cross a cut; reduce it to its parent first");
  using context_type = context<T, typename M::spaces, Backend>;
  template <int I>
  using bound_at = typename M::template line_at<I>::bound;
  static constexpr int last_stage = [] {
    int s = 0;
    for (const auto& p : places)
      if (p.needed) s = std::max(s, p.stage);
    return s;
  }();

  // The memory of one worker: values, gradients and tapes of the tile at hand.
  struct worker {
    arena space;
    context_type ctx;
    typename tapes_of<T, typename M::lines>::type tapes;
    void* v[at(n)]{};
    T* g[at(n)]{};
  };

  // Whole-batch arrays: inputs, values computed once, boundary values.
  struct whole {
    extent extents[at(M::n_spaces)];
    const void* input[at(n)]{};
    void* v[at(n)]{};
    T* g[at(n)]{};
  };

  template <class F>
  static void each_line(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<static_cast<int>(I)>(), ...); }
    (std::make_index_sequence<at(n)>{});
  }
  template <class F>
  static void each_line_reversed(F&& f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) { (f.template operator()<n - 1 - static_cast<int>(I)>(), ...); }
    (std::make_index_sequence<at(n)>{});
  }

  static constexpr bool has_value(int i) {
    return places[at(i)].needed && M::info[at(i)].kind != line_kind::minimize && M::info[at(i)].kind != line_kind::output;
  }
  // Lines that a tile of this stage runs.
  template <int I, int Stage>
  static constexpr bool in_tile() {
    constexpr line_info f = M::info[at(I)];
    return places[at(I)].needed && !places[at(I)].coupled && places[at(I)].stage == Stage && f.kind != line_kind::input &&
           f.kind != line_kind::output && !f.once;
  }

  // For predictions. Where pads are read, the longest of the batch would be another length than in training: no error, only wrong values.
  static void check_padded(const batch<M, T>& b) {
    if (b.samples == 0) return;
    each_line([&]<int I>() {
      constexpr line_kind k = M::info[at(I)].kind;
      if constexpr (places[at(I)].needed && k != line_kind::input && k != line_kind::output && k != line_kind::minimize)
        check_padded<I>(b, typename M::spaces{});
    });
  }

  // The tile [first, last) of samples: extents of every space whose count the batch knows.
  static void enter_tile(worker& w, const whole& all, int first, int last) {
    extent* e = w.ctx.extents;
    for (std::size_t i = 0; i < filled.size(); ++i) {
      const space_info& s = spaces_of_model<M>[i];
      e[i] = all.extents[i];
      if (s.once || filled[i]) continue;
      if (s.kind == space_kind::root) {
        e[i].base = first;
        e[i].rows = last - first;
        continue;
      }
      const extent& parent = e[s.parent];
      e[i].parents = parent.rows;
      e[i].offsets = all.extents[i].offsets + parent.base;
      e[i].base = e[i].offsets[0];
      e[i].rows = e[i].offsets[parent.rows] - e[i].offsets[0];
      if (e[i].senders) e[i].senders += e[i].base, e[i].receivers += e[i].base;
      if (e[i].index) e[i].index += e[i].base;
    }
  }

  template <int I>
  static arguments<T> arguments_of(const worker& w) {
    arguments<T> in;
    constexpr line_info f = M::info[at(I)];
    for (int r = 0; r < f.n_reads; ++r) {
      in.x[r] = w.v[f.reads[r]];
      in.dx[r] = f.kind == line_kind::frozen ? nullptr : w.g[f.reads[r]];
    }
    return in;
  }

  // Points inputs, once values and boundary values at the batch's rows.
  static void point_at_batch(worker& w, const whole& all) {
    for (int i = 0; i < n; ++i) {
      const line_info& f = M::info[at(i)];
      w.v[i] = nullptr;
      w.g[i] = nullptr;
      if (!has_value(i) || (f.kind != line_kind::input && !f.once && !places[at(i)].boundary)) continue;
      const std::size_t skip = f.once ? 0 : at(w.ctx.extents[f.space].base) * at(f.width);
      void* rows_of_batch = f.kind == line_kind::input ? const_cast<void*>(all.input[i]) : all.v[i];
      w.v[i] = rows_of_batch ? static_cast<void*>(static_cast<std::byte*>(rows_of_batch) + skip * (f.bytes      ? 1
                                                                                                   : f.integral ? sizeof(int)
                                                                                                                : sizeof(T)))
                             : nullptr;
      if (all.g[i]) w.g[i] = all.g[i] + skip;
    }
  }

  // Memory of a filled space, before the operation that fills it runs; its parents are known, its rows are not.
  template <int S>
  static void open_space(worker& w, const extent& capacity) {
    extent& e = w.ctx.extents[S];
    const space_info& s = spaces_of_model<M>[at(S)];
    const extent& parent = w.ctx.extents[s.parent];
    e = {};
    e.parents = parent.rows;
    e.rows = capacity.parents > 0 ? capacity.rows / capacity.parents * parent.rows : 0;
    if (s.kind == space_kind::some && w.ctx.extents[s.whole].rows > 0) e.rows = w.ctx.extents[s.whole].rows;
    e.offsets = w.space.template take_zeroed<int>(at(parent.rows) + 1);
    if (s.kind == space_kind::links) {
      e.senders = w.space.template take_zeroed<int>(at(e.rows));
      e.receivers = w.space.template take_zeroed<int>(at(e.rows));
    }
    if (s.kind == space_kind::some) e.index = w.space.template take_zeroed<int>(at(e.rows));
  }
  // After it: its rows, and the complete graphs that stand on it.
  template <int S>
  static void close_space(worker& w) {
    extent* e = w.ctx.extents;
    if (e[S].offsets) e[S].rows = e[S].offsets[e[S].parents];
    for (std::size_t i = 0; i < filled.size(); ++i) {
      const space_info& s = spaces_of_model<M>[i];
      if (s.kind != space_kind::all_pairs || (s.receiver != S && s.sender != S)) continue;
      e[i] = {};
      e[i].parents = e[s.parent].rows;
      int* offsets = w.space.template take<int>(at(e[i].parents) + 1);
      if (offsets && e[s.receiver].offsets && e[s.sender].offsets) batch<M, T>::pair_extent(e[i], e[s.receiver], e[s.sender], offsets);
      else e[i].rows = e[s.parent].rows ? e[s.receiver].rows / std::max(1, e[s.parent].rows) * e[s.sender].rows : 0;
    }
  }

  // Runs, or only lays out, one line of the tile. Again: its boundary value is there since the first time. Valued: its value is wanted, not side
  // results alone.
  template <int I, bool Measure = false, bool Again = false, bool Valued = true>
  static void forward_line(worker& w, const slots<T>& s, const extent* capacity) {
    constexpr line_info f = M::info[at(I)];
    auto& tape = w.tapes.template at<I>();
    w.ctx.line = line_stream(I);
    if constexpr (f.fills >= 0) open_space<f.fills>(w, capacity[f.fills]);
    if constexpr (has_value(I) && !places[at(I)].boundary) {
      const std::size_t count = at(w.ctx.extents[f.space].rows) * at(f.width);
      if constexpr (f.integral) w.v[I] = w.space.template take<int>(count);
      else w.v[I] = w.space.template take<T>(count);
      if constexpr (places[at(I)].grad) w.g[I] = w.space.template take<T>(count);
      if constexpr (places[at(I)].grad && !Measure) w.ctx.fill(count, w.g[I], T(0));
    }
    w.ctx.gradients = places[at(I)].grad;
    bound_at<I>::plan(w.ctx, tape);
    if constexpr (!Measure) bound_at<I>::lay_out(w.ctx, tape, arguments_of<I>(w));
    if constexpr (!Measure && Valued && f.kind != line_kind::minimize && !(Again && places[at(I)].boundary && bound_at<I>::keeps_nothing))
      bound_at<I>::forward(w.ctx, s, tape, arguments_of<I>(w), static_cast<std::conditional_t<f.integral, int, T>*>(w.v[I]));
    if constexpr (f.fills >= 0) close_space<f.fills>(w);
  }

  template <int I>
  static void backward_line(worker& w, const slots<T>& s) {
    if constexpr (places[at(I)].grad && M::info[at(I)].kind == line_kind::let) {
      w.ctx.line = line_stream(I);
      w.ctx.gradients = true;
      bound_at<I>::backward(w.ctx, s, w.tapes.template at<I>(), arguments_of<I>(w), static_cast<const T*>(w.v[I]), static_cast<const T*>(w.g[I]));
    }
  }

  // The first number of a line's value that is not finite, in words.
  template <int I>
  static std::string non_finite_of(const worker& w, int sample) {
    constexpr line_info f = M::info[at(I)];
    if constexpr (!f.integral) {
      const T* v = static_cast<const T*>(w.v[I]);
      const std::size_t count = at(w.ctx.extents[f.space].rows) * at(f.width);
      const std::size_t k = static_cast<std::size_t>(std::find_if(v, v + count, [](T x) { return !std::isfinite(x); }) - v);
      if (k < count)
        return non_finite_text(f, sample, static_cast<int>(k / at(f.width)), static_cast<int>(k % at(f.width)), static_cast<double>(v[k]));
    }
    return {};
  }

  template <int I, class... S>
  static void check_padded(const batch<M, T>& b, list<S...>) {
    const auto check_space = [&]<class One>(list<One>) {
      if constexpr (bound_at<I>::template pads<One>())
        if (const auto label = space_name<One>(); b.template space<One>().padded == 0)
          fail("predictor: line \"", M::info[at(I)].id.view(), "\" reads pads, but the length of ", label,
               " is 0, so it would change with the batch; set batch::space<", label,
               ">().padded to the length of training (a checkpoint's setting.padding_length)");
    };
    (check_space(list<S>{}), ...);
  }

  // A line's random numbers hang on its name, or on its place where it has none.
  static std::uint64_t line_stream(int i) {
    const line_info& f = M::info[at(i)];
    return f.id.text[0] ? stream_of(f.id.text) : 0x10000u + static_cast<std::uint64_t>(i);
  }

  // Asks every needed line what it prepares; ctx holds the capacity of the step.
  static reserved<M> reserve(context_type& ctx) {
    reserved<M> r;
    each_line([&]<int I>() {
      if constexpr (places[at(I)].needed && M::info[at(I)].kind != line_kind::input && M::info[at(I)].kind != line_kind::output) {
        reservation asked;
        ctx.gradients = places[at(I)].grad;
        bound_at<I>::reserve(ctx, asked);
        for (const std::size_t bytes : asked.prepared_bytes) {
          r.prepared[at(I)].push_back(r.prepared_bytes);
          r.prepared_bytes += (bytes + 63) / 64 * 64;
        }
        for (const std::size_t count : asked.shared_counts) {
          r.shared[at(I)].push_back(r.shared_count);
          r.shared_count += (count + 15) / 16 * 16;
        }
      }
    });
    return r;
  }

  // Pointers of every line into these flat arrays; null bases give null pointers.
  static void resolve(line_slots<M, T>& out, const reserved<M>& r, const T* weights, T* state, T* gradients, std::byte* prepared, T* shared,
                      T* dshared) {
    const auto& table = parameters<M, T>::table();
    std::array<std::size_t, 4> count{1, 1, 1, 1};  // never empty: lines without arrays still point somewhere
    std::array<std::array<std::size_t, 4>, at(n)> starts{};
    for (std::size_t i = 0; i < at(n); ++i) {
      starts[i] = count;
      count[0] += table.line_entries[i].size();
      count[1] += table.line_states[i].size();
      count[2] += r.prepared[i].size();
      count[3] += r.shared[i].size();
    }
    out.parameter_pointers.assign(count[0], nullptr);
    out.gradient_pointers.assign(count[0], nullptr);
    out.state_pointers.assign(count[1], nullptr);
    out.prepared_pointers.assign(count[2], nullptr);
    out.shared_pointers.assign(count[3], nullptr);
    out.dshared_pointers.assign(count[3], nullptr);
    for (std::size_t i = 0; i < at(n); ++i) {
      for (std::size_t k = 0; k < table.line_entries[i].size(); ++k) {
        const array_entry& a = table.entries[table.line_entries[i][k]];
        out.parameter_pointers[starts[i][0] + k] = weights + a.offset;
        if (gradients && !a.frozen) out.gradient_pointers[starts[i][0] + k] = gradients + a.offset;
      }
      for (std::size_t k = 0; k < table.line_states[i].size(); ++k)
        out.state_pointers[starts[i][1] + k] = state + table.states[table.line_states[i][k]].offset;
      for (std::size_t k = 0; k < r.prepared[i].size(); ++k) out.prepared_pointers[starts[i][2] + k] = prepared + r.prepared[i][k];
      for (std::size_t k = 0; k < r.shared[i].size(); ++k) {
        out.shared_pointers[starts[i][3] + k] = shared + r.shared[i][k];
        if (dshared) out.dshared_pointers[starts[i][3] + k] = dshared + r.shared[i][k];
      }
      out.of_line[i] = {out.parameter_pointers.data() + starts[i][0], out.gradient_pointers.data() + starts[i][0],
                        out.state_pointers.data() + starts[i][1],     out.prepared_pointers.data() + starts[i][2],
                        out.shared_pointers.data() + starts[i][3],    out.dshared_pointers.data() + starts[i][3]};
    }
  }

  // Batch-wide pointers of a batch's inputs.
  static void bind_inputs(whole& all, const batch<M, T>& b, int* pair_offsets) {
    b.extents(all.extents, pair_offsets);
    for (std::size_t i = 0; i < at(n); ++i)
      if (M::info[i].kind == line_kind::input)
        all.input[i] = M::info[i].bytes      ? static_cast<const void*>(b.bytes[i].data())
                       : M::info[i].integral ? static_cast<const void*>(b.indices[i].data())
                                             : static_cast<const void*>(b.reals[i].data());
  }
  static std::size_t pair_offset_count(const extent* capacity) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < filled.size(); ++i)
      if (spaces_of_model<M>[i].kind == space_kind::all_pairs || spaces_of_model<M>[i].fixed) count += at(capacity[i].parents) + 1;
    return count;
  }
};

// Wanted flags of a pack of names, as an engine's last arguments.
template <class M, class T, bool Training, class Flags, class Backend = cpu_backend>
struct engine_for;
template <class M, class T, bool Training, bool... Wanted, class Backend>
struct engine_for<M, T, Training, std::integer_sequence<bool, Wanted...>, Backend> {
  using type = engine<M, T, Backend, Training, Wanted...>;
};
template <class M, bool Losses, name... Names>
struct wanted_flags {
  static constexpr bool wanted(const line_info& f) {
    return (Losses && f.kind == line_kind::minimize) || (f.id.text[0] && ((f.id == Names.before_dot()) || ...));
  }
  template <std::size_t... I>
  static auto make(std::index_sequence<I...>) -> std::integer_sequence<bool, wanted(M::info[I])...>;

  using type = decltype(make(std::make_index_sequence<at(M::n)>{}));
};

}  // namespace relreason::detail
