// relreason/data/image_collection.hpp -- an ordered list of pictures: files of a folder, sorted by name or named, or such as a function makes.
// A picture's index in the list is its number everywhere: in caches, batches, features and rankings.
#pragma once

#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/image_file.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason {

// What tells that a file is still the same.
struct image_stamp {
  std::uint64_t bytes = 0;
  std::int64_t changed = 0;  // nanoseconds since 1970
  friend bool operator==(const image_stamp&, const image_stamp&) = default;
};

namespace detail {

// "a.png", "b.png" and 3 more
inline std::string listed(const std::vector<std::string>& names, std::size_t most = 20) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < most; ++i) text += (i ? ", " : "") + names[i];
  if (names.size() > most) text += " and " + std::to_string(names.size() - most) + " more";
  return text;
}

// Names and where each stands.
class picture_names {
 public:
  picture_names() = default;
  // `who` begins messages. Names must differ: an index belongs to one of them.
  picture_names(std::vector<std::string> names, const std::string& who) : names_(std::move(names)), sorted_(names_.size()) {
    std::iota(sorted_.begin(), sorted_.end(), std::size_t{0});
    std::sort(sorted_.begin(), sorted_.end(), [&](std::size_t a, std::size_t b) { return std::pair(names_[a], a) < std::pair(names_[b], b); });
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].empty() || names_[i].find('\0') != std::string::npos)
        fail(who, ": picture ", i, ": found the name ", detail::quoted(names_[i]), ", wanted a file's name; correct the list");
      if (i > 0 && names_[sorted_[i - 1]] == names_[sorted_[i]])
        fail(who, ": found ", detail::quoted(names_[sorted_[i]]), " as picture ", sorted_[i - 1], " and again as ", sorted_[i], ", wanted each once");
    }
  }
  const std::vector<std::string>& names() const { return names_; }
  std::optional<std::size_t> find(std::string_view name) const {
    const auto at = std::lower_bound(sorted_.begin(), sorted_.end(), name, [&](std::size_t i, std::string_view n) { return names_[i] < n; });
    if (at == sorted_.end() || names_[*at] != name) return std::nullopt;
    return *at;
  }

 private:
  std::vector<std::string> names_;
  std::vector<std::size_t> sorted_;
};

inline std::optional<image_stamp> stamp_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  return image_stamp{static_cast<std::uint64_t>(status.st_size), std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

// Whether a file means to be a picture: by its first bytes, or, so that a broken one is noticed, by its name.
inline bool is_picture(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  if (ending == ".png" || ending == ".jpg" || ending == ".jpeg") return true;
  char start[8] = {};
  std::ifstream(path, std::ios::binary).read(start, sizeof start);
  return looks_like_image(std::as_bytes(std::span(start)));
}

}  // namespace detail

class image_collection {
 public:
  // The pictures among the files of a folder, by the bytes of their names. Other files, hidden ones and folders inside are left out.
  static image_collection of_folder(const std::string& folder) {
    std::error_code problem;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
      const std::string name = at->path().filename().string();
      std::error_code ignored;
      if (!name.starts_with('.') && at->is_regular_file(ignored) && detail::is_picture(at->path())) names.push_back(name);
    }
    if (problem) fail("image_collection: cannot list ", folder, ": ", problem.message(), "; check the path and the permissions");
    if (names.empty()) fail("image_collection: found no PNG or JPEG file in ", folder, ", wanted at least one; check the path");
    std::sort(names.begin(), names.end());
    return of_names(folder, std::move(names));
  }

  // Paths relative to the folder, in the given order.
  static image_collection of_names(std::string folder, std::vector<std::string> names) {
    image_collection all;
    all.folder_ = std::move(folder);
    all.table_ = detail::picture_names(std::move(names), "image_collection: " + all.folder_);
    return all;
  }

  // The same from a text file with a name on each line; empty lines are skipped.
  static image_collection of_list(const std::string& list, std::string folder) {
    const mapped_file file(list, "image_collection", mapped_file::how::read);
    std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
    std::vector<std::string> names;
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      std::string_view line = text.substr(0, end);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (!line.empty()) names.emplace_back(line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (names.empty()) fail("image_collection: ", list, ": found no names, wanted one on each line; check the path");
    image_collection all;
    all.folder_ = std::move(folder);
    all.table_ = detail::picture_names(std::move(names), "image_collection: " + list);
    return all;
  }

  // Pictures that make(i) computes, the same at any time and on any thread. `origin` stands for the folder in messages; `identity` is a number that
  // changes with everything that decides the pixels.
  static image_collection of_made(std::string origin, std::vector<std::string> names, std::uint64_t identity,
                                  std::function<image(std::size_t)> make) {
    auto all = of_names(std::move(origin), std::move(names));
    all.identity_ = {identity, 0};
    all.make_ = std::move(make);
    return all;
  }

  std::size_t size() const { return table_.names().size(); }
  const std::string& folder() const { return folder_; }
  const std::vector<std::string>& names() const { return table_.names(); }
  const std::string& name(std::size_t i) const { return table_.names()[i]; }
  std::string path(std::size_t i) const { return folder_ + "/" + name(i); }
  std::optional<std::size_t> find(std::string_view name) const { return table_.find(name); }

  image read(std::size_t i, const image_options& options = {}) const { return make_ ? make_(i) : read_image(path(i), options); }

  // Nothing where the file is missing.
  std::optional<image_stamp> stamp(std::size_t i) const { return make_ ? identity_ : detail::stamp_of(path(i)); }

  // Size and time of every file. An error that names those that are missing, where any is.
  std::vector<image_stamp> stamps() const {
    std::vector<image_stamp> all(size());
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < size(); ++i) {
      if (const auto found = stamp(i)) all[i] = *found;
      else missing.push_back(detail::quoted(name(i)));
    }
    if (!missing.empty())
      fail("image_collection: ", folder_, ": ", missing.size(), " of ", size(), " pictures are missing or no files: ", detail::listed(missing),
           "; fetch them or correct the list");
    return all;
  }

 private:
  std::string folder_;
  detail::picture_names table_;
  image_stamp identity_;
  std::function<image(std::size_t)> make_;
};

}  // namespace relreason
