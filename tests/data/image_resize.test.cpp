// tests/data/image_resize.test.cpp -- Pillow's bilinear resizing to the bit, on every instruction set; the released 128 x 128 pictures.
#include "relreason/data/image_resize.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/data/image_file.hpp"
#include "support/image_reference.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

using relreason::image;

TEST_CASE("image_resize: sizes up, down and mixed are Pillow's to the bit, for 1, 3 and 4 channels", "[data][image]") {
  const image_reference all;
  int compared = 0;
  for (const std::string& key : all.between("transform.", ".from")) {
    if (key == "luma") continue;
    const image from = all.picture("transform." + key + ".from");
    for (const std::string& size : all.between("transform." + key + ".resize.", "")) {
      const image wanted = all.picture("transform." + key + ".resize." + size);
      INFO(key << " to " << size);
      CHECK(relreason::resize(from, wanted.width, wanted.height) == wanted);
      ++compared;
    }
  }
  CHECK(compared == 30);
}

TEST_CASE("image_resize: every instruction set gives the same bits", "[data][image]") {
  using namespace relreason::detail;
  std::vector<std::uint8_t> from(16 * 40);
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<std::uint8_t>(i * i + i / 7);
  const resize_taps taps(40, 9);
  for (int i = 0; i < 9; ++i) {
    std::uint8_t a[16], b[16];
    const auto* first = from.data() + 16 * taps.first[static_cast<std::size_t>(i)];
    weigh_lanes_portable(first, 16, taps.of(i), taps.count[static_cast<std::size_t>(i)], a);
    select_weigh_lanes()(first, 16, taps.of(i), taps.count[static_cast<std::size_t>(i)], b);
    CHECK(std::memcmp(a, b, 16) == 0);
  }
}

TEST_CASE("image_resize: halving a row averages over the triangle", "[data][image]") {
  // Support 2, centers 1 and 3. Pixel 0 reads old 0..2 at distances .5, .5, 1.5: weights .75, .75, .25 over 1.75;
  // (7 * 3 + 14 * 3 + 70) / 7 = 19. Pixel 1 reads old 1..3 at 1.5, .5, .5: (14 + 70 * 3 + 140 * 3) / 7 = 92.
  image row(4, 1, 1);
  row.pixels = {7, 14, 70, 140};
  CHECK(relreason::resize(row, 2, 1).pixels == std::vector<std::uint8_t>{19, 92});
  CHECK(relreason::resize(row, 4, 1) == row);
}

TEST_CASE("image_resize: a constant picture stays constant, white too", "[data][image]") {
  for (const int size : {1, 3, 64, 100}) {
    image white(37, 29, 3);
    std::fill(white.pixels.begin(), white.pixels.end(), std::uint8_t{255});
    image wanted(size, size, 3);
    std::fill(wanted.pixels.begin(), wanted.pixels.end(), std::uint8_t{255});
    CHECK(relreason::resize(white, size, size) == wanted);
  }
}

TEST_CASE("image_resize: sizes that make no picture are refused", "[data][image]") {
  const image one(1, 1, 3);
  CHECK(contains(message_of([&] { relreason::resize(one, 0, 5); }), "resize: found a new size of 0 x 5, wanted 1 to 1048576 each"));
  CHECK(contains(message_of([&] { relreason::resize(one, 5, -1); }), "resize: found a new size of 5 x -1"));
  CHECK(contains(message_of([&] { relreason::resize(one, 5, 2'000'000); }), "found a new size of 5 x 2000000"));
  CHECK(contains(message_of([&] { relreason::resize(image(), 5, 5); }), "resize: found a picture of 0 x 0 x 0"));
}

TEST_CASE("image_resize: all CLEVR pictures become the released 128 x 128 ones, to the bit", "[data][image]") {
#if RELREASON_HAS_PNG
  const auto folder = shared_data("clevr/images"), small = shared_data("clevr-rn-pretrained/images128");
  if (!folder || !small) return;
  int compared = 0;
  for (const auto& one : std::filesystem::recursive_directory_iterator(*folder)) {
    const std::string wanted = *small + "/" + one.path().filename().string();
    if (!std::filesystem::exists(wanted) || !one.is_regular_file()) continue;
    INFO(one.path());
    CHECK(relreason::resize(relreason::read_image(one.path()), 128, 128) == relreason::read_image(wanted));
    ++compared;
  }
  CHECK(compared == 115);
#endif
}
