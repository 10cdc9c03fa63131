// relreason/data/safetensors_header.hpp -- the header of a safetensors file: a strict reader of just the JSON that the format has.
// Source: github.com/huggingface/safetensors, "Format": {"__metadata__": {key: string}, name: {"dtype", "shape", "data_offsets"}}.
// Stricter than that package: duplicate names, duplicate keys and unknown keys are refused; its 4- and 6-bit types are not read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/element.hpp"
#include "relreason/data/json_string.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason::safetensors {

inline constexpr std::size_t longest_header = 100'000'000;  // as in the Python package

using metadata_map = std::map<std::string, std::string, std::less<>>;

struct tensor {
  std::string name;
  element type = element::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;  // in the file, not aligned
  std::size_t place = 0;             // byte of the file at which its header entry starts

  std::size_t count() const { return bytes.size() / info(type).bytes; }
};

namespace detail {

using relreason::detail::quoted;
using relreason::detail::scanner;

struct entry {
  tensor what;
  std::int64_t begin = 0, end = 0;
};

// ( key ":" value )*, with on_key(place, key) reading the value. The closing brace ends it.
template <class OnKey>
void read_object(scanner& in, OnKey&& on_key) {
  in.skip_spaces();
  in.expect('{');
  in.skip_spaces();
  if (in.take_if('}')) return;
  do {
    in.skip_spaces();
    const std::size_t place = in.place();
    std::string key = relreason::detail::read_json_string(in);
    in.skip_spaces();
    in.expect(':');
    in.skip_spaces();
    on_key(place, std::move(key));
    in.skip_spaces();
  } while (in.take_if(','));
  if (!in.take_if('}')) in.wanted("',' or '}'");
}

inline std::vector<std::int64_t> read_integers(scanner& in) {
  std::vector<std::int64_t> values;
  in.expect('[');
  in.skip_spaces();
  if (in.take_if(']')) return values;
  do {
    in.skip_spaces();
    values.push_back(in.integer());
    in.skip_spaces();
  } while (in.take_if(','));
  if (!in.take_if(']')) in.wanted("',' or ']'");
  return values;
}

inline element read_type(scanner& in) {
  const std::size_t place = in.place();
  const std::string text = relreason::detail::read_json_string(in);
  std::string known;
  for (const element_info& one : element_table) {
    if (one.name == text) return one.type;
    (known += known.empty() ? "" : ", ") += one.name;
  }
  in.wrong(place, "found dtype ", detail::quoted(text), ", wanted one of ", known);
}

inline entry read_entry(scanner& in, std::size_t place, std::string name) {
  entry e;
  e.what.name = std::move(name);
  e.what.place = place;
  bool type = false, shape = false, offsets = false;
  const auto once = [&](bool& seen, std::size_t at, const char* key) {
    if (std::exchange(seen, true)) in.wrong(at, "found \"", key, "\" twice in tensor ", detail::quoted(e.what.name), ", wanted it once");
  };
  read_object(in, [&](std::size_t at, std::string key) {
    if (key == "dtype") {
      once(type, at, "dtype");
      e.what.type = read_type(in);
    } else if (key == "shape") {
      once(shape, at, "shape");
      e.what.shape = read_integers(in);
    } else if (key == "data_offsets") {
      once(offsets, at, "data_offsets");
      const auto both = read_integers(in);
      if (both.size() != 2) in.wrong(at, "found ", both.size(), " data_offsets of tensor ", detail::quoted(e.what.name), ", wanted 2");
      e.begin = both[0], e.end = both[1];
    } else {
      in.wrong(at, "found key ", detail::quoted(key), " in tensor ", detail::quoted(e.what.name), ", wanted dtype, shape or data_offsets");
    }
  });
  const char* missing = !type ? "dtype" : !shape ? "shape" : offsets ? nullptr : "data_offsets";
  if (missing) in.wrong(place, "found tensor ", detail::quoted(e.what.name), " without ", missing, ", wanted all three keys");
  return e;
}

inline metadata_map read_metadata(scanner& in) {
  metadata_map all;
  read_object(in, [&](std::size_t at, std::string key) {
    std::string value = relreason::detail::read_json_string(in);
    if (!all.emplace(key, std::move(value)).second) in.wrong(at, "found ", detail::quoted(key), " twice in __metadata__, wanted it once");
  });
  return all;
}

// offsets = [begin, begin + bytes of dtype and shape], and the tensors fill the data from end to end.
inline void check_layout(const scanner& in, std::vector<entry>& entries, std::size_t data_bytes) {
  std::stable_sort(entries.begin(), entries.end(),
                   [](const entry& a, const entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  std::int64_t filled = 0;
  for (const entry& e : entries) {
    const auto wrong = [&](const auto&... parts) { in.wrong(e.what.place, "tensor ", detail::quoted(e.what.name), ": ", parts...); };
    std::uint64_t wanted = 0;
    if (!relreason::detail::shape_bytes(e.what.shape, info(e.what.type).bytes, wanted))
      wrong("found shape ", shape_text(e.what.shape), ", wanted one of fewer than 2^63 bytes");
    if (e.end < e.begin || static_cast<std::uint64_t>(e.end - e.begin) != wanted)
      wrong("found data_offsets [", e.begin, ", ", e.end, "], wanted a length of ", wanted, " bytes for ", info(e.what.type).name, " ",
            shape_text(e.what.shape));
    if (e.begin < filled) wrong("found data_offsets that start at ", e.begin, ", over the tensor before it, wanted ", filled);
    if (e.begin > filled) wrong("found data_offsets that start at ", e.begin, ", after a hole, wanted ", filled);
    if (static_cast<std::uint64_t>(e.end) > data_bytes)
      wrong("found data_offsets that end at ", e.end, ", wanted at most the ", data_bytes, " bytes that the file holds after its header");
    filled = e.end;
  }
  if (static_cast<std::uint64_t>(filled) != data_bytes)
    fail(in.who(), ": found ", data_bytes, " bytes after the header, wanted the ", filled,
         " that its tensors have; the file is damaged: fetch or save it again");
}

}  // namespace detail

}  // namespace relreason::safetensors
