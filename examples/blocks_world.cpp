// examples/blocks_world.cpp -- makes a world of blocks in the file layout of CLEVR: scenes, questions, programs, answers, pictures.
// Expect CLEVR's own distributions (docs/blocks_world.md); the same arguments give the same bytes on every machine.
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "blocks_world_options.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_families.hpp"
#include "relreason/data/blocks_pictures.hpp"
#include "relreason/data/blocks_templates.hpp"
#include "relreason/data/blocks_writer.hpp"
#include "relreason/train/progress.hpp"

namespace blocks = relreason::blocks;
using namespace blocks_world_program;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void make(const blocks::options& o, relreason::executor& threads, const std::vector<blocks::family>& families, const std::string& folder) {
  const auto start = std::chrono::steady_clock::now();
  int questions = 0;
  {
    relreason::progress bar(o.split, o.n_scenes);
    questions = blocks::write(o, threads, families, folder, [&](int done) { bar.update(done); });
  }
  const double seconds = seconds_since(start);
  std::printf("%s: %d scenes, %d questions in %.1f s, %.0f scenes per minute with %d threads\n", o.split.c_str(), o.n_scenes, questions, seconds,
              o.n_scenes / seconds * 60, threads.threads());
}

void make_pictures(const blocks::options& o, const blocks::picture_options& pictures, relreason::executor& threads, const std::string& folder) {
  const auto start = std::chrono::steady_clock::now();
  int made = 0;
  {
    relreason::progress bar(o.split + " pictures", o.n_scenes);
    made = blocks::write_images(o, pictures, threads, folder, [&](int done) { bar.update(done); });
  }
  const double seconds = seconds_since(start);
  std::printf("%s: %d pictures of %d x %d in %.1f s, %.0f per second with %d threads; %d were there\n", o.split.c_str(), made, pictures.width,
              pictures.height, seconds, made / seconds, threads.threads(), o.n_scenes - made);
}

int main(int argc, char** argv) try {
  const auto all = all_options();
  const auto given = parse(all, argc, argv);
  if (given.count("help")) return std::printf("%s", all.help().c_str()) < 0;
  const auto families = given.count("templates") ? blocks::read_templates(given["templates"].as<std::string>()) : blocks::own_families();
  relreason::thread_pool threads(n_threads(given));
  const auto train = options_of(given, "train"), val = options_of(given, "val");  // both are checked before the first file is begun
  const auto pictures = picture_options_of(given);
  const auto folder = given["out"].as<std::string>();
  for (const auto* split : {&train, &val}) {
    if (split->n_scenes == 0) continue;
    make(*split, threads, families, folder);
    if (pictures) make_pictures(*split, *pictures, threads, folder);
  }
} catch (const usage& wrong) {
  std::fprintf(stderr, "blocks_world: %s; --help lists all options\n", wrong.what());
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "blocks_world: %s\n", error.what());
  return 1;
}
