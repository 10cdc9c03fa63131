// examples/blocks_world.cpp -- makes a world of blocks in the file layout of CLEVR: scenes, questions, programs, answers, pictures.
// Expect CLEVR's own distributions (docs/blocks_world.md); the same arguments give the same bytes on every machine.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cxxopts.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_families.hpp"
#include "relreason/data/blocks_pictures.hpp"
#include "relreason/data/blocks_templates.hpp"
#include "relreason/data/blocks_writer.hpp"
#include "relreason/train/progress.hpp"

namespace blocks = relreason::blocks;
using arguments = cxxopts::ParseResult;

struct usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

cxxopts::Options all_options() {
  cxxopts::Options all(
      "blocks_world",
      "Makes scenes and questions like CLEVR's: DIR/scenes/CLEVR_{split}_scenes.json and DIR/questions/CLEVR_{split}_questions.json;\n"
      "with --images also DIR/images/{split}/CLEVR_{split}_000000.png. A stopped run goes on with the pictures that are missing.\n"
      "An older file stays until its successor is complete. Exit status: 0 done, 1 an error, 2 a wrong command line.");
  const auto add = [&]<class T>(const char* name, const char* help, const char* standard, T) {
    const auto value = cxxopts::value<T>();
    all.add_options()(name, help, *standard ? value->default_value(standard) : value);
  };
  const std::string text;
  // clang-format off
  add("out", "folder to write to", "", text);
  add("train", "scenes of the split train; CLEVR has 70000", "0", 0);
  add("val", "scenes of the split val; CLEVR has 15000", "0", 0);
  add("seed", "another seed is another world", "1", std::uint64_t{});
  add("questions", "questions per scene, at most 90", "10", 0);
  add("min-objects", "fewest objects of a scene", "3", 0);
  add("max-objects", "most objects of a scene, at most 10", "10", 0);
  add("cogent", "colors by shape as in CLEVR-CoGenT: none, A or B", "none", text);
  add("images", "pictures too: their size, as in 480x320 (CLEVR's own) or 128x128 (the same, squashed)", "", text);
  add("templates", "folder of CLEVR's own template files, for their wording", "", text);
  add("threads", "0: all; the files do not depend on it", "0", 0);
  add("h,help", "print this text", "", false);
  // clang-format on
  return all;
}

arguments parse(const cxxopts::Options& all, int argc, char** argv) try {
  arguments given = cxxopts::Options(all).parse(argc, argv);
  if (given.count("help")) return given;
  if (!given.unmatched().empty()) throw usage("unknown argument " + given.unmatched().front());
  if (!given.count("out") || given["out"].as<std::string>().empty())
    throw usage("--out is missing; wanted the folder to write to, as in --out world");
  if (given["train"].as<int>() == 0 && given["val"].as<int>() == 0) throw usage("nothing to make; wanted --train N, --val N or both");
  return given;
} catch (const std::exception& wrong) {  // cxxopts has its own types, named anew from version to version
  throw usage(wrong.what());
}

int n_threads(const arguments& given) {
  constexpr int most = 1024;
  const int n = given["threads"].as<int>();
  if (n < 0 || n > most) throw usage("--threads is " + std::to_string(n) + "; wanted 0 to " + std::to_string(most));
  return n ? n : static_cast<int>(std::thread::hardware_concurrency());
}

blocks::options options_of(const arguments& given, const char* split) try {
  const auto name = given["cogent"].as<std::string>();
  if (name != "none" && name != "A" && name != "B") throw usage("--cogent is \"" + name + "\"; wanted none, A or B");
  blocks::options o;
  o.seed = given["seed"].as<std::uint64_t>();
  o.split = split;
  o.n_scenes = given[split].as<int>();
  o.questions_per_scene = given["questions"].as<int>();
  o.min_objects = given["min-objects"].as<int>();
  o.max_objects = given["max-objects"].as<int>();
  o.variant = name == "A" ? blocks::cogent::a : name == "B" ? blocks::cogent::b : blocks::cogent::none;
  blocks::check(o);
  return o;
} catch (const relreason::error& wrong) {
  throw usage(std::string("split ") + split + ": " + wrong.what());
}

// Nothing where no pictures are wanted.
std::optional<blocks::picture_options> picture_options_of(const arguments& given) try {
  if (!given.count("images")) return std::nullopt;
  const auto size = given["images"].as<std::string>();
  blocks::picture_options o;
  o.channels = 4;
  char more = 0;
  if (std::sscanf(size.c_str(), "%6dx%6d%c", &o.width, &o.height, &more) != 2)
    throw usage("--images is \"" + size + "\"; wanted a width and a height in pixels, as in 480x320");
  blocks::check(o);
  return o;
} catch (const relreason::error& wrong) {
  throw usage(std::string("--images: ") + wrong.what());
}

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
