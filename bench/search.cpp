// bench/search.cpp [rows width queries k repeats faiss] -- exact search of the register kernel against the FAISS flat that is linked here, unless
// faiss is 0; on all processors. Debian's is as fast as the BLAS that it finds; bench/peers/search_faiss.py compares with the one of PyPI.
// Prints milliseconds (median and least), GFLOP/s of the products alone, and the ratio. Defaults: 15,000 x 512, 1,000 queries, top 100.
// Must reach: 2x FAISS flat. Then the seconds of the ranking protocol: every score of half as many queries against the whole gallery, twice.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <span>
#include <vector>

#include "measure.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/retrieval/faiss_index.hpp"
#include "relreason/retrieval/protocol.hpp"

namespace {

using namespace relreason::retrieval;

std::vector<float> normal(std::size_t n, std::uint64_t stream) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = relreason::philox::normal(1, stream, i);
  return x;
}

template <class F>
std::vector<double> milliseconds(int repeats, F&& f) {
  std::vector<double> all;
  f();
  for (int r = 0; r < repeats; ++r) {
    const auto start = std::chrono::steady_clock::now();
    f();
    all.push_back(1e3 * bench::seconds_since(start));
  }
  return all;
}

double print(const char* what, const std::vector<double>& ms, double flops) {
  const double median = bench::median_of(ms), least = *std::min_element(ms.begin(), ms.end());
  std::printf("%-34s %9.2f ms median %9.2f ms least %8.1f GFLOP/s of products\n", what, median, least, flops / median / 1e6);
  return median;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto number = [&](int i, int standard) { return argc > i ? std::atoi(argv[i]) : standard; };
  const int rows = number(1, 15000), width = number(2, 512), queries = number(3, 1000), k = number(4, 100), repeats = number(5, 9);
  const bool beside_faiss = faiss_available() && number(6, 1) != 0;
  if (rows < 1 || width < 1 || queries < 1 || k < 1 || repeats < 1) relreason::fail("search: wanted five numbers from 1 on");
  const auto gallery = normal(static_cast<std::size_t>(rows) * static_cast<std::size_t>(width), 1);
  const auto asked = normal(static_cast<std::size_t>(queries) * static_cast<std::size_t>(width), 2);
  const relreason::rows_view<const float> g{gallery.data(), rows, width}, q{asked.data(), queries, width};
  const double flops = 2. * rows * width * queries;
  relreason::thread_pool pool;
  std::printf("gallery %d x %d, %d queries, top %d, %d threads\n", rows, width, queries, k, pool.threads());

  for (const auto kind : {feature_distance::l2, feature_distance::cosine}) {
    const auto ours = make_index(g, {.distance = kind});
    const auto found = ours->search(q, k, pool);
    const double own = print(kind == feature_distance::l2 ? "exact_index, l2" : "exact_index, cosine",
                             milliseconds(repeats, [&] { ours->search(q, k, pool); }), flops);
    if (!beside_faiss) continue;
    const auto theirs = make_index(g, {.kind = index_kind::faiss_flat, .distance = kind});
    const double flat = print("FAISS flat, as it is", milliseconds(repeats, [&] { theirs->raw_search(q, k); }), flops);
    std::printf("%-34s %9.2f\n", "times as fast as FAISS flat", flat / own);
    const auto other = theirs->search(q, k, pool);
    std::size_t same = 0;
    for (std::size_t i = 0; i < found.all.size(); ++i) same += found.all[i].id == other.all[i].id;
    std::printf("%-34s %9.5f of the results\n", "both agree in", static_cast<double>(same) / static_cast<double>(found.all.size()));
  }
  if (!faiss_available()) std::printf("FAISS is not compiled in (Debian: libfaiss-dev)\n");
  const auto one = make_index(g);
  print("exact_index, l2, one query", milliseconds(repeats, [&] { one->search({q.data, 1, width}, k, pool); }), flops / queries);

  if (rows < 8) return 0;
  const auto asking = first_queries(std::min(std::max(queries / 2, 1), rows));
  const auto truth = [&](int i, std::span<float> to) {  // ties in plenty, as in graph edit distances
    for (int j = 0; j < rows; ++j) to[static_cast<std::size_t>(j)] = static_cast<float>((i ^ j) % 97) / 4;
  };
  const auto start = std::chrono::steady_clock::now();
  const auto scores = run_protocol(g, feature_distance::l2, asking, truth, pool);
  std::printf("protocol, both runs, %zu queries x %d: %.2f s, rho %.4f\n", asking.size(), rows, bench::seconds_since(start),
              scores.as_is.spearman.mean.estimate);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
