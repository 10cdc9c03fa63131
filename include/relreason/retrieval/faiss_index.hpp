// relreason/retrieval/faiss_index.hpp -- FAISS's indexes behind the interface of index.hpp, and make_index() for all of them.
// Source: Johnson, Douze, Jegou, "Billion-scale similarity search with GPUs", 2017; Malkov, Yashunin, TPAMI 2018 (HNSW).
// Needs FAISS (Debian: libfaiss-dev) and CMake's relreason::faiss, or -lfaiss -lblas -llapack -fopenmp; without its headers, or with
// RELREASON_WITHOUT_FAISS, only index_kind::flat is there. FAISS runs on OpenMP's threads (OMP_NUM_THREADS), not on an executor.
#pragma once

#if !defined(RELREASON_WITHOUT_FAISS) && __has_include(<faiss/IndexFlat.h>)
#define RELREASON_HAS_FAISS 1
#else
#define RELREASON_HAS_FAISS 0
#endif

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#if RELREASON_HAS_FAISS
#include <faiss/IndexFlat.h>
#include <faiss/IndexHNSW.h>
#include <faiss/IndexIVFFlat.h>
#endif

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/rows_view.hpp"
#include "relreason/retrieval/index.hpp"

namespace relreason::retrieval {

#if RELREASON_HAS_FAISS
inline namespace with_faiss {

inline bool faiss_available() { return true; }

// FAISS finds the rows; their distances are computed again in double, and ties are put in order by index.
class faiss_index final : public index {
 public:
  faiss_index(rows_view<const float> gallery, const index_options& options) : options_(options), exact_(gallery, options.distance) {
    if (gallery.rows == 0) fail("faiss_index: the gallery is empty, wanted at least one row of features");
    if (options.lists < 0 || options.probes < 1 || options.links < 2 || options.build_breadth < 1 || options.search_breadth < 1)
      fail("faiss_index: found ", options.lists, " lists, ", options.probes, " probes, ", options.links, " links, breadths ", options.build_breadth,
           " and ", options.search_breadth, ", wanted at least 0, 1, 2, 1 and 1");
    if (options.lists > gallery.rows) fail("faiss_index: found ", options.lists, " lists, wanted at most the ", gallery.rows, " rows of the gallery");
    guarded("build", [&] { build(); });
  }

  index_kind kind() const override { return options_.kind; }
  int size() const override { return exact_.gallery().rows; }
  int width() const override { return exact_.gallery().width; }

  neighbors search(rows_view<const float> queries, int k, executor& threads, std::span<const int> leave_out = {}) const override {
    check_search("faiss_index::search", queries, k, leave_out, size(), width());
    neighbors found(queries.rows, std::min(k, size()));
    const int asked = std::min(leave_out.empty() ? k : std::min(k, size()) + 1, size());
    const auto ids = ids_of(queries, asked);
    threads.parallel_for(queries.rows, [&](int q) {
      const float* row = queries.row(q);
      const double square = options_.distance == feature_distance::cosine ? exact_.squared_norm(row) : 0;
      std::vector<neighbor> all;
      for (int i = 0; i < asked; ++i) {
        const auto id = ids[static_cast<std::size_t>(q) * static_cast<std::size_t>(asked) + static_cast<std::size_t>(i)];
        if (id < 0 || (!leave_out.empty() && leave_out[static_cast<std::size_t>(q)] == id)) continue;
        all.push_back({exact_(row, square, static_cast<int>(id)), static_cast<int>(id)});
      }
      std::sort(all.begin(), all.end());
      found.set(q, all);
    });
    return found;
  }
  void raw_search(rows_view<const float> queries, int k) const override { ids_of(queries, std::min(k, size())); }

 private:
  using id_type = decltype(faiss::Index::ntotal);

  // FAISS's errors are exceptions of its own.
  template <class F>
  static void guarded(const char* doing, F&& f) {
    std::string message;
    try {
      f();
      return;
    } catch (const std::exception& e) {
      message = e.what();
    }
    fail("faiss_index: cannot ", doing, ": ", message);
  }

  // Vectors of length 1 have the same order by l2 as by cosine.
  std::vector<float> unit(rows_view<const float> x) const {
    std::vector<float> to(x.data, x.data + x.size());
    for (int i = 0; i < x.rows; ++i) {
      const double length = std::sqrt(exact_.squared_norm(x.row(i)));
      float* row = to.data() + static_cast<std::ptrdiff_t>(i) * x.width;
      for (int c = 0; length > 0 && c < x.width; ++c) row[c] = static_cast<float>(row[c] / length);
    }
    return to;
  }

  void build() {
    const auto metric = options_.distance == feature_distance::l2 ? faiss::METRIC_L2 : faiss::METRIC_INNER_PRODUCT;
    const rows_view<const float> g = exact_.gallery();
    if (options_.kind == index_kind::faiss_flat) index_ = std::make_unique<faiss::IndexFlat>(g.width, metric);
    if (options_.kind == index_kind::faiss_hnsw) {
      auto hnsw = std::make_unique<faiss::IndexHNSWFlat>(g.width, options_.links, metric);
      hnsw->hnsw.efConstruction = options_.build_breadth;
      hnsw->hnsw.efSearch = options_.search_breadth;  // FAISS takes k where that is more
      index_ = std::move(hnsw);
    }
    if (options_.kind == index_kind::faiss_ivf) {
      const int enough = static_cast<int>(4 * std::sqrt(g.rows)), trained = g.rows / 39;
      const int lists = options_.lists > 0 ? options_.lists : std::max(1, std::min(enough, trained));
      coarse_ = std::make_unique<faiss::IndexFlat>(g.width, metric);
      auto ivf = std::make_unique<faiss::IndexIVFFlat>(coarse_.get(), static_cast<std::size_t>(g.width), static_cast<std::size_t>(lists), metric);
      ivf->nprobe = static_cast<std::size_t>(std::min(options_.probes, lists));
      index_ = std::move(ivf);
    }
    const std::vector<float> units = options_.distance == feature_distance::cosine ? unit(g) : std::vector<float>();
    const float* rows = units.empty() ? g.data : units.data();
    if (!index_->is_trained) index_->train(g.rows, rows);
    index_->add(g.rows, rows);
  }

  std::vector<id_type> ids_of(rows_view<const float> queries, int k) const {
    const auto n = static_cast<std::size_t>(queries.rows) * static_cast<std::size_t>(k);
    std::vector<id_type> ids(n, -1);
    std::vector<float> distances(n);
    if (n == 0) return ids;
    const std::vector<float> units = options_.distance == feature_distance::cosine ? unit(queries) : std::vector<float>();
    guarded("search", [&] { index_->search(queries.rows, units.empty() ? queries.data : units.data(), k, distances.data(), ids.data()); });
    return ids;
  }

  index_options options_;
  distance_to_rows exact_;
  std::unique_ptr<faiss::Index> coarse_, index_;  // index_ uses coarse_
};

inline std::unique_ptr<index> make_faiss_index(rows_view<const float> gallery, const index_options& options) {
  return std::make_unique<faiss_index>(gallery, options);
}

}  // namespace with_faiss
#else
inline namespace without_faiss {

inline bool faiss_available() { return false; }
inline std::unique_ptr<index> make_faiss_index(rows_view<const float>, const index_options& options) {
  fail("make_index: cannot make ", text_of(options.kind), ": compiled without FAISS; install it (Debian: libfaiss-dev) and link relreason::faiss");
}

}  // namespace without_faiss
#endif

inline std::unique_ptr<index> make_index(rows_view<const float> gallery, const index_options& options = {}) {
  if (options.kind == index_kind::flat) return std::make_unique<flat_index>(gallery, options.distance);
  return make_faiss_index(gallery, options);
}

}  // namespace relreason::retrieval
