// bench/feed.cpp -- questions per second of everything that feeds a training step: the blocks world, the loader, the encoder, the batch filler.
// A step is never kept waiting where each is at least twice as fast as the step: bench/peers/compare.py prints both.
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <numeric>

#include "machine.hpp"
#include "relreason/data/blocks_world.hpp"
#include "relreason/data/blocks_writer.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/clevr_model.hpp"

using namespace relreason;

namespace {

struct row {
  const char* what;
  int threads;
  double per_second;
};

double seconds_of(const std::function<void()>& body) {
  const auto start = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<row> measure(int scenes, int threads) {
  std::vector<row> rows;
  std::string folder = (std::filesystem::temp_directory_path() / "bench_feed.XXXXXX").string();
  if (!::mkdtemp(folder.data())) fail("bench_feed: cannot make a folder like ", folder, "; set TMPDIR to a folder with room");
  try {
    const blocks::options options{.seed = 1, .split = "train", .n_scenes = scenes};
    const auto families = blocks::own_families();
    thread_pool pool(threads);
    blocks::world world;
    const double made = seconds_of([&] { world = blocks::generate(options, pool, families); });
    const auto n = static_cast<double>(world.questions.size());
    rows.push_back({"blocks world: scenes, questions, answers", threads, n / made});
    blocks::write(options, pool, families, folder);
    clevr::dataset data;
    rows.push_back({"loader: CLEVR's two JSON files", 1, n / seconds_of([&] { data = clevr::open(folder, "train"); })});
    const clevr_vocabulary vocabulary;
    scene_questions encoded;
    rows.push_back({"encoder: records to rows and ids", 1, n / seconds_of([&] { encoded = vocabulary.encode(data); })});
    batch<models::rn_state<>> b;
    std::vector<std::int32_t> order(encoded.size());
    std::iota(order.begin(), order.end(), 0);
    const double filled = seconds_of([&] {
      for (std::size_t i = 0; i < order.size(); i += 640)
        encoded.fill<models::object, models::word>(b, std::span(order).subspan(i, std::min<std::size_t>(640, order.size() - i)), encoded.longest());
    });
    rows.push_back({"batch filler: 640 questions packed", 1, n / filled});
  } catch (...) {
    std::filesystem::remove_all(folder);
    throw;
  }
  std::filesystem::remove_all(folder);
  return rows;
}

}  // namespace

// bench_feed [--scenes N] [--threads N] [--json]
int main(int argc, char** argv) try {
  int scenes = 4000, threads = bench::cores();
  bool json = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json") json = true;
    else if (word == "--scenes" && i + 1 < argc && std::atoi(argv[i + 1]) > 0) scenes = std::atoi(argv[++i]);
    else if (word == "--threads" && i + 1 < argc && std::atoi(argv[i + 1]) > 0) threads = std::atoi(argv[++i]);
    else fail("bench_feed: found ", word, "; wanted --scenes N, --threads N or --json");
  }
  const bench::load watch;
  const auto rows = measure(scenes, threads);
  if (json) std::printf("{\"rows\": [");
  else std::printf("%d scenes of 10 questions\n%-44s %8s %16s\n", scenes, "what", "threads", "questions/s");
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (json)
      std::printf("%s{\"what\": \"%s\", \"threads\": %d, \"per_second\": %.1f}", i ? ", " : "", rows[i].what, rows[i].threads, rows[i].per_second);
    else std::printf("%-44s %8d %16.0f\n", rows[i].what, rows[i].threads, rows[i].per_second);
  if (json) std::printf("], \"others\": %.4f, \"stolen\": %.4f}\n", watch.since().others, watch.since().stolen);
  else std::printf("%s.\n", watch.text().c_str());
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
