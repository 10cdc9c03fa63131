// bench/render.cpp -- pictures of the blocks world per second: 128 x 128 and 480 x 320, rendered, and with making the scenes and packing as PNG.
// bench_render [PICTURES] [THREADS]; medians of five rounds.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

#include "measure.hpp"
#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_render.hpp"
#include "relreason/data/blocks_stage.hpp"
#include "relreason/data/png.hpp"

namespace blocks = relreason::blocks;

namespace {

constexpr int rounds = 5;

template <class One>
double per_second(relreason::executor& threads, int n, One&& one) {
  std::vector<double> seconds;
  std::atomic<std::size_t> bytes{0};
  relreason::failure kept;
  for (int r = 0; r < rounds; ++r) {
    const auto start = std::chrono::steady_clock::now();
    threads.parallel_for(n, [&](int i) { kept.guard([&] { bytes += one(i); }); });
    kept.rethrow();
    seconds.push_back(bench::seconds_since(start));
  }
  if (bytes == 0) relreason::fail("render: nothing was made");
  return n / bench::median_of(seconds);
}

void measure(relreason::executor& threads, const std::vector<blocks::stage>& stages, blocks::picture_options size, int n) {
  const blocks::options world;
  const double rendered = per_second(threads, n, [&](int i) { return render(stages[static_cast<std::size_t>(i)], size).pixels.size(); });
  const double ids = per_second(threads, n, [&](int i) { return render_ids(stages[static_cast<std::size_t>(i)], size).ids.size(); });
  const double packed =
      per_second(threads, n, [&](int i) { return relreason::png::encode(render(blocks::make_stage(world, i), size), {.fast = true}).size(); });
  std::printf("%3d x %3d  %8.1f pictures/s rendered  %8.1f with scene and PNG  %8.1f maps of blocks/s\n", size.width, size.height, rendered, packed,
              ids);
}

}  // namespace

int main(int argc, char** argv) try {
  const int n = argc > 1 ? std::atoi(argv[1]) : 600;
  const int n_threads = argc > 2 ? std::atoi(argv[2]) : static_cast<int>(std::thread::hardware_concurrency());
  if (n < 8 || n > 100'000) relreason::fail("render: found ", argv[1], " pictures, wanted 8 to 100,000");
  relreason::thread_pool threads(n_threads);
  std::vector<blocks::stage> stages;
  for (int i = 0; i < n; ++i) stages.push_back(blocks::make_stage({}, i));
  std::printf("%d pictures, %d threads\n", n, threads.threads());
  blocks::picture_options size;
  size.width = size.height = 128;
  measure(threads, stages, size, n);
  size.width = 480, size.height = 320;
  measure(threads, stages, size, n / 8);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
