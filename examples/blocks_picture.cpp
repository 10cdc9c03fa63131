// examples/blocks_picture.cpp -- draws a scene of a file, CLEVR's or our own; on request beside a picture of it, such as the released one.
// Expect 480 x 320 pixels at once, and a released picture and ours hard to tell apart at first glance.
#include <algorithm>
#include <cstdio>
#include <cxxopts.hpp>
#include <exception>
#include <string>

#include "command_line.hpp"
#include "relreason/core/error.hpp"
#include "relreason/data/blocks_find_camera.hpp"
#include "relreason/data/blocks_render.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/data/png.hpp"

namespace blocks = relreason::blocks;
namespace clevr = relreason::clevr;
using relreason::image;

cxxopts::Options all_options() {
  cxxopts::Options all("blocks_picture",
                       "Draws one scene of a scene file as PNG, 480 x 320. Exit status: 0 done, 1 an error, 2 a wrong command line.");
  // clang-format off
  all.add_options()
    ("scenes", "scene file, CLEVR_val_scenes.json for example; .gz too", cxxopts::value<std::string>())
    ("index", "which scene, by its place in the file", cxxopts::value<int>()->default_value("0"))
    ("out", "picture to write", cxxopts::value<std::string>())
    ("beside", "PNG of 480 x 320 to put to the left of it", cxxopts::value<std::string>())
    ("own", "the file is one of blocks_world: rotations are degrees (CLEVR's were drawn as radians)")
    ("h,help", "print this text");
  // clang-format on
  return all;
}

cxxopts::ParseResult parse(const cxxopts::Options& all, int argc, char** argv) try {
  auto given = cxxopts::Options(all).parse(argc, argv);
  if (given.count("help")) return given;
  if (!given.unmatched().empty()) throw usage("unknown argument " + given.unmatched().front());
  for (const char* needed : {"scenes", "out"})
    if (!given.count(needed)) throw usage(std::string("--") + needed + " is missing");
  return given;
} catch (const std::exception& wrong) {
  throw usage(wrong.what());
}

image beside(const image& left, const image& right) {
  if (left.height != right.height)
    relreason::fail("blocks_picture: found a picture of ", left.width, " x ", left.height, " pixels for --beside, wanted ", right.height, " rows");
  constexpr int gap = 4;
  image both(left.width + gap + right.width, right.height, 3);
  for (int y = 0; y < right.height; ++y) {
    std::copy_n(left.view().row(y), left.view().row_bytes(), both.row(y));
    std::fill_n(both.at(left.width, y), gap * 3, std::uint8_t{255});
    std::copy_n(right.view().row(y), right.view().row_bytes(), both.at(left.width + gap, y));
  }
  return both;
}

int main(int argc, char** argv) try {
  const auto all = all_options();
  const auto given = parse(all, argc, argv);
  if (given.count("help")) return std::printf("%s", all.help().c_str()) < 0;
  const auto file = given["scenes"].as<std::string>();
  const auto scenes = clevr::read_scenes(file);
  const int index = given["index"].as<int>();
  if (index < 0 || index >= static_cast<int>(scenes.size()))
    throw usage("--index is " + std::to_string(index) + "; " + file + " has scenes 0 to " + std::to_string(static_cast<int>(scenes.size()) - 1));
  const clevr::scene& scene = scenes[static_cast<std::size_t>(index)];
  const auto turn = given.count("own") ? blocks::turn_in::degrees : blocks::turn_in::radians;
  image picture = blocks::render(blocks::stage_of(scene, turn, blocks::clevr_studio(), blocks::find_camera(scene)));
  if (given.count("beside")) {
    const auto path = given["beside"].as<std::string>();
    const relreason::mapped_file other(path);
    picture = beside(relreason::png::parse(other.bytes(), path), picture);
  }
  relreason::png::write(given["out"].as<std::string>(), picture);
} catch (const usage& wrong) {
  std::fprintf(stderr, "blocks_picture: %s; --help lists all options\n", wrong.what());
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "blocks_picture: %s\n", error.what());
  return 1;
}
