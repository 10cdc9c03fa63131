// relreason/train/weights.hpp -- the arrays of a model to and from safetensors, by path or by a published checkpoint's names.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/parameters.hpp"
#include "relreason/data/safetensors.hpp"

namespace relreason {

// Our path -> the name in a file. A path that is not in the table is its own name. Prefixes: "q." -> "text." renames all that follows.
struct name_table {
  std::vector<std::pair<std::string, std::string>> entries;

  std::string operator()(const std::string& path) const {
    for (const auto& [ours, theirs] : entries) {
      if (path == ours) return theirs;
      if (!ours.empty() && ours.back() == '.' && path.starts_with(ours)) return theirs + path.substr(ours.size());
    }
    return path;
  }
};

// What to load: every array (strict), or only those whose path starts with one of `parts`.
struct load_options {
  name_table names = {};
  std::vector<std::string> parts = {};
  bool allow_extra = false;  // tensors in the file that no array asks for
};

namespace detail {
inline std::vector<std::int64_t> tensor_shape(const array_entry& e) { return {e.shape.begin(), e.shape.end()}; }
inline std::string shape_of(const std::vector<std::int64_t>& shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}
inline bool is_part(const std::string& path, const std::vector<std::string>& parts) {
  if (parts.empty()) return true;
  for (const auto& p : parts)
    if (path.starts_with(p)) return true;
  return false;
}
}  // namespace detail

// Adds every array and every state of the model, under its path.
template <class M, class T>
void add_weights(safetensors::writer& to, const parameters<M, T>& p) {
  for (const auto& e : p.table().entries) to.add(e.path, p.data() + e.offset, detail::tensor_shape(e));
  for (const auto& e : p.table().states) to.add(e.path, p.state() + e.offset, detail::tensor_shape(e));
}

// Copies arrays from a file; one error lists everything that is missing, misshapen, not finite or left over. Nothing is changed on error.
template <class M, class T>
void load_weights(const safetensors::file& from, parameters<M, T>& p, const load_options& options = {}) {
  std::string wrong;
  std::vector<std::string> asked;
  const auto each = [&](auto&& visit) {
    for (const auto& e : p.table().entries) visit(e, p.data() + e.offset);
    for (const auto& e : p.table().states) visit(e, p.state() + e.offset);
  };
  each([&](const array_entry& e, T*) {
    if (!detail::is_part(e.path, options.parts)) return;
    asked.push_back(options.names(e.path));
    const auto* t = from.find(asked.back());
    if (!t) wrong += "\n  missing: " + asked.back() + (asked.back() == e.path ? "" : " (for " + e.path + ")");
    else if (t->shape != detail::tensor_shape(e))
      wrong += "\n  shape: " + asked.back() + " is " + detail::shape_of(t->shape) + ", wanted " + detail::shape_of(detail::tensor_shape(e));
  });
  if (!options.allow_extra && options.parts.empty())
    for (const auto& t : from.tensors())
      if (std::find(asked.begin(), asked.end(), t.name) == asked.end()) wrong += "\n  not in the model: " + t.name;
  if (!wrong.empty()) fail("load_weights: ", from.path(), " does not fit the model:", wrong);
  parameters<M, T> loaded = p;
  const auto copy = [&](const array_entry& e, T* to) {
    if (!detail::is_part(e.path, options.parts)) return;
    from.copy_to(options.names(e.path), to, e.count);
    for (std::size_t i = 0; i < e.count; ++i)
      if (!std::isfinite(to[i])) fail("load_weights: ", from.path(), ": value ", i, " of ", options.names(e.path), " is not finite");
  };
  for (const auto& e : p.table().entries) copy(e, loaded.data() + e.offset);
  for (const auto& e : p.table().states) copy(e, loaded.state() + e.offset);
  p = std::move(loaded);
}

}  // namespace relreason
