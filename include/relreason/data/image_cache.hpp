// relreason/data/image_cache.hpp -- one file of decoded pictures of one size, mapped into memory: reading a picture costs nothing.
// build_image_cache() in image_cache_build.hpp makes it. It also keeps every source file's name, size and time, so that changes are noticed.
//
// Little-endian: header (below), an entry for each picture, names each followed by a zero byte, zeros up to a multiple of 4,096, pixels
// [picture][height][width][channels].
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/content_hash.hpp"
#include "relreason/data/image.hpp"
#include "relreason/data/image_collection.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/data/sealed_file.hpp"

namespace relreason {

namespace detail {

struct image_cache_header {
  static constexpr std::uint32_t known_version = 1;
  static constexpr const char *title = "cache of pictures", *noun = "cache", *covers = "sizes, times and names";

  char magic[8] = {'R', 'R', 'i', 'm', 'a', 'g', 'e', 's'};
  std::uint32_t version = known_version, width = 0, height = 0, channels = 0;
  std::uint64_t pictures = 0, names_bytes = 0, pixels_at = 0;
  std::uint64_t seal = 0;  // covers all between the header and the pixels
  std::uint64_t unused = 0;

  std::uint64_t picture_bytes() const { return std::uint64_t{width} * height * channels; }
};
static_assert(sizeof(image_cache_header) == 64);

struct image_cache_entry {
  image_stamp stamp;
  std::uint64_t checksum = 0;  // hash of the pixels; 0: not there yet
};
static_assert(sizeof(image_cache_entry) == 24);

inline std::uint64_t image_hash(image_view v) { return content_hash(std::as_bytes(std::span(v.pixels, v.bytes()))); }

inline std::uint64_t image_cache_pixels_at(std::uint64_t pictures, std::uint64_t names_bytes) {
  return next_page(sizeof(image_cache_header) + pictures * sizeof(image_cache_entry) + names_bytes);
}

}  // namespace detail

// Any number of threads may read. The file must not be cut short while it is open.
class image_cache {
 public:
  explicit image_cache(const std::string& path) : path_(path), file_(path, "image_cache") { read(file_.bytes()); }
  // From memory that the caller keeps; `name` stands in messages.
  image_cache(std::span<const std::byte> bytes, const std::string& name) : path_(name) { read(bytes); }

  std::size_t size() const { return static_cast<std::size_t>(head_.pictures); }
  int width() const { return static_cast<int>(head_.width); }
  int height() const { return static_cast<int>(head_.height); }
  int channels() const { return static_cast<int>(head_.channels); }

  // Points into the file; valid as long as this object.
  image_view operator[](std::size_t i) const {
    if (i >= size()) fail("image_cache: ", path_, ": found picture ", i, ", wanted 0 to ", size() - 1, "; correct the index");
    return {pixels() + i * picture_bytes(), width(), height(), channels()};
  }
  const std::uint8_t* pixels() const { return reinterpret_cast<const std::uint8_t*>(pixels_.data()); }  // (size, height, width, channels)
  std::size_t picture_bytes() const { return static_cast<std::size_t>(head_.picture_bytes()); }

  const std::string& path() const { return path_; }
  const std::vector<std::string>& names() const { return table_.names(); }
  std::optional<std::size_t> find(std::string_view name) const { return table_.find(name); }

  // An error unless it was made from exactly these files as they are now, at this size.
  void check(const image_collection& wanted, int width, int height, int channels) const {
    const std::string who = "image_cache: " + path_;
    const std::string advice = "; remove it, then build it again, or choose another file";
    if (this->width() != width || this->height() != height || this->channels() != channels)
      fail(who, ": found pictures of ", detail::extent_text((*this)[0]), ", wanted ", detail::extent_text({nullptr, width, height, channels}),
           advice);
    check_names(wanted, who, advice);
    const auto now = wanted.stamps();
    std::vector<std::string> changed;
    for (std::size_t i = 0; i < size(); ++i)
      if (!(now[i] == entry(i).stamp)) changed.push_back(detail::quoted(wanted.name(i)));
    if (!changed.empty())
      fail(who, ": ", changed.size(), " of ", size(), " pictures in ", wanted.folder(), " changed since it was built: ", detail::listed(changed),
           advice);
  }

  // Reads all pixels. An error that names the pictures whose pixels are not those that were written.
  void verify(executor& threads) const {
    std::mutex guard;
    std::vector<std::size_t> bad;
    threads.parallel_for(static_cast<int>(size()), [&](int k) {
      const auto i = static_cast<std::size_t>(k);
      if (detail::image_hash((*this)[i]) == entry(i).checksum) return;
      const std::lock_guard lock(guard);
      bad.push_back(i);
    });
    if (bad.empty()) return;
    std::sort(bad.begin(), bad.end());
    std::vector<std::string> named;
    for (const std::size_t i : bad) named.push_back(detail::quoted(names()[i]));
    fail("image_cache: ", path_, ": the pixels of ", bad.size(), " of ", size(), " pictures are damaged: ", detail::listed(named),
         detail::build_again);
  }

 private:
  void read(std::span<const std::byte> all) {
    const std::string who = "image_cache: " + path_;
    head_ = detail::read_sealed_header<detail::image_cache_header>(all, who);
    check_sizes(all.size(), who);
    const auto rest = all.subspan(sizeof head_, head_.pixels_at - sizeof head_);
    detail::check_seal(head_, rest, who);
    entries_ = rest.first(head_.pictures * sizeof(detail::image_cache_entry));
    read_names(rest.subspan(entries_.size(), head_.names_bytes), who);
    pixels_ = all.subspan(head_.pixels_at);
  }

  void check_sizes(std::size_t file_bytes, const std::string& who) const {
    const char* again = detail::build_again;
    // In this order nothing can overflow.
    const bool extents = head_.width >= 1 && head_.height >= 1 && head_.width <= 1 << 14 && head_.height <= 1 << 14;
    if (!extents || (head_.channels != 1 && head_.channels != 3 && head_.channels != 4))
      fail(who, ": byte 12: found pictures of ", head_.width, " x ", head_.height, " x ", head_.channels, again);
    if (head_.pictures < 1 || head_.pictures > 0x7fffffff || head_.pictures > file_bytes / sizeof(detail::image_cache_entry) ||
        head_.names_bytes > file_bytes || head_.pixels_at != detail::image_cache_pixels_at(head_.pictures, head_.names_bytes))
      fail(who, ": byte 24: found ", head_.pictures, " pictures with ", head_.names_bytes, " bytes of names before byte ", head_.pixels_at, again);
    if (head_.pixels_at > file_bytes || (file_bytes - head_.pixels_at) / head_.picture_bytes() != head_.pictures ||
        (file_bytes - head_.pixels_at) % head_.picture_bytes() != 0)
      fail(who, ": found ", file_bytes, " bytes, wanted ", head_.pixels_at, " and ", head_.pictures, " pictures of ", head_.picture_bytes(),
           "; it is cut short or damaged", again);
  }

  void read_names(std::span<const std::byte> bytes, const std::string& who) {
    std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::vector<std::string> names;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\0'), text.size());
      names.emplace_back(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (names.size() != size()) fail(who, ": found ", names.size(), " names, wanted ", size(), detail::build_again);
    table_ = detail::picture_names(std::move(names), who);
  }

  void check_names(const image_collection& wanted, const std::string& who, const std::string& advice) const {
    for (std::size_t i = 0; i < std::min(size(), wanted.size()); ++i)
      if (names()[i] != wanted.name(i))
        fail(who, ": it is of another collection than ", wanted.folder(), ": picture ", i, " is ", detail::quoted(names()[i]), ", wanted ",
             detail::quoted(wanted.name(i)), advice);
    if (size() != wanted.size())
      fail(who, ": it is of another collection than ", wanted.folder(), ": found ", size(), " pictures, wanted ", wanted.size(), advice);
  }

  detail::image_cache_entry entry(std::size_t i) const {
    detail::image_cache_entry e;
    std::memcpy(&e, entries_.data() + i * sizeof e, sizeof e);
    return e;
  }

  std::string path_;
  mapped_file file_;
  detail::image_cache_header head_;
  detail::picture_names table_;
  std::span<const std::byte> entries_, pixels_;
};

}  // namespace relreason
