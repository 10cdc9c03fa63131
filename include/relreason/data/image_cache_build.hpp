// relreason/data/image_cache_build.hpp -- makes a cache of decoded, resized pictures (image_cache.hpp): in parallel, resumable, whole or not at all.
// Works in FILE.partial, where each picture's checksum is written after its pixels: whatever stops a build, the next one keeps every picture
// whose checksum fits and whose file has not changed. Then FILE.partial is sealed, flushed to the disk and renamed to FILE.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/image_cache.hpp"
#include "relreason/data/image_resize.hpp"
#include "relreason/data/resumable_file.hpp"
#include "relreason/data/sealed_build.hpp"
#include "relreason/train/progress.hpp"

namespace relreason {

struct image_cache_options {
  int width = 128, height = 128;
  image_options reading = {};
  std::FILE* progress = stderr;  // null: no progress bar
};

namespace detail {

class image_cache_builder {
 public:
  image_cache_builder(resumable_file& file, const image_collection& from, const image_cache_options& options)
      : file_(file), from_(from), options_(options), stamps_(from.stamps()), entries_(from.size()) {
    for (const std::string& name : from.names()) names_.append(name) += '\0';
    head_.width = static_cast<std::uint32_t>(options.width);
    head_.height = static_cast<std::uint32_t>(options.height);
    head_.channels = static_cast<std::uint32_t>(options.reading.channels);
    head_.pictures = from.size();
    head_.names_bytes = names_.size();
    head_.pixels_at = image_cache_pixels_at(head_.pictures, head_.names_bytes);
  }

  void run(executor& threads) {
    take_up();
    const int n = static_cast<int>(from_.size());
    std::optional<progress> bar;
    if (options_.progress) bar.emplace("pictures of " + from_.folder(), n, options_.progress);
    build_parts(n, threads, bar, [&](int i) {
      make(static_cast<std::size_t>(i));
      return 1;
    });
    refuse_broken();
    if (bar) bar->update(n);
    finish();
  }

 private:
  std::uint64_t entry_at(std::size_t i) const { return sizeof head_ + i * sizeof(image_cache_entry); }
  std::uint64_t pixels_at(std::size_t i) const { return head_.pixels_at + i * head_.picture_bytes(); }

  // What an earlier build of the same collection left: entries of files that are as they were. Else an empty file.
  void take_up() {
    image_cache_header old{};
    std::string names(names_.size(), '\0');
    const bool whole = file_.read(std::as_writable_bytes(std::span(&old, 1)), 0) == sizeof old;
    old.seal = 0;  // stopped between the seal and the new name, it is as good as unsealed
    const bool same = whole && std::memcmp(&old, &head_, sizeof old) == 0 &&
                      file_.read(std::as_writable_bytes(std::span(entries_)), sizeof head_) == entries_.size() * sizeof(image_cache_entry) &&
                      file_.read(std::as_writable_bytes(std::span(names)), entry_at(entries_.size())) == names.size() && names == names_;
    if (!same) {
      entries_.assign(entries_.size(), {});
      file_.empty();
    }
    for (std::size_t i = 0; i < entries_.size(); ++i)
      if (!(entries_[i].stamp == stamps_[i])) entries_[i] = {stamps_[i], 0};
    file_.reserve(pixels_at(entries_.size()));
    file_.write(std::as_bytes(std::span(entries_)), sizeof head_);
    std::string padded = names_;
    padded.resize(static_cast<std::size_t>(head_.pixels_at - entry_at(entries_.size())), '\0');
    file_.write(std::as_bytes(std::span(padded)), entry_at(entries_.size()));
    file_.write_value(head_, 0);
  }

  // Safe for any number of threads, each with pictures of its own.
  void make(std::size_t i) {
    if (entries_[i].checksum != 0 && still_there(i)) return;
    image small;
    try {
      small = resize(read_unchanged(i), options_.width, options_.height);
    } catch (const error& e) {
      const std::lock_guard lock(broken_guard_);
      broken_[i] = e.what();
      return;
    }
    file_.write(std::as_bytes(std::span(small.pixels)), pixels_at(i));
    entries_[i].checksum = image_hash(small);
    file_.write_value(entries_[i], entry_at(i));
  }

  bool still_there(std::size_t i) const {
    std::vector<std::byte> pixels(static_cast<std::size_t>(head_.picture_bytes()));
    return file_.read(pixels, pixels_at(i)) == pixels.size() && content_hash(std::span<const std::byte>(pixels)) == entries_[i].checksum;
  }

  image read_unchanged(std::size_t i) const {
    check_unchanged(i);
    image whole = from_.read(i, options_.reading);
    check_unchanged(i);
    return whole;
  }
  void check_unchanged(std::size_t i) const {
    if (from_.stamp(i) != stamps_[i]) fail(from_.path(i), " changed while the collection was read; wait until nobody writes it");
  }

  void refuse_broken() const {
    if (broken_.empty()) return;
    constexpr std::size_t most = 20;
    std::string text;
    std::size_t shown = 0;
    for (const auto& [i, message] : broken_)
      if (shown++ < most) text += "\n  " + message;
    if (broken_.size() > most) text += "\n  and " + std::to_string(broken_.size() - most) + " more";
    fail("image_cache: ", broken_.size(), " of ", from_.size(), " pictures in ", from_.folder(), " cannot be used:", text,
         "\nrepair them or leave them out, then run it again: the others are kept in ", file_.partial());
  }

  void finish() {
    std::vector<std::string> changed;
    for (std::size_t i = 0; i < stamps_.size(); ++i)
      if (from_.stamp(i) != stamps_[i]) changed.push_back(detail::quoted(from_.name(i)));
    if (!changed.empty())
      fail("image_cache: ", changed.size(), " of ", from_.size(), " pictures in ", from_.folder(),
           " changed while the collection was read: ", listed(changed), "; wait until nobody writes them, then run it again: the others are kept");
    std::vector<std::byte> rest(static_cast<std::size_t>(head_.pixels_at) - sizeof head_);
    file_.read(rest, sizeof head_);
    seal_and_rename(file_, head_, rest);
  }

  resumable_file& file_;
  const image_collection& from_;
  const image_cache_options& options_;
  std::vector<image_stamp> stamps_;
  image_cache_header head_;
  std::vector<image_cache_entry> entries_;
  std::string names_;
  std::mutex broken_guard_;
  std::map<std::size_t, std::string> broken_;
};

}  // namespace detail

// The cache of `from` in the file `path`: opened if it is there and fits, else built, or built on where an earlier build stopped.
// A file that does not fit is refused, never replaced. Pictures that cannot be read are named, after all others are done.
inline image_cache build_image_cache(const std::string& path, const image_collection& from, executor& threads,
                                     const image_cache_options& options = {}) {
  const std::string who = "image_cache: " + path;
  detail::check_image_options(who, options.reading);
  constexpr int longest = 1 << 14;  // so that the size of the file, below 2^31 pictures, fits 63 bits
  if (options.width < 1 || options.height < 1 || options.width > longest || options.height > longest)
    fail(who, ": found a size of ", options.width, " x ", options.height, ", wanted 1 to ", longest, " each; correct image_cache_options");
  if (from.size() == 0 || from.size() > 0x7fffffff) fail(who, ": found a collection of ", from.size(), " pictures, wanted 1 to 2^31 - 1");
  return detail::open_or_build<image_cache>(
      path, "image_cache", [&](const image_cache& cache) { cache.check(from, options.width, options.height, options.reading.channels); },
      [&](resumable_file& file) { detail::image_cache_builder(file, from, options).run(threads); });
}

}  // namespace relreason
