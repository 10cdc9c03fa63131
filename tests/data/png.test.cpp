// tests/data/png.test.cpp -- every color type, depth and interlacing against Pillow; round trips; damage at every byte.
#include "relreason/data/png.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/image_reference.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

#if RELREASON_HAS_PNG

namespace png = relreason::png;
using relreason::image;

namespace {

using bytes = std::vector<std::byte>;

bytes file_of(const std::string& name) {
  const image_reference all;
  const auto b = all.bytes("png." + name + ".file");
  return {b.begin(), b.end()};
}
std::string refusal(std::span<const std::byte> file, const relreason::image_options& options = {}) {
  return message_of([&] { png::parse(file, "bad.png", options); });
}
bytes with(bytes file, std::size_t at, std::initializer_list<int> values) {
  for (const int v : values) file.at(at++) = static_cast<std::byte>(v);
  return file;
}
image gradient(int width, int height, int channels) {
  image out(width, height, channels);
  for (std::size_t i = 0; i < out.pixels.size(); ++i) out.pixels[i] = static_cast<std::uint8_t>(i * 7 + i / 50);
  return out;
}

}  // namespace

TEST_CASE("png: gray, RGB, palette and alpha of 1 to 16 bits, interlaced or not, become Pillow's RGB", "[data][png]") {
  const image_reference all;
  const auto names = all.between("png.", ".file");
  REQUIRE(names.size() == 27);
  for (const std::string& name : names) {
    INFO(name);
    CHECK(png::parse(all.bytes("png." + name + ".file"), name) == all.picture("png." + name + ".rgb"));
  }
}

TEST_CASE("png: pictures written are read back with their gray or alpha", "[data][png]") {
  const temporary_folder folder;
  for (const int channels : {1, 3, 4})
    for (const bool fast : {false, true}) {
      const image from = gradient(13, 9, channels);
      png::write(folder / "x.png", from, {.fast = fast});
      const std::string file = content_of(folder / "x.png");
      CHECK(png::parse(std::as_bytes(std::span(file)), "x.png", {.channels = channels}) == from);
    }
}

TEST_CASE("png: the channels asked for come out: alpha is 255 where there was none, gray is the luma, gray is repeated", "[data][png]") {
  const image_reference all;
  const auto rgb = png::parse(all.bytes("png.rgb_8.file"), "rgb", {.channels = 4});
  const image wanted = all.picture("png.rgb_8.rgb");
  REQUIRE(rgb.channels == 4);
  CHECK((rgb.at(3, 2)[0] == wanted.at(3, 2)[0] && rgb.at(3, 2)[2] == wanted.at(3, 2)[2] && rgb.at(3, 2)[3] == 255));
  // Pure red: 255 * 19595 + 32768 = 5029493, in 1/65536: 76.
  image red(1, 1, 3);
  red.pixels[0] = 255;
  const auto gray = png::parse(png::encode(red), "red", {.channels = 1});
  REQUIRE(gray.channels == 1);
  CHECK(gray.pixels[0] == 76);
  image dark(1, 1, 1);
  dark.pixels[0] = 9;
  CHECK(png::parse(png::encode(dark), "dark").pixels == std::vector<std::uint8_t>{9, 9, 9});
  CHECK(png::parse(png::encode(dark), "dark", {.channels = 4}).pixels == std::vector<std::uint8_t>{9, 9, 9, 255});
}

TEST_CASE("png: a file cut short at any byte is refused", "[data][png]") {
  for (const std::string name : {"rgba_8", "palette_4", "gray_16_interlaced"}) {
    const bytes file = file_of(name);
    for (std::size_t n = 8; n < file.size(); ++n) {
      const std::string message = refusal(std::span(file).first(n));
      INFO(name << " cut to " << n << ": " << message);
      CHECK(contains(message, "png::parse: bad.png: found the end of the file after " + std::to_string(n) + " bytes, wanted "));
      CHECK(contains(message, "cut short: fetch it again"));
    }
  }
}

TEST_CASE("png: one flipped bit anywhere is an error, also in a chunk that is not needed", "[data][png]") {
  const bytes file = file_of("extras");
  for (std::size_t i = 0; i < file.size(); ++i) {
    const std::string message = refusal(with(file, i, {static_cast<int>(file[i]) ^ 1}));
    INFO("byte " << i);
    CHECK(contains(message, "png::parse: bad.png: "));
  }
}

TEST_CASE("png: damaged, hostile and foreign files are refused with the place, what was found and what to do", "[data][png]") {
  const bytes file = file_of("rgb_8");
  bytes longer = file;
  longer.resize(file.size() + 5);
  struct bad {
    std::string message, expected;
  };
  const bad all[] = {
      {refusal({}), "byte 0: found no PNG signature"},
      {refusal(with(file, 0, {'G'})), "byte 0: found no PNG signature"},
      {refusal(with(file, 16, {0, 0, 0, 0})), "byte 16: found 0 x 7 pixels, wanted at least 1 x 1"},
      {refusal(with(file, 20, {0, 0, 0, 0})), "byte 16: found 11 x 0 pixels"},
      {refusal(with(file, 16, {0xff, 0xff, 0xff, 0xff})), "byte 16: found 4294967295 x 7 pixels, wanted below 2^31 each"},
      {refusal(with(file, 16, {0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff})),
       "byte 16: found 2147483647 x 2147483647 pixels, wanted at most 134217728"},
      {refusal(with(file, 16, {0, 0, 0x20, 0, 0, 0, 0x20, 0})), "byte 16: found 8192 x 8192 pixels in a file of "},
      {refusal(with(file, 16, {0, 0, 0, 12})), "before byte 33: IHDR: CRC error; the file is damaged"},
      {refusal(with(file, 50, {static_cast<int>(file[50]) ^ 255})), "IDAT: "},
      {refusal(longer), "byte " + std::to_string(file.size()) + ": found 5 more bytes, wanted the end of the file"},
      {refusal(file, {.most_pixels = 76}),
       "found 11 x 7 pixels, wanted at most 76 in all; make the picture smaller or raise image_options::most_pixels"},
      {refusal(file, {.channels = 2}), "found image_options::channels 2, wanted 1 (gray), 3 (RGB) or 4"},
  };
  for (const bad& one : all) {
    INFO(one.expected << "  in  " << one.message);
    CHECK(contains(one.message, one.expected));
    CHECK(contains(one.message, "png::parse: bad.png: "));
  }
  CHECK(refusal(longer, {.strict = false}).empty());
  CHECK(refusal(file, {.most_pixels = 77}).empty());
}

TEST_CASE("png: what is no picture is not written", "[data][png]") {
  CHECK(contains(message_of([] { png::encode(image()); }), "png::encode: found a picture of 0 x 0 x 0, wanted at least 1 x 1"));
  CHECK(
      contains(message_of([] { png::encode(image(2, 2, 2)); }), "found a picture of 2 x 2 x 2, wanted at least 1 x 1 pixels of 1, 3 or 4 channels"));
  CHECK(contains(message_of([] { png::write("/proc/none/x.png", image(1, 1, 1)); }), "cannot create /proc/none/x.png.partial"));
}

#endif
