// relreason/train/transfer.hpp -- a network begins with parts of another one's weights, ours or published: the CNN, layers of g, or all.
// Source: mesnico/RelationNetworks-CLEVR: multi-label CNN to RN and 2S-RN; 2S-RN's CNN and first two layers of g to AVF-RN. Nothing is frozen.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "relreason/models/relation_network_pixels.hpp"
#include "relreason/train/weights.hpp"

namespace relreason {

struct transfer {
  load_options how;
  std::string parts;              // as they would be asked for
  std::size_t taken = 0, of = 0;  // arrays
  bool published = false;         // the file has the published names
  bool has(const std::string& path) const { return detail::is_part(path, how.parts); }
};

namespace detail {

inline std::vector<std::string> split_parts(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    parts.push_back(text.substr(from, comma - from));
    from = comma + 1;
  }
  return parts;
}

}  // namespace detail

// What M takes from a file. parts: "cnn" (c1. to n4.), "all", and prefixes of M's paths, with commas: "cnn,v.g.0.,v.g.1.". "": the whole network
// where the file has one that M can be, else what the source transfers: the CNN, and for "v" of AVF-RN the first two layers of "r".
template <class M>
transfer plan_transfer(const safetensors::file& from, std::string parts = "") {
  const auto& arrays = parameters<M>::table();
  transfer t;
  t.published = from.find("conv.conv1.weight") != nullptr;
  if (t.published) t.how.names = models::from_pixels::published_names();
  const bool sums_by_weights = M::template find<"v">() >= 0 && !from.find("v.g.0.weight");
  if (sums_by_weights) t.how.names.entries.emplace_back("v.g.", t.published ? "rl.g_layers." : "r.g.");
  if (parts.empty()) {
    const bool whole = std::all_of(arrays.entries.begin(), arrays.entries.end(), [&](const array_entry& e) {
      const auto* there = from.find(t.how.names(e.path));
      return there && there->shape == detail::tensor_shape(e);
    });
    const bool has_layers = sums_by_weights && from.find(t.how.names("v.g.1.weight"));
    parts = whole ? "all" : has_layers ? "cnn,v.g.0.,v.g.1." : "cnn";
  }
  t.parts = parts;
  for (const auto& part : detail::split_parts(parts)) {
    if (part == "all") {
      if (parts != "all") fail("plan_transfer: found \"", parts, "\", wanted \"all\" alone, or parts without it");
      break;
    }
    std::vector<std::string> prefixes{part};
    if (part == "cnn") prefixes = {"c1.", "n1.", "c2.", "n2.", "c3.", "n3.", "c4.", "n4."};
    for (const auto& prefix : prefixes) {
      if (prefix.empty() ||
          std::none_of(arrays.entries.begin(), arrays.entries.end(), [&](const array_entry& e) { return e.path.starts_with(prefix); }))
        fail("plan_transfer: found the part \"", part, "\", but no array of the model begins with \"", prefix,
             "\"; wanted cnn, all, or beginnings of paths such as ", arrays.entries.front().path);
      t.how.parts.push_back(prefix);
    }
  }
  t.how.allow_extra = true;
  t.of = arrays.entries.size();
  t.taken =
      static_cast<std::size_t>(std::count_if(arrays.entries.begin(), arrays.entries.end(), [&](const array_entry& e) { return t.has(e.path); }));
  return t;
}

}  // namespace relreason
