// relreason/metric/distance_matrix_build.hpp -- computes a distance_matrix: in parallel, resumable, whole or not at all.
// Works in FILE.partial, where each band's checksum is written after its distances: whatever stops it, the next run keeps every band whose
// checksum fits. Then FILE.partial is sealed, flushed to the disk and renamed to FILE.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/content_hash.hpp"
#include "relreason/data/resumable_file.hpp"
#include "relreason/data/sealed_build.hpp"
#include "relreason/metric/distance_matrix.hpp"
#include "relreason/train/progress.hpp"

namespace relreason::metric {

struct distance_matrix_options {
  std::FILE* progress = stderr;  // null: no progress bar; its speed is pairs a second
};

namespace detail {

class distance_matrix_builder {
 public:
  distance_matrix_builder(resumable_file& file, const distance_subject& subject, const std::string& who)
      : file_(file), subject_(subject), who_(who), starts_(matrix_bands(subject.items)), checksums_(starts_.size() - 1) {
    head_ = matrix_header(subject, checksums_.size(), who);
  }

  template <class Distance>
  void run(Distance& distance, executor& threads, const distance_matrix_options& options) {
    take_up();
    const auto all = static_cast<long long>(all_pairs_of(head_.items));
    std::optional<progress> bar;
    if (options.progress) bar.emplace("pairs for " + subject_.what, all, options.progress);
    relreason::detail::build_parts(static_cast<int>(checksums_.size()), threads, bar, [&](int b) {
      make(static_cast<std::size_t>(b), distance);
      return static_cast<long long>(pairs_of(static_cast<std::size_t>(b)));
    });
    if (bar) bar->update(all);
    relreason::detail::seal_and_rename(file_, head_, std::as_bytes(std::span(checksums_)));
  }

 private:
  std::uint64_t first_pair(std::size_t b) const { return pairs_before_row(head_.items, static_cast<std::uint64_t>(starts_[b])); }
  std::uint64_t pairs_of(std::size_t b) const { return first_pair(b + 1) - first_pair(b); }
  std::uint64_t place_of(std::size_t b) const { return head_.data_at + first_pair(b) * sizeof(float); }

  // Bands of an earlier run are kept; an unfinished matrix of anything else is refused: it may have taken hours.
  void take_up() {
    distance_matrix_header old{};
    const std::size_t got = file_.read(std::as_writable_bytes(std::span(&old, 1)), 0);
    old.seal = 0;  // stopped between the seal and the new name, it is as good as unsealed
    const bool fresh = got < sizeof old || old.version == 0;
    if (!fresh && std::memcmp(&old, &head_, sizeof old) != 0)
      fail(who_, ": ", file_.partial(), " holds an unfinished matrix of something else (", old.subject(), " of ", old.items, " items), wanted ",
           subject_.what, " of these ", head_.items, " items; remove it or choose another name");
    const std::size_t bytes = checksums_.size() * sizeof(std::uint64_t);
    if (fresh) file_.empty();
    else if (file_.read(std::as_writable_bytes(std::span(checksums_)), sizeof head_) != bytes) checksums_.assign(checksums_.size(), 0);
    file_.reserve(head_.data_at + all_pairs_of(head_.items) * sizeof(float));
    file_.write_value(head_, 0);
  }

  // Safe for any number of threads, each with bands of its own.
  template <class Distance>
  void make(std::size_t b, Distance& distance) {
    std::vector<float> values(static_cast<std::size_t>(pairs_of(b)));
    if (checksums_[b] != 0) {
      const auto bytes = std::as_writable_bytes(std::span(values));
      if (file_.read(bytes, place_of(b)) == bytes.size() && content_hash(bytes) == checksums_[b]) return;
    }
    fill(b, values, distance);
    file_.write(std::as_bytes(std::span(values)), place_of(b));
    checksums_[b] = content_hash(std::as_bytes(std::span(values)));
    file_.write_value(checksums_[b], sizeof head_ + b * sizeof(std::uint64_t));
  }

  // In tiles of columns, so that their items stay in cache while the band's rows pass by.
  template <class Distance>
  void fill(std::size_t b, std::vector<float>& values, Distance& distance) const {
    constexpr int tile = 256;
    const int n = subject_.items;
    for (int from = starts_[b] + 1; from < n; from += tile)
      for (int i = starts_[b]; i < starts_[b + 1]; ++i) {
        float* row = values.data() + (pairs_before_row(head_.items, static_cast<std::uint64_t>(i)) - first_pair(b));
        for (int j = std::max(from, i + 1); j < std::min(from + tile, n); ++j) {
          const double d = distance(i, j);
          if (!std::isfinite(static_cast<float>(d))) fail(who_, ": the distance of items ", i, " and ", j, " is ", d, ", wanted a finite number");
          row[j - i - 1] = static_cast<float>(d);
        }
      }
  }

  resumable_file& file_;
  const distance_subject& subject_;
  const std::string& who_;
  std::vector<int> starts_;
  std::vector<std::uint64_t> checksums_;
  distance_matrix_header head_;
};

}  // namespace detail

// The matrix in the file `path`: opened if it is there and fits, else computed, or computed on where an earlier run stopped. A file that does
// not fit is refused, never replaced. distance(i, j), i < j, is called from many threads at once.
template <class Distance>
distance_matrix build_distance_matrix(const std::string& path, const distance_subject& subject, Distance&& distance, executor& threads,
                                      const distance_matrix_options& options = {}) {
  const std::string who = "distance_matrix: " + path;
  if (subject.items < 1 || subject.items > 0x7ffffff0) fail(who, ": found ", subject.items, " items, wanted 1 or more");
  return relreason::detail::open_or_build<distance_matrix>(
      path, "distance_matrix", [&](const distance_matrix& there) { there.check(subject); },
      [&](resumable_file& file) { detail::distance_matrix_builder(file, subject, who).run(distance, threads, options); });
}

}  // namespace relreason::metric
