// tests/blocks_bytes/world.cpp -- writes a small world of blocks to the folder argv[1] with argv[2] threads.
#include <cstdio>
#include <cstdlib>
#include <exception>

#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_families.hpp"
#include "relreason/data/blocks_writer.hpp"

namespace blocks = relreason::blocks;

int main(int, char** argv) try {
  relreason::thread_pool threads(std::atoi(argv[2]));
  blocks::options options;
  options.seed = 12345;
  options.n_scenes = 300;
  blocks::write(options, threads, blocks::own_families(), argv[1]);
  options.split = "val";
  options.n_scenes = 40;
  options.variant = blocks::cogent::b;
  blocks::write(options, threads, blocks::own_families(), argv[1]);
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
