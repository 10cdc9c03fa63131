// relreason/data/safetensors.hpp -- reads and writes safetensors files: named arrays and a table of strings.
// Source: github.com/huggingface/safetensors, "Format": 8-byte little-endian header length, JSON header, raw bytes without holes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/element.hpp"
#include "relreason/data/json_string.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/data/safetensors_header.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason::safetensors {

// The content of a file. Tensors point into it and stay valid while this object, or what it was moved to, lives.
class file {
 public:
  explicit file(const std::string& path) : path_(path), source_(path, "safetensors::open") { read(source_.bytes(), "safetensors::open: " + path); }
  // Reads from memory that the caller keeps; `name` stands for the path in messages.
  file(std::span<const std::byte> bytes, const std::string& name) : path_(name) { read(bytes, "safetensors::parse: " + name); }

  const std::string& path() const { return path_; }
  const metadata_map& metadata() const { return metadata_; }
  const std::vector<tensor>& tensors() const { return tensors_; }  // sorted by name

  const tensor* find(std::string_view name) const {
    const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name, [](const tensor& t, std::string_view n) { return t.name < n; });
    return at != tensors_.end() && at->name == name ? &*at : nullptr;
  }
  const tensor& at(std::string_view name) const {
    if (const tensor* found = find(name)) return *found;
    std::string have;
    for (std::size_t i = 0; i < tensors_.size() && i < 8; ++i) (have += i ? ", " : "") += detail::quoted(tensors_[i].name);
    fail("safetensors: ", path_, " has no tensor ", detail::quoted(name), "; it has ", tensors_.size(), have.empty() ? "" : ": ", have,
         tensors_.size() > 8 ? ", ..." : "", "; is it the checkpoint of another model?");
  }

  // Floating-point tensors to float or double (rounded where narrower), integers and BOOL to integers (exact or refused).
  template <class T>
  void copy_to(std::string_view name, T* to, std::size_t count) const {
    const tensor& from = at(name);
    const std::string who = "safetensors::copy_to: " + path_ + ": tensor " + detail::quoted(name);
    if (from.count() != count)
      fail(who, ": found ", from.count(), " elements ", shape_text(from.shape), ", wanted ", count, "; is it the checkpoint of another model?");
    relreason::detail::copy_elements(from.type, from.bytes, to, who);
  }

 private:
  void read(std::span<const std::byte> all, const std::string& who) {
    constexpr const char* cut = "; the file is cut short: fetch or save it again";
    if (all.size() < 8) fail(who, ": found ", all.size(), " bytes, wanted at least the 8 of the header's length", cut);
    const auto length = relreason::detail::load<std::uint64_t>(all.data());
    if (length > longest_header)
      fail(who, ": byte 0: found a header of ", length, " bytes, wanted at most ", longest_header, "; is this a safetensors file?");
    if (length > all.size() - 8)
      fail(who, ": byte 0: found a header of ", length, " bytes, wanted at most the ", all.size() - 8, " that follow", cut);
    const auto header = static_cast<std::size_t>(length);
    detail::scanner in({reinterpret_cast<const char*>(all.data()) + 8, header}, who, 8);
    if (in.peek() != '{') in.wanted("'{'");
    std::vector<detail::entry> entries;
    bool metadata_seen = false;
    detail::read_object(in, [&](std::size_t place, std::string key) {
      if (key != "__metadata__") return entries.push_back(detail::read_entry(in, place, std::move(key)));
      if (std::exchange(metadata_seen, true)) in.wrong(place, "found \"__metadata__\" twice, wanted it once");
      metadata_ = detail::read_metadata(in);
    });
    in.skip_spaces();
    if (!in.at_end()) in.wanted("only spaces after the header's '}'");
    const auto data = all.subspan(8 + header);
    detail::check_layout(in, entries, data.size());
    take(in, entries, data);
  }

  void take(const detail::scanner& in, std::vector<detail::entry>& entries, std::span<const std::byte> data) {
    tensors_.reserve(entries.size());
    for (detail::entry& e : entries) {
      e.what.bytes = data.subspan(static_cast<std::size_t>(e.begin), static_cast<std::size_t>(e.end - e.begin));
      tensors_.push_back(std::move(e.what));
    }
    const auto key = [](const tensor& t) { return std::pair(std::string_view(t.name), t.place); };
    std::sort(tensors_.begin(), tensors_.end(), [&](const tensor& a, const tensor& b) { return key(a) < key(b); });
    for (std::size_t i = 1; i < tensors_.size(); ++i)
      if (tensors_[i].name == tensors_[i - 1].name)
        in.wrong(tensors_[i].place, "found tensor ", detail::quoted(tensors_[i].name), " twice, wanted it once");
  }

  std::string path_;
  mapped_file source_;
  metadata_map metadata_;
  std::vector<tensor> tensors_;
};

inline file open(const std::string& path) { return file(path); }
inline file parse(std::span<const std::byte> bytes, const std::string& name = "memory") { return file(bytes, name); }

// Collects arrays, which the caller keeps until write(), and writes them as the Python package would: wider types first, then by name.
class writer {
 public:
  template <class T>
  writer& add(std::string name, const T* data, std::vector<std::int64_t> shape) {
    const std::size_t bytes = checked_bytes(name, element_of<T>(), shape);
    return add(std::move(name), element_of<T>(), std::move(shape), std::as_bytes(std::span(data, bytes / sizeof(T))));
  }
  // For types without a C++ one, such as BF16.
  writer& add(std::string name, element type, std::vector<std::int64_t> shape, std::span<const std::byte> bytes) {
    const std::size_t wanted = checked_bytes(name, type, shape);
    if (bytes.size() != wanted)
      fail("safetensors::writer: tensor ", detail::quoted(name), ": found ", bytes.size(), " bytes, wanted ", wanted, " for ", info(type).name, " ",
           shape_text(shape), "; pass the whole array");
    tensors_.push_back({std::move(name), type, std::move(shape), bytes, 0});
    return *this;
  }
  writer& metadata(const std::string& key, std::string value) {
    if (!relreason::detail::valid_utf8(key) || !relreason::detail::valid_utf8(value))
      fail("safetensors::writer: metadata ", detail::quoted(key), " is not UTF-8, wanted UTF-8; store binary data as a U8 tensor");
    metadata_[key] = std::move(value);
    return *this;
  }

  // Length and JSON, padded with spaces so that the data starts at a multiple of 8.
  std::string header() const {
    std::string json = "{";
    if (!metadata_.empty()) append_metadata(json);
    std::uint64_t offset = 0;
    const std::vector<const tensor*> order = sorted();
    for (const tensor* t : order) {
      if (json.size() > 1) json += ',';
      append_tensor(json, *t, offset);
      offset += t->bytes.size();
    }
    json += '}';
    json.resize((json.size() + 7) / 8 * 8, ' ');
    if (json.size() > longest_header)
      fail("safetensors::writer: found a header of ", json.size(), " bytes, wanted at most ", longest_header, "; write less metadata or more files");
    const std::uint64_t length = json.size();
    std::string out(8, '\0');
    std::memcpy(out.data(), &length, 8);
    return out + json;
  }

  // Replaces `path` as a whole or not at all (atomic_file).
  void write(const std::string& path) const {
    const std::string head = header();
    atomic_file out(path);
    out.write(head);
    for (const tensor* t : sorted()) out.write(t->bytes);
    out.commit();
  }
  // The same bytes in memory.
  std::vector<std::byte> bytes() const {
    const std::string head = header();
    std::vector<std::byte> out(head.size());
    std::memcpy(out.data(), head.data(), head.size());
    for (const tensor* t : sorted()) out.insert(out.end(), t->bytes.begin(), t->bytes.end());
    return out;
  }

 private:
  static std::size_t checked_bytes(const std::string& name, element type, const std::vector<std::int64_t>& shape) {
    const std::string who = "safetensors::writer: tensor " + detail::quoted(name);
    std::uint64_t bytes = 0;
    if (!relreason::detail::shape_bytes(shape, info(type).bytes, bytes))
      fail(who, ": found shape ", shape_text(shape), ", wanted extents of 0 or more and fewer than 2^63 bytes; correct the shape");
    if (name == "__metadata__") fail(who, ": this name is the format's own; choose another");
    if (!relreason::detail::valid_utf8(name)) fail(who, ": its name is not UTF-8, wanted UTF-8; choose another");
    return static_cast<std::size_t>(bytes);
  }

  std::vector<const tensor*> sorted() const {
    std::vector<const tensor*> order;
    for (const tensor& t : tensors_) order.push_back(&t);
    const auto key = [](const tensor* t) { return std::pair(-static_cast<int>(t->type), std::string_view(t->name)); };
    std::sort(order.begin(), order.end(), [&](const tensor* a, const tensor* b) { return key(a) < key(b); });
    std::vector<std::string_view> names;
    for (const tensor& t : tensors_) names.push_back(t.name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end())
      fail("safetensors::writer: found tensor ", detail::quoted(*twice), " twice, wanted it once; give every tensor its own name");
    return order;
  }

  void append_metadata(std::string& json) const {
    json += "\"__metadata__\":{";
    bool first = true;
    for (const auto& [key, value] : metadata_) {
      if (!std::exchange(first, false)) json += ',';
      relreason::detail::append_json_string(json, key);
      json += ':';
      relreason::detail::append_json_string(json, value);
    }
    json += '}';
  }

  static void append_tensor(std::string& json, const tensor& t, std::uint64_t offset) {
    relreason::detail::append_json_string(json, t.name);
    (json += ":{\"dtype\":\"") += info(t.type).name;
    json += "\",\"shape\":[";
    for (std::size_t i = 0; i < t.shape.size(); ++i) (json += i ? "," : "") += std::to_string(t.shape[i]);
    json += "],\"data_offsets\":[" + std::to_string(offset) + ',' + std::to_string(offset + t.bytes.size()) + "]}";
  }

  metadata_map metadata_;
  std::vector<tensor> tensors_;
};

}  // namespace relreason::safetensors
