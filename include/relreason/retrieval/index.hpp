// relreason/retrieval/index.hpp -- one interface for searches, exact or approximate; make_index() in faiss_index.hpp makes any of them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/core/name_list.hpp"
#include "relreason/core/rows_view.hpp"
#include "relreason/retrieval/exact_search.hpp"
#include "relreason/retrieval/neighbors.hpp"

namespace relreason::retrieval {

// flat: ours, exact. The others are FAISS's: brute force, inverted lists, and a graph of neighbors.
enum class index_kind { flat, faiss_flat, faiss_ivf, faiss_hnsw };
inline constexpr std::array<std::string_view, 4> index_kind_names{"flat", "faiss-flat", "faiss-ivf", "faiss-hnsw"};

inline std::string_view text_of(index_kind k) { return index_kind_names[static_cast<std::size_t>(k)]; }
inline index_kind read_index_kind(std::string_view name) {
  return relreason::detail::enumerator_named<index_kind>("read_index_kind", index_kind_names, name);
}

struct index_options {
  index_kind kind = index_kind::flat;
  feature_distance distance = feature_distance::l2;
  int lists = 0;            // faiss_ivf: inverted lists; 0: 4 times the root of the number of rows, at most rows / 39 (below, FAISS warns)
  int probes = 16;          // faiss_ivf: lists that a query looks into
  int links = 32;           // faiss_hnsw: neighbors of a node
  int build_breadth = 40;   // faiss_hnsw: candidates while it is built
  int search_breadth = 64;  // faiss_hnsw: candidates while it is searched, at least k
};

// The gallery's rows must stay, unchanged, as long as the index.
class index {
 public:
  virtual ~index() = default;
  virtual index_kind kind() const = 0;
  virtual int size() const = 0;
  virtual int width() const = 0;
  // As exact_index::search. Approximate ones may miss neighbors; distances are those of the original rows all the same.
  virtual neighbors search(rows_view<const float> queries, int k, executor& threads, std::span<const int> leave_out = {}) const = 0;
  // The search itself, without what this library does about it; for measurements.
  virtual void raw_search(rows_view<const float> queries, int k) const = 0;
};

class flat_index final : public index {
 public:
  explicit flat_index(rows_view<const float> gallery, feature_distance distance = feature_distance::l2) : exact_(gallery, distance) {}
  index_kind kind() const override { return index_kind::flat; }
  int size() const override { return exact_.size(); }
  int width() const override { return exact_.width(); }
  neighbors search(rows_view<const float> queries, int k, executor& threads, std::span<const int> leave_out = {}) const override {
    return exact_.search(queries, k, threads, leave_out);
  }
  void raw_search(rows_view<const float> queries, int k) const override {
    serial_executor serial;
    exact_.search(queries, k, serial);
  }

 private:
  exact_index exact_;
};

}  // namespace relreason::retrieval
