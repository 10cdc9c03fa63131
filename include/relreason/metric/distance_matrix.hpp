// relreason/metric/distance_matrix.hpp -- all distances among n items in one file, mapped into memory: each pair once, as float.
// build_distance_matrix() in distance_matrix_build.hpp makes it.
//
// Little-endian: header (below), a checksum of each band of rows, zeros up to a multiple of 4,096, then row by row the distances (i, j), j > i.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/content_hash.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/data/sealed_file.hpp"

namespace relreason::metric {

// What was compared, so that no file is taken for another.
struct distance_subject {
  std::string what;           // the distance and the items, as "approximate_ged_2019 soft"; at most 191 bytes
  std::uint64_t content = 0;  // content_hash of the items
  int items = 0;
};

namespace detail {

struct distance_matrix_header {
  static constexpr std::uint32_t known_version = 1;
  static constexpr const char *title = "distance matrix", *noun = "matrix", *covers = "sizes and checksums";

  char magic[8] = {'R', 'R', 'd', 'i', 's', 't', 'a', 'n'};
  std::uint32_t version = known_version, unused = 0;
  std::uint64_t items = 0, bands = 0, data_at = 0, content = 0;
  std::uint64_t seal = 0;  // covers the checksums
  std::uint64_t reserved = 0;
  char what[192] = {};

  std::string_view subject() const { return {what, ::strnlen(what, sizeof what)}; }
};
static_assert(sizeof(distance_matrix_header) == 256);

inline std::uint64_t pairs_before_row(std::uint64_t n, std::uint64_t i) { return i * (2 * n - i - 1) / 2; }
inline std::uint64_t all_pairs_of(std::uint64_t n) { return n * (n - 1) / 2; }

// Rows [starts[b], starts[b + 1]) are made and checked as one: at least 65,536 pairs (256 KB), but for the last.
inline std::vector<int> matrix_bands(int n) {
  constexpr std::uint64_t least = 65536;
  std::vector<int> starts{0};
  std::uint64_t pairs = 0;
  for (int i = 0; i + 1 < n; ++i) {
    pairs += static_cast<std::uint64_t>(n - i - 1);
    if (pairs < least && i + 2 < n) continue;
    starts.push_back(i + 1);
    pairs = 0;
  }
  return starts;
}

inline std::uint64_t matrix_data_at(std::uint64_t bands) {
  return relreason::detail::next_page(sizeof(distance_matrix_header) + bands * sizeof(std::uint64_t));
}

inline distance_matrix_header matrix_header(const distance_subject& s, std::size_t bands, const std::string& who) {
  distance_matrix_header head;
  if (s.what.size() >= sizeof head.what)
    fail(who, ": found a subject of ", s.what.size(), " bytes, wanted fewer than ", sizeof head.what, "; shorten distance_subject::what");
  head.items = static_cast<std::uint64_t>(s.items);
  head.bands = bands;
  head.data_at = matrix_data_at(bands);
  head.content = s.content;
  std::memcpy(head.what, s.what.data(), s.what.size());
  return head;
}

}  // namespace detail

// Any number of threads may read. The file must not be cut short while it is open.
class distance_matrix {
 public:
  explicit distance_matrix(const std::string& path) : path_(path), file_(path, "distance_matrix") { read(file_.bytes()); }
  // From memory that the caller keeps; `name` stands in messages.
  distance_matrix(std::span<const std::byte> bytes, const std::string& name) : path_(name) { read(bytes); }

  int size() const { return n_; }
  std::string_view what() const { return head_.subject(); }
  std::uint64_t content() const { return head_.content; }
  const std::string& path() const { return path_; }

  float operator()(int i, int j) const {
    check_item(i);
    check_item(j);
    return i == j ? 0.f : at(std::min(i, j), std::max(i, j));
  }

  // Distances from item i to all items, itself included: (size)
  void row(int i, std::span<float> to) const {
    check_item(i);
    if (to.size() != static_cast<std::size_t>(n_)) fail("distance_matrix::row: ", path_, ": found room for ", to.size(), " distances, wanted ", n_);
    for (int j = 0; j < i; ++j) to[static_cast<std::size_t>(j)] = at(j, i);
    to[static_cast<std::size_t>(i)] = 0;
    if (i + 1 < n_) std::memcpy(to.data() + i + 1, place(i, i + 1), sizeof(float) * static_cast<std::size_t>(n_ - i - 1));
  }

  // An error unless it holds these distances of these items.
  void check(const distance_subject& wanted) const {
    const char* advice = "; remove it, then build it again, or choose another file";
    if (what() != wanted.what || n_ != wanted.items)
      fail("distance_matrix: ", path_, ": found ", what(), " of ", n_, " items, wanted ", wanted.what, " of ", wanted.items, advice);
    if (head_.content != wanted.content) fail("distance_matrix: ", path_, ": it was made of ", n_, " other items than these", advice);
  }

  // Reads everything. An error that names the first rows which are not those that were written.
  void verify(executor& threads) const {
    const auto starts = detail::matrix_bands(n_);
    std::mutex guard;
    std::size_t bad = head_.bands;
    threads.parallel_for(static_cast<int>(head_.bands), [&](int b) {
      const auto k = static_cast<std::size_t>(b);
      if (content_hash(band(starts[k], starts[k + 1])) == checksum(k)) return;
      const std::lock_guard lock(guard);
      bad = std::min(bad, k);
    });
    if (bad < head_.bands)
      fail("distance_matrix: ", path_, ": rows ", starts[bad], " to ", starts[bad + 1] - 1, " are damaged", relreason::detail::build_again);
  }

 private:
  void read(std::span<const std::byte> all) {
    const std::string who = "distance_matrix: " + path_;
    const char* again = relreason::detail::build_again;
    head_ = relreason::detail::read_sealed_header<detail::distance_matrix_header>(all, who);
    // In this order nothing can overflow or take more memory than the file has.
    if (head_.items < 1 || head_.items > 0x7ffffff0 || head_.items > all.size()) fail(who, ": byte 16: found ", head_.items, " items", again);
    n_ = static_cast<int>(head_.items);
    const std::uint64_t pairs = detail::all_pairs_of(head_.items);
    if (pairs > all.size() / sizeof(float) || head_.bands != detail::matrix_bands(n_).size() - 1 ||
        head_.data_at != detail::matrix_data_at(head_.bands) || all.size() != head_.data_at + pairs * sizeof(float))
      fail(who, ": found ", all.size(), " bytes in ", head_.bands, " bands from byte ", head_.data_at, ", wanted ", pairs, " pairs of 4 bytes for ",
           n_, " items; it is cut short or damaged", again);
    checksums_ = all.subspan(sizeof head_, head_.bands * sizeof(std::uint64_t));
    relreason::detail::check_seal(head_, checksums_, who);
    data_ = all.subspan(head_.data_at);
  }

  void check_item(int i) const {
    if (i < 0 || i >= n_) fail("distance_matrix: ", path_, ": found item ", i, ", wanted 0 to ", n_ - 1);
  }
  const std::byte* place(int i, int j) const {  // i < j
    const auto index = detail::pairs_before_row(head_.items, static_cast<std::uint64_t>(i)) + static_cast<std::uint64_t>(j - i - 1);
    return data_.data() + index * sizeof(float);
  }
  float at(int i, int j) const {
    float d;
    std::memcpy(&d, place(i, j), sizeof d);
    return d;
  }
  std::span<const std::byte> band(int first, int last) const {
    const auto start = detail::pairs_before_row(head_.items, static_cast<std::uint64_t>(first));
    const auto end = detail::pairs_before_row(head_.items, static_cast<std::uint64_t>(last));
    return data_.subspan(start * sizeof(float), (end - start) * sizeof(float));
  }
  std::uint64_t checksum(std::size_t b) const {
    std::uint64_t v;
    std::memcpy(&v, checksums_.data() + b * sizeof v, sizeof v);
    return v;
  }

  std::string path_;
  mapped_file file_;
  detail::distance_matrix_header head_;
  int n_ = 0;
  std::span<const std::byte> checksums_, data_;
};

}  // namespace relreason::metric
