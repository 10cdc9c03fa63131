// examples/blocks_world.cpp -- makes a world of blocks in the file layout of CLEVR: scenes, questions, programs, answers.
// Expect CLEVR's own distributions (docs/blocks_world.md); the same arguments give the same bytes on every machine.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cxxopts.hpp>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_families.hpp"
#include "relreason/data/blocks_templates.hpp"
#include "relreason/data/blocks_writer.hpp"

namespace blocks = relreason::blocks;

blocks::cogent variant_named(const std::string& name) {
  if (name == "none") return blocks::cogent::none;
  if (name == "A") return blocks::cogent::a;
  if (name == "B") return blocks::cogent::b;
  relreason::fail("--cogent is \"", name, "\"; wanted none, A or B");
}

cxxopts::ParseResult parse(int argc, char** argv) {
  cxxopts::Options options("blocks_world",
                           "Makes CLEVR-like scenes and questions: DIR/scenes/CLEVR_{split}_scenes.json, DIR/questions/CLEVR_{split}_questions.json");
  const auto threads = std::to_string(std::thread::hardware_concurrency());
  options.add_options()("out", "folder to write to", cxxopts::value<std::string>(), "DIR")("train", "scenes of the split train; CLEVR has 70000",
                                                                                           cxxopts::value<int>()->default_value("0"), "N")(
      "val", "scenes of the split val; CLEVR has 15000", cxxopts::value<int>()->default_value("0"), "N")(
      "seed", "another seed is another world", cxxopts::value<std::uint64_t>()->default_value("1"), "S")(
      "threads", "does not change the result", cxxopts::value<int>()->default_value(threads), "T")("questions", "questions per scene, at most 90",
                                                                                                   cxxopts::value<int>()->default_value("10"), "N")(
      "min-objects", "fewest objects of a scene", cxxopts::value<int>()->default_value("3"), "N")(
      "max-objects", "most objects of a scene, at most 10", cxxopts::value<int>()->default_value("10"), "N")(
      "cogent", "colors by shape: none, A or B", cxxopts::value<std::string>()->default_value("none"), "X")(
      "templates", "folder of CLEVR's template files, to use their wording", cxxopts::value<std::string>(), "DIR")("help", "print this");
  const auto given = options.parse(argc, argv);
  if (given.count("help")) {
    std::printf("%s", options.help().c_str());
    std::exit(0);
  }
  if (!given.unmatched().empty()) relreason::fail("unknown argument ", given.unmatched().front(), "; --help lists all options");
  if (!given.count("out")) relreason::fail("--out is missing; wanted the folder to write to, as in --out world");
  return given;
}

void show_progress(const char* split, int done, int all) {
  std::fprintf(stderr, "\r%s: %d of %d scenes", split, done, all);
  if (done == all) std::fputc('\n', stderr);
}

int main(int argc, char** argv) try {
  const auto given = parse(argc, argv);
  const auto folder = given["out"].as<std::string>();
  const auto families = given.count("templates") ? blocks::read_templates(given["templates"].as<std::string>()) : blocks::own_families();
  relreason::thread_pool threads(given["threads"].as<int>());

  blocks::options options;
  options.seed = given["seed"].as<std::uint64_t>();
  options.questions_per_scene = given["questions"].as<int>();
  options.min_objects = given["min-objects"].as<int>();
  options.max_objects = given["max-objects"].as<int>();
  options.variant = variant_named(given["cogent"].as<std::string>());
  if (given["train"].as<int>() == 0 && given["val"].as<int>() == 0) relreason::fail("nothing to make: give --train N, --val N or both");

  for (const char* split : {"train", "val"}) {
    options.split = split;
    options.n_scenes = given[split].as<int>();
    if (options.n_scenes == 0) continue;
    const auto start = std::chrono::steady_clock::now();
    const int questions = blocks::write(options, threads, families, folder, [&](int done) { show_progress(split, done, options.n_scenes); });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    std::printf("%s: %d scenes, %d questions, %.1f s\n", split, options.n_scenes, questions, seconds.count());
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "blocks_world: %s\n", error.what());
  return 1;
}
