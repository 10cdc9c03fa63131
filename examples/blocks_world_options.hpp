// examples/blocks_world_options.hpp -- the command line of blocks_world.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cxxopts.hpp>
#include <exception>
#include <optional>
#include <string>
#include <thread>

#include "command_line.hpp"
#include "relreason/core/error.hpp"
#include "relreason/data/blocks_render.hpp"
#include "relreason/data/blocks_scenes.hpp"

namespace blocks_world_program {

using namespace relreason::blocks;
using relreason::error;

inline cxxopts::Options all_options() {
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

inline cxxopts::ParseResult parse(const cxxopts::Options& all, int argc, char** argv) try {
  auto given = cxxopts::Options(all).parse(argc, argv);
  if (given.count("help")) return given;
  if (!given.unmatched().empty()) throw usage("unknown argument " + given.unmatched().front());
  if (!given.count("out") || given["out"].as<std::string>().empty())
    throw usage("--out is missing; wanted the folder to write to, as in --out world");
  if (given["train"].as<int>() == 0 && given["val"].as<int>() == 0) throw usage("nothing to make; wanted --train N, --val N or both");
  return given;
} catch (const std::exception& wrong) {  // cxxopts has its own types, named anew from version to version
  throw usage(wrong.what());
}

inline int n_threads(const cxxopts::ParseResult& given) {
  constexpr int most = 1024;
  const int n = given["threads"].as<int>();
  if (n < 0 || n > most) throw usage("--threads is " + std::to_string(n) + "; wanted 0 to " + std::to_string(most));
  return n ? n : static_cast<int>(std::thread::hardware_concurrency());
}

inline options options_of(const cxxopts::ParseResult& given, const char* split) try {
  const auto name = given["cogent"].as<std::string>();
  if (name != "none" && name != "A" && name != "B") throw usage("--cogent is \"" + name + "\"; wanted none, A or B");
  options o;
  o.seed = given["seed"].as<std::uint64_t>();
  o.split = split;
  o.n_scenes = given[split].as<int>();
  o.questions_per_scene = given["questions"].as<int>();
  o.min_objects = given["min-objects"].as<int>();
  o.max_objects = given["max-objects"].as<int>();
  o.variant = name == "A" ? cogent::a : name == "B" ? cogent::b : cogent::none;
  check(o);
  return o;
} catch (const error& wrong) {
  throw usage(std::string("split ") + split + ": " + wrong.what());
}

// Nothing where no pictures are wanted.
inline std::optional<picture_options> picture_options_of(const cxxopts::ParseResult& given) try {
  if (!given.count("images")) return std::nullopt;
  const auto size = given["images"].as<std::string>();
  picture_options o;
  o.channels = 4;
  char more = 0;
  if (std::sscanf(size.c_str(), "%6dx%6d%c", &o.width, &o.height, &more) != 2)
    throw usage("--images is \"" + size + "\"; wanted a width and a height in pixels, as in 480x320");
  check(o);
  return o;
} catch (const error& wrong) {
  throw usage(std::string("--images: ") + wrong.what());
}

}  // namespace blocks_world_program
