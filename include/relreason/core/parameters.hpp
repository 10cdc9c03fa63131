// relreason/core/parameters.hpp -- the learned arrays and the state of a model, flat, with the paths by which they are saved.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "relreason/core/model.hpp"

namespace relreason {

// Where every line's arrays lie. Learned arrays come first, frozen ones after them, so that optimizers walk one run.
template <class M>
struct array_table {
  std::vector<array_entry> entries, states;
  std::size_t learned = 0, total = 0, state_total = 0;                                             // in elements
  std::array<std::vector<std::size_t>, static_cast<std::size_t>(M::n)> line_entries, line_states;  // entry numbers per line

  array_table() { add(typename M::lines{}); }

 private:
  template <class... Lines>
  void add(list<Lines...>) {
    std::size_t i = 0;
    (add_line<Lines>(i++), ...);
    place(false);
    learned = total;
    place(true);
    for (auto& s : states) {
      s.offset = state_total;
      state_total += (s.count + 15) / 16 * 16;
    }
  }
  template <class L>
  void add_line(std::size_t i) {
    declaration d;
    L::bound::declare(d);
    const line_info& f = M::info[i];
    const std::string prefix(f.key.view());
    const std::size_t owner = first_with_key(i);
    if (owner != i) {  // tied: the arrays of the first line with this key
      bool same = d.parameters.size() == line_entries[owner].size();
      for (std::size_t k = 0; same && k < d.parameters.size(); ++k) same = d.parameters[k].shape == entries[line_entries[owner][k]].shape;
      if (!same) fail("model: the lines that share \"", prefix, "\" have arrays of different shapes");
      for (const std::size_t k : line_entries[owner]) entries[k].frozen = entries[k].frozen && f.kind == line_kind::frozen;
      line_entries[i] = line_entries[owner];
      line_states[i] = line_states[owner];
      return;
    }
    for (auto& p : d.parameters) {
      p.path = prefix + (p.path.empty() ? "" : "." + p.path);
      p.frozen = f.kind == line_kind::frozen;
      line_entries[i].push_back(entries.size());
      entries.push_back(std::move(p));
    }
    for (auto& s : d.states) {
      s.path = prefix + "." + s.path;
      line_states[i].push_back(states.size());
      states.push_back(std::move(s));
    }
  }
  static std::size_t first_with_key(std::size_t i) {
    for (std::size_t j = 0; j < i; ++j)
      if (M::info[j].key == M::info[i].key && M::info[i].kind != line_kind::minimize && M::info[i].kind != line_kind::output) return j;
    return i;
  }
  void place(bool frozen) {
    for (auto& e : entries)
      if (e.frozen == frozen) {
        e.offset = total;
        total += (e.count + 15) / 16 * 16;
      }
  }
};

// Values of all arrays. Copyable; const once it is used for prediction, and then shared between callers.
template <class M, class T = float>
class parameters {
 public:
  parameters() : data_(table().total), state_(table().state_total) {}
  explicit parameters(std::uint64_t seed) : parameters() { initialize(seed); }

  static const array_table<M>& table() {
    static const array_table<M> t;
    return t;
  }

  // Every number depends on the seed and its array's path and position alone.
  void initialize(std::uint64_t seed) {
    for (const auto& e : table().entries) {
      const std::uint64_t stream = stream_of(e.path.c_str());
      T* w = data_.data() + e.offset;
      for (std::size_t i = 0; i < e.count; ++i) {
        const double a = e.init.a;
        switch (e.init.kind) {
          case initializer::uniform: w[i] = static_cast<T>(a * (2.0 * philox::uniform(seed, stream, i) - 1.0)); break;
          case initializer::uniform_from_zero: w[i] = static_cast<T>(a * philox::uniform(seed, stream, i)); break;
          case initializer::normal: w[i] = static_cast<T>(a * philox::normal(seed, stream, i)); break;
          case initializer::constant: w[i] = static_cast<T>(a); break;
        }
      }
    }
    for (const auto& s : table().states) std::fill_n(state_.data() + s.offset, s.count, static_cast<T>(s.init.a));
  }

  T* data() { return data_.data(); }
  const T* data() const { return data_.data(); }
  T* state() { return state_.data(); }
  const T* state() const { return state_.data(); }
  std::size_t learned() const { return table().learned; }

  // The array of a path, or an error that names it.
  T* find(std::string_view path) { return data_.data() + entry(path).offset; }
  const T* find(std::string_view path) const { return data_.data() + entry(path).offset; }
  static const array_entry& entry(std::string_view path) {
    for (const auto& e : table().entries)
      if (e.path == path) return e;
    std::string all;
    for (const auto& e : table().entries) all += " " + e.path;
    fail("parameters: no array named ", path, "; the model has", all);
  }

  // Number of learned values (frozen ones and padding not counted).
  static std::size_t count() {
    std::size_t n = 0;
    for (const auto& e : table().entries) n += e.frozen ? 0 : e.count;
    return n;
  }

 private:
  std::vector<T> data_, state_;
};

namespace detail {

// The first array with a number that is not finite, of gradients placed as table() says, in words.
template <class M, class T>
std::string non_finite_gradient(const T* gradients) {
  for (const auto& e : parameters<M, T>::table().entries)
    for (std::size_t k = 0; !e.frozen && k < e.count; ++k)
      if (!std::isfinite(gradients[e.offset + k])) return "the gradient of " + e.path;
  return "no single value";
}

}  // namespace detail

}  // namespace relreason
