// relreason/retrieval/feature_files.hpp -- features of a collection of pictures in a file: extracted in order, resumable, read back with their names.
// FEATURES.npy (pictures, width) float32, and FEATURES.npy.json beside it: what they are of, and the pictures' names by row.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "relreason/core/executor.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/content_hash.hpp"
#include "relreason/data/image_collection.hpp"
#include "relreason/data/image_resize.hpp"
#include "relreason/data/json_string.hpp"
#include "relreason/data/npy.hpp"
#include "relreason/data/resumable_file.hpp"
#include "relreason/data/safetensors.hpp"
#include "relreason/retrieval/picture_features.hpp"
#include "relreason/train/progress.hpp"

namespace relreason::retrieval {

struct feature_set {
  std::string kind;
  std::vector<std::string> names;
  std::vector<float> rows;
  int width = 0;
  rows_view<const float> view() const { return {rows.data(), static_cast<int>(names.size()), width}; }
};

namespace detail {

inline std::string index_path(const std::string& features) { return features + ".json"; }
// weights_hash tells features of other weights apart; stamps those of files that have changed since.
inline std::string index_text(const feature_extractor& how, const image_collection& pictures, std::uint64_t weights_hash) {
  std::uint64_t stamps = 0;
  for (const image_stamp& s : pictures.stamps()) stamps = content_hash(std::as_bytes(std::span(&s, 1)), stamps);
  std::string text = "{\"kind\": ";
  relreason::detail::append_json_string(text, how.kind);
  text += ", \"width\": " + std::to_string(how.width) + ", \"weights\": \"" + std::to_string(weights_hash) + "\", \"files_state\": \"" +
          std::to_string(stamps) + "\", \"folder\": ";
  relreason::detail::append_json_string(text, pictures.folder());
  text += ", \"files\": [";
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    text += i ? ",\n" : "\n";
    relreason::detail::append_json_string(text, pictures.name(i));
  }
  return text + "\n]}\n";
}
inline std::optional<std::string> whole_text(const std::string& path) {
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return std::nullopt;
  const mapped_file file(path, "retrieval", mapped_file::how::read);
  return std::string(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
}

}  // namespace detail

struct extract_options {
  std::string weights = {};      // the file they come from, told apart by its content; "" for none
  std::FILE* progress = stderr;  // null: no progress bar
};

// Writes `out` (.npy) and its index. Stopped at any moment, it goes on with the next call, as long as kind, weights and pictures are the same; pictures of
// other sizes are resized to 128 x 128. Nothing to do where `out` is there already and fits. Returns how many rows were computed.
inline std::size_t extract(const feature_extractor& how, const image_collection& pictures, const std::string& out, executor& threads,
                           const extract_options& options = {}) {
  if (pictures.size() == 0) fail("retrieval::extract: found no pictures in ", pictures.folder(), ", wanted at least one");
  std::uint64_t weights = 0;
  if (!options.weights.empty()) weights = content_hash(mapped_file(options.weights, "retrieval::extract", mapped_file::how::read).bytes());
  const std::string index = detail::index_text(how, pictures, weights);
  const bool same = detail::whole_text(detail::index_path(out)) == index;
  std::error_code none;
  if (same && std::filesystem::exists(out, none)) return 0;
  const std::string head = npy::header(element::f32, {static_cast<std::int64_t>(pictures.size()), how.width});
  const std::size_t row_bytes = static_cast<std::size_t>(how.width) * sizeof(float);
  resumable_file file(out, "retrieval::extract");
  std::size_t done = 0;
  if (same) {  // rows are written in order: all but the last one of an earlier program are whole
    std::string found(head.size(), '\0');
    if (file.read(std::as_writable_bytes(std::span(found)), 0) == head.size() && found == head) {
      std::vector<std::byte> row(row_bytes);
      while (done < pictures.size() && file.read(row, head.size() + done * row_bytes) == row_bytes) ++done;
    }
  } else {
    atomic_file to(detail::index_path(out));
    to.write(index);
    to.commit();
  }
  if (done == 0) file.empty();
  file.write(std::as_bytes(std::span(head)), 0);
  std::optional<progress> bar;
  if (options.progress) bar.emplace(how.kind + " of " + pictures.folder(), static_cast<long long>(pictures.size()), options.progress);
  constexpr std::size_t at_once = 128;
  const std::size_t first = done;
  std::vector<image> some;
  std::vector<float> rows;
  while (done < pictures.size()) {
    const std::size_t n = std::min(at_once, pictures.size() - done);
    some.assign(n, {});
    rows.resize(n * static_cast<std::size_t>(how.width));
    failure problem;
    threads.parallel_for(static_cast<int>(n), [&](int i) {
      problem.guard([&] {
        image found = pictures.read(done + static_cast<std::size_t>(i));
        const int side = models::from_pixels::side;
        some[static_cast<std::size_t>(i)] = found.width == side && found.height == side ? std::move(found) : resize(found, side, side);
      });
    });
    problem.rethrow();
    how.compute(some, done, rows.data());
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!std::isfinite(rows[i]))
        fail("retrieval::extract: feature ", i % static_cast<std::size_t>(how.width), " of ",
             pictures.path(done + i / static_cast<std::size_t>(how.width)), " is not finite; are the weights whole?");
    file.write(std::as_bytes(std::span(rows)), head.size() + done * row_bytes);
    done += n;
    if (bar) bar->update(static_cast<long long>(done), {});
  }
  if (detail::index_text(how, pictures, weights) != index)
    fail("retrieval::extract: a picture of ", pictures.folder(), " changed while it was read; run it again");
  file.flush();
  file.rename();
  return pictures.size() - first;
}

// What extract() wrote.
inline feature_set read_features(const std::string& path) {
  feature_set f;
  const auto text = detail::whole_text(detail::index_path(path));
  if (!text)
    fail("retrieval::read_features: found no ", detail::index_path(path), ", wanted the index beside ", path, "; extract the features again");
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::dom::array files;
  std::string_view kind;
  std::int64_t width = 0;
  if (parser.parse(*text).get(root) || root["kind"].get(kind) || root["width"].get(width) || root["files"].get(files))
    fail("retrieval::read_features: ", detail::index_path(path),
         ": found no kind, width and files, wanted the index of features; extract them again");
  f.kind = kind;
  for (const simdjson::dom::element e : files) {
    std::string_view name;
    if (e.get(name)) fail("retrieval::read_features: ", detail::index_path(path), ": file ", f.names.size(), " is no name");
    f.names.emplace_back(name);
  }
  const npy::file file(path);
  const auto rows = file.rows<float>(f.rows);
  if (rows.rows != static_cast<int>(f.names.size()) || rows.width != width)
    fail("retrieval::read_features: ", path, " has ", rows.rows, " rows of ", rows.width, " numbers, its index names ", f.names.size(), " of ", width,
         "; they do not belong together");
  f.width = rows.width;
  return f;
}

// The same as a tensor "features" of a safetensors file, the names in its metadata, one on each line.
inline void write_safetensors(const feature_set& f, const std::string& path) {
  safetensors::writer to;
  to.add("features", f.rows.data(), {static_cast<std::int64_t>(f.names.size()), f.width});
  std::string names;
  for (const auto& n : f.names) names += n + "\n";
  to.metadata("files", names);
  to.metadata("kind", f.kind);
  to.write(path);
}

}  // namespace relreason::retrieval
