// tests/retrieval/faiss_index.test.cpp
#include "relreason/retrieval/faiss_index.hpp"

#include <cstdio>

#include "catch.hpp"
#include "relreason/core/philox.hpp"

using namespace relreason;
using namespace relreason::retrieval;
using Catch::Matchers::Contains;

namespace {

std::vector<float> normal(int n, std::uint64_t stream) {
  std::vector<float> x(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = philox::normal(41, stream, i);
  return x;
}

bool faiss_is_missing() {
  if (!faiss_available()) std::printf("skipped: compiled without FAISS (Debian: libfaiss-dev)\n");
  return !faiss_available();
}

double share_found(const neighbors& found, const neighbors& wanted) {
  double hits = 0;
  for (int q = 0; q < wanted.queries; ++q)
    for (const neighbor& n : wanted.of(q))
      for (const neighbor& m : found.of(q)) hits += m.id == n.id;
  return hits / static_cast<double>(wanted.all.size());
}

}  // namespace

TEST_CASE("index: kinds by name", "[retrieval]") {
  for (const auto name : index_kind_names) CHECK(text_of(read_index_kind(name)) == name);
  CHECK_THROWS_WITH(read_index_kind("hnsw"), "read_index_kind: found \"hnsw\", wanted one of flat, faiss-flat, faiss-ivf, faiss-hnsw");
}

TEST_CASE("make_index: flat is exact search behind the interface", "[retrieval]") {
  const auto x = normal(200 * 8, 1);
  const rows_view<const float> rows{x.data(), 200, 8};
  serial_executor serial;
  const auto index = make_index(rows, {.distance = feature_distance::cosine});
  CHECK(index->kind() == index_kind::flat);
  CHECK(index->size() == 200);
  CHECK(index->width() == 8);
  CHECK(index->search({x.data(), 5, 8}, 7, serial).all == exact_index(rows, feature_distance::cosine).search({x.data(), 5, 8}, 7, serial).all);
}

TEST_CASE("make_index: without FAISS its kinds are an error that names the package", "[retrieval]") {
  const auto x = normal(10, 2);
  if (faiss_available()) return;
  CHECK_THROWS_WITH(make_index({x.data(), 5, 2}, {.kind = index_kind::faiss_ivf}),
                    "make_index: cannot make faiss-ivf: compiled without FAISS; install it (Debian: libfaiss-dev) and link relreason::faiss");
}

TEST_CASE("faiss-flat finds what exact_index finds", "[retrieval]") {
  if (faiss_is_missing()) return;
  const auto x = normal(500 * 16, 3), q = normal(30 * 16, 4);
  const rows_view<const float> rows{x.data(), 500, 16}, queries{q.data(), 30, 16};
  thread_pool pool(2);
  for (const auto kind : {feature_distance::l2, feature_distance::cosine}) {
    const auto theirs = make_index(rows, {.kind = index_kind::faiss_flat, .distance = kind});
    const exact_index ours(rows, kind);
    CHECK(theirs->search(queries, 20, pool).all == ours.search(queries, 20, pool).all);
    const std::vector<int> leave_out(30, 17);
    CHECK(theirs->search(queries, 20, pool, leave_out).all == ours.search(queries, 20, pool, leave_out).all);
    CHECK(theirs->search(queries, 500, pool, leave_out).all == ours.search(queries, 500, pool, leave_out).all);
    CHECK(theirs->search(queries, 900, pool).all == ours.search(queries, 900, pool).all);
    CHECK(theirs->search({q.data(), 0, 16}, 3, pool).all.empty());
  }
}

TEST_CASE("faiss-ivf and faiss-hnsw: all lists find everything, few lists less; distances are exact", "[retrieval]") {
  if (faiss_is_missing()) return;
  const auto x = normal(2000 * 16, 5), q = normal(50 * 16, 6);
  const rows_view<const float> rows{x.data(), 2000, 16}, queries{q.data(), 50, 16};
  serial_executor serial;
  for (const auto kind : {feature_distance::l2, feature_distance::cosine}) {
    const auto exact = exact_index(rows, kind).search(queries, 10, serial);
    const auto searched = [&](const index_options& o) { return make_index(rows, o)->search(queries, 10, serial); };
    CHECK(searched({.kind = index_kind::faiss_ivf, .distance = kind, .lists = 20, .probes = 20}).all == exact.all);
    const double few = share_found(searched({.kind = index_kind::faiss_ivf, .distance = kind, .lists = 20, .probes = 1}), exact);
    CHECK(few > .1);
    CHECK(few < 1);
    const auto graph = searched({.kind = index_kind::faiss_hnsw, .distance = kind, .search_breadth = 200});
    CHECK(share_found(graph, exact) > .9);
    const distance_to_rows distance(rows, kind);
    for (const neighbor& n : graph.of(3)) {
      const float* row = queries.row(3);
      if (n.id >= 0) CHECK(n.distance == distance(row, distance.squared_norm(row), n.id));
    }
  }
}

TEST_CASE("faiss indexes: bad input is an error that says what was wanted", "[retrieval]") {
  if (faiss_is_missing()) return;
  auto x = normal(40, 7);
  const rows_view<const float> rows{x.data(), 10, 4};
  serial_executor serial;
  CHECK_THROWS_WITH(make_index({x.data(), 0, 4}, {.kind = index_kind::faiss_flat}), Contains("the gallery is empty"));
  CHECK_THROWS_WITH(make_index(rows, {.kind = index_kind::faiss_ivf, .lists = 11}), Contains("found 11 lists, wanted at most the 10 rows"));
  CHECK_THROWS_WITH(make_index(rows, {.kind = index_kind::faiss_ivf, .probes = 0}), Contains("0 probes"));
  CHECK_THROWS_WITH(make_index(rows, {.kind = index_kind::faiss_flat})->search({x.data(), 2, 5}, 1, serial), Contains("found queries of 5 values"));
  x[1] = std::nanf("");
  CHECK_THROWS_WITH(make_index(rows, {.kind = index_kind::faiss_hnsw}), Contains("value 1 of row 0 of the gallery is nan"));
}
