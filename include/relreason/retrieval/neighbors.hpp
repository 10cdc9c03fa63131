// relreason/retrieval/neighbors.hpp -- what a search finds: for each query the rows of the gallery nearest to it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/rows_view.hpp"
#include "relreason/retrieval/feature_distance.hpp"

namespace relreason::retrieval {

struct neighbor {
  double distance = std::numeric_limits<double>::infinity();
  int id = -1;
  bool operator<(const neighbor& o) const { return distance < o.distance || (distance == o.distance && id < o.id); }
  bool operator==(const neighbor&) const = default;
};

// (queries, k) neighbors, nearest first; a row with fewer ends with id -1 at distance infinity.
struct neighbors {
  neighbors(int queries_, int k_) : queries(queries_), k(k_), all(static_cast<std::size_t>(queries_) * static_cast<std::size_t>(k_)) {}

  int queries, k;
  std::vector<neighbor> all;

  std::span<const neighbor> of(int query) const { return {all.data() + place(query), static_cast<std::size_t>(k)}; }
  void set(int query, const std::vector<neighbor>& found) {
    std::copy(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(std::min(found.size(), static_cast<std::size_t>(k))),
              all.begin() + static_cast<std::ptrdiff_t>(place(query)));
  }

  // From searches of parts of a gallery, the nearest of all.
  void merge(const std::vector<neighbors>& parts) {
    std::vector<neighbor> joined;
    for (int q = 0; q < queries; ++q) {
      joined.clear();
      for (const neighbors& part : parts)
        for (const neighbor& n : part.of(q))
          if (n.id >= 0) joined.push_back(n);
      std::sort(joined.begin(), joined.end());
      set(q, joined);
    }
  }

 private:
  std::size_t place(int query) const { return static_cast<std::size_t>(query) * static_cast<std::size_t>(k); }
};

// What every search refuses.
inline void check_search(const std::string& who, rows_view<const float> queries, int k, std::span<const int> leave_out, int size, int width) {
  if (queries.width != width) fail(who, ": found queries of ", queries.width, " values, wanted ", width, " as in the gallery");
  check_features(who, queries, "queries");
  if (k < 1) fail(who, ": found k of ", k, ", wanted at least 1");
  if (!leave_out.empty() && leave_out.size() != static_cast<std::size_t>(queries.rows))
    fail(who, ": found ", leave_out.size(), " rows to leave out, wanted one for each of ", queries.rows, " queries, or none at all");
  for (std::size_t i = 0; i < leave_out.size(); ++i)
    if (leave_out[i] < -1 || leave_out[i] >= size) fail(who, ": query ", i, " leaves out row ", leave_out[i], ", wanted -1 or a row below ", size);
}

}  // namespace relreason::retrieval
