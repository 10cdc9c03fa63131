// bench/images.cpp [FOLDER] -- pictures per second: decoding, resizing to 128 x 128, building the cache, the training transform.
// FOLDER holds PNG or JPEG files, such as CLEVR's images/train; without it 64 pictures of 480 x 320 are made in a temporary folder.
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "machine.hpp"
#include "measure.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/image_cache_build.hpp"
#include "relreason/data/image_transform.hpp"

namespace {

constexpr int size = 128;

// Smooth shades and a little noise pack about as well as CLEVR's renderings (190 KB as RGBA).
relreason::image shades(int k) {
  relreason::image out(480, 320, 4);
  relreason::random_stream random{1, static_cast<std::uint64_t>(k)};
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) {
      const int shade = 60 + (x * (k % 7 + 1) + y * 3) / 16 % 160;
      std::uint8_t* p = out.at(x, y);
      for (int c = 0; c < 3; ++c) p[c] = static_cast<std::uint8_t>(shade + 4 * c + static_cast<int>(random.below(4)));
      p[3] = 255;
    }
  return out;
}

// Runs work(0), ..., work(n - 1) again and again for at least a second, after one round to warm up; the median round counts.
template <class Work>
double per_second(std::size_t n, Work&& work) {
  std::vector<double> rounds;
  const auto begin = std::chrono::steady_clock::now();
  while (rounds.size() < 4 || bench::seconds_since(begin) < 1) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < n; ++i) work(i);
    rounds.push_back(bench::seconds_since(start));
  }
  rounds.erase(rounds.begin());
  return static_cast<double>(n) / bench::median_of(rounds);
}

void show(const char* what, double rate) { std::printf("%-44s %9.0f pictures/s\n", what, rate); }

void measure(const relreason::image_collection& all, const std::string& scratch) {
  const std::size_t n = std::min<std::size_t>(all.size(), 64);
  std::vector<relreason::image> whole, small;
  std::size_t file_bytes = 0;
  for (std::size_t i = 0; i < n; ++i) {
    whole.push_back(all.read(i));
    small.push_back(relreason::resize(whole.back(), size, size));
    file_bytes += std::filesystem::file_size(all.path(i));
  }
  std::printf("%zu pictures, the first %zu of %.0f KB and %d x %d\n", all.size(), n, static_cast<double>(file_bytes) / static_cast<double>(n) / 1e3,
              whole[0].width, whole[0].height);
  show("decode to RGB, one thread", per_second(n, [&](std::size_t i) { all.read(i); }));
  show("resize to 128 x 128, one thread", per_second(n, [&](std::size_t i) { relreason::resize(whole[i], size, size); }));
  std::vector<float> row(static_cast<std::size_t>(size) * size * 3);
  const relreason::augmentation change;
  show("pad, crop, rotate to floats, one thread", per_second(n, [&](std::size_t i) { change.apply(small[i], i, 1, row.data()); }));
  show("to floats, one thread", per_second(n, [&](std::size_t i) { relreason::to_floats(small[i], row.data()); }));
  for (int threads = 1; threads <= bench::cores(); threads *= 2) {
    relreason::thread_pool pool(threads);
    const std::string path = scratch + "/cache";
    const auto start = std::chrono::steady_clock::now();
    relreason::build_image_cache(path, all, pool, {.progress = nullptr});
    const double seconds = bench::seconds_since(start);
    std::filesystem::remove(path);
    show(("build the cache, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads")).c_str(),
         static_cast<double>(all.size()) / seconds);
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::string scratch = (std::filesystem::temp_directory_path() / "images.XXXXXX").string();
  if (!::mkdtemp(scratch.data())) relreason::fail("bench_images: cannot make a folder like ", scratch);
  const bench::load load;
  bool good = false;
  try {
    std::string folder = argc > 1 ? argv[1] : scratch + "/made";
    if (argc < 2) {
      std::filesystem::create_directory(folder);
      for (int k = 0; k < 64; ++k) relreason::png::write(folder + "/" + std::to_string(1000 + k) + ".png", shades(k));
    }
    std::printf("%s, %s\n", bench::processor().c_str(), bench::compiler());
    measure(relreason::image_collection::of_folder(folder), scratch);
    std::printf("%s\n", load.text().c_str());
    good = true;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
  }
  std::filesystem::remove_all(scratch);
  return good ? 0 : 1;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
