// bench/ged.cpp [scenes] -- pairs of scene graphs a second on one thread, for 6 objects and for 3 to 10 as in CLEVR, and all pairs into a file.
// Prints one line for each measure. Must reach: 100,000 pairs of 6 objects a second a core in 2018's version, 30,000 in 2019's.
#include <stdlib.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "../tests/support/small_graphs.hpp"
#include "measure.hpp"
#include "relreason/metric/scene_distances.hpp"

namespace {

using namespace relreason::metric;

template <class Distance>
void measure(const char* title, int n, Distance&& distance) {
  double sum = 0;
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < n; ++i)
    for (int j = i + 1; j < n; ++j) sum += distance(static_cast<std::size_t>(i), static_cast<std::size_t>(j));
  const double seconds = bench::seconds_since(start), pairs = n * (n - 1.) / 2;
  std::printf("%-36s %9.0f pairs/s on one thread   mean distance %.4f\n", title, pairs / seconds, sum / pairs);
}

void measure_all(const char* objects, const std::vector<scene_graph>& g) {
  const int n = static_cast<int>(g.size());
  const std::vector<scene_pairs> pairs(g.begin(), g.end());
  const std::string of = std::string(", ") + objects + " objects";
  measure(("2018 soft" + of).c_str(), n, [&](std::size_t i, std::size_t j) { return approximate_ged_2018(g[i], g[j], node_cost::soft); });
  measure(("2018 hard" + of).c_str(), n, [&](std::size_t i, std::size_t j) { return approximate_ged_2018(g[i], g[j], node_cost::hard); });
  measure(("2019 soft" + of).c_str(), n, [&](std::size_t i, std::size_t j) { return approximate_ged_2019(g[i], g[j], node_cost::soft); });
  measure(("2019 hard" + of).c_str(), n, [&](std::size_t i, std::size_t j) { return approximate_ged_2019(g[i], g[j], node_cost::hard); });
  measure(("fuzzy" + of).c_str(), n / 4, [&](std::size_t i, std::size_t j) { return pairs[i].distance(pairs[j], state_distance::fuzzy); });
  measure(("jaccard" + of).c_str(), n, [&](std::size_t i, std::size_t j) { return pairs[i].distance(pairs[j], state_distance::jaccard); });
}

}  // namespace

int main(int argc, char** argv) try {
  const int n = argc > 1 ? std::atoi(argv[1]) : 2000;
  if (n < 8) relreason::fail("ged: found ", argv[1], ", wanted a number of scenes from 8 on");
  constexpr std::uint64_t seed = 1;
  std::vector<scene_graph> six, clevr;
  for (int i = 0; i < n; ++i) {
    six.push_back(small_graphs::random_graph(6, static_cast<std::uint64_t>(i), seed));
    clevr.push_back(small_graphs::random_graph(3 + i % 8, static_cast<std::uint64_t>(i), seed));
  }
  measure_all("6", six);
  measure_all("3 to 10", clevr);

  std::string folder = (std::filesystem::temp_directory_path() / "bench_ged.XXXXXX").string();
  if (!::mkdtemp(folder.data())) relreason::fail("ged: cannot make a folder like ", folder);
  relreason::thread_pool pool;
  const auto start = std::chrono::steady_clock::now();
  build_scene_distances(folder + "/m", clevr, scene_distance::ged_2019_soft, pool, {nullptr});
  const double seconds = bench::seconds_since(start);
  std::printf("all pairs of %d scenes into a file, 2019 soft, %d threads: %.2f s, %.0f pairs/s\n", n, pool.threads(), seconds,
              n * (n - 1.) / 2 / seconds);
  std::filesystem::remove_all(folder);
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
