// tests/data/jpeg.test.cpp -- gray, RGB, progressive, subsampled and CMYK files against Pillow and the CIFAR-10 pictures; damage.
#include "relreason/data/jpeg.hpp"

#include <cstdlib>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/data/image_file.hpp"
#include "relreason/data/npy.hpp"
#include "support/image_reference.hpp"
#include "support/message_of.hpp"
#include "support/shared_data.hpp"

#if RELREASON_HAS_JPEG

namespace jpeg = relreason::jpeg;
using relreason::image;

namespace {

using bytes = std::vector<std::byte>;

bytes file_of(const std::string& name) {
  const image_reference all;
  const auto b = all.bytes("jpeg." + name + ".file");
  return {b.begin(), b.end()};
}
std::string refusal(std::span<const std::byte> file, const relreason::image_options& options = {}) {
  return message_of([&] { jpeg::parse(file, "bad.jpg", options); });
}
// Where the frame header (SOF0) keeps its precision; height and width follow.
std::size_t frame_of(const bytes& file) {
  for (std::size_t i = 0; i + 1 < file.size(); ++i)
    if (file[i] == std::byte{0xff} && file[i + 1] == std::byte{0xc0}) return i + 4;
  return 0;
}
// A progressive file of 16 x 16 pixels in n scans: every coefficient of every color on its own, all bits but the last, then the last.
bytes in_scans(int n) {
  std::vector<jpeg_scan_info> scans{{3, {0, 1, 2, 0}, 0, 0, 0, 0}};
  for (const int last : {0, 1})
    for (int color = 0; color < 3; ++color)
      for (int k = 1; k < 64 && static_cast<int>(scans.size()) < n; ++k) scans.push_back({1, {color, 0, 0, 0}, k, k, last, 1 - last});
  jpeg_compress_struct out{};
  jpeg_error_mgr errors{};
  out.err = jpeg_std_error(&errors);
  jpeg_create_compress(&out);
  unsigned char* memory = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&out, &memory, &size);
  out.image_width = out.image_height = 16;
  out.input_components = 3;
  out.in_color_space = JCS_RGB;
  jpeg_set_defaults(&out);
  out.scan_info = scans.data();
  out.num_scans = static_cast<int>(scans.size());
  jpeg_start_compress(&out, TRUE);
  unsigned char pixels[48];
  for (int y = 0; y < 16; ++y) {
    for (int j = 0; j < 48; ++j) pixels[j] = static_cast<unsigned char>(j * 5 + y * y);
    JSAMPROW row = pixels;
    jpeg_write_scanlines(&out, &row, 1);
  }
  jpeg_finish_compress(&out);
  jpeg_destroy_compress(&out);
  const bytes file(reinterpret_cast<std::byte*>(memory), reinterpret_cast<std::byte*>(memory) + size);
  std::free(memory);
  return file;
}
bytes with(bytes file, std::size_t at, std::initializer_list<int> values) {
  for (const int v : values) file.at(at++) = static_cast<std::byte>(v);
  return file;
}

}  // namespace

TEST_CASE("jpeg: gray, RGB, progressive, subsampled and CMYK files become Pillow's RGB", "[data][jpeg]") {
  // libjpeg-turbo's inverse transforms agree to the bit on every processor; versions differ by a level where they interpolate colors.
  const image_reference all;
  const auto names = all.between("jpeg.", ".file");
  REQUIRE(names.size() == 7);
  for (const std::string& name : names) {
    INFO(name);
    CHECK(worst_level(jpeg::parse(all.bytes("jpeg." + name + ".file"), name), all.picture("jpeg." + name + ".rgb")) <=
          (name == "subsampled" ? 1 : 0));
  }
}

TEST_CASE("jpeg: the channels asked for come out", "[data][jpeg]") {
  const bytes color = file_of("rgb"), gray = file_of("gray"), cmyk = file_of("cmyk");
  const image four = jpeg::parse(color, "x", {.channels = 4}), three = jpeg::parse(color, "x"), one = jpeg::parse(gray, "x", {.channels = 1});
  CHECK((four.channels == 4 && four.at(5, 6)[1] == three.at(5, 6)[1] && four.at(5, 6)[3] == 255));
  CHECK((one.channels == 1 && one.at(5, 6)[0] == jpeg::parse(gray, "x").at(5, 6)[2]));
  // A color file holds its luma; ours of the decoded colors differs by their rounding and clipping.
  const image luma = jpeg::parse(file_of("stored_rgb"), "x", {.channels = 1}), stored = jpeg::parse(file_of("stored_rgb"), "x");
  CHECK(luma.at(5, 6)[0] == relreason::detail::luma(stored.at(5, 6)[0], stored.at(5, 6)[1], stored.at(5, 6)[2]));
  CHECK(jpeg::parse(cmyk, "x", {.channels = 1}).channels == 1);
}

TEST_CASE("jpeg: a file cut short at any byte is refused", "[data][jpeg]") {
  for (const std::string name : {"rgb", "progressive", "cmyk"}) {
    const bytes file = file_of(name);
    for (std::size_t n = 3; n < file.size(); ++n) {
      const std::string message = refusal(std::span(file).first(n));
      INFO(name << " cut to " << n << ": " << message);
      CHECK(contains(message, "jpeg::parse: bad.jpg: found the end of the file after " + std::to_string(n) + " bytes"));
    }
  }
}

TEST_CASE("jpeg: damaged, hostile and foreign files are refused with the place, what was found and what to do", "[data][jpeg]") {
  const bytes file = file_of("rgb");
  const std::size_t frame = frame_of(file);
  REQUIRE(frame > 0);
  bytes longer = file;
  longer.resize(file.size() + 5);
  bytes scan = file;  // entropy-coded data of zeros
  for (std::size_t i = file.size() / 2; i + 2 < file.size(); ++i) scan[i] = std::byte{0};
  struct bad {
    std::string message, expected;
  };
  const bad all[] = {
      {refusal({}), "byte 0: found no JPEG signature"},
      {refusal(with(file, 0, {'B', 'M'})), "byte 0: found no JPEG signature"},
      {refusal(with(file, frame, {12})), "Unsupported JPEG data precision 12"},
      {refusal(with(file, frame + 1, {0, 0})), "Empty JPEG image"},
      {refusal(with(file, frame + 1, {0x60, 0, 0x60, 0})), "found 24576 x 24576 pixels, wanted at most 134217728"},
      {refusal(with(file, frame + 1, {0x2d, 0, 0x2d, 0})),
       "found 11520 x 11520 pixels in a file of " + std::to_string(file.size()) + " bytes, which cannot"},
      {refusal(with(file, frame + 1, {0, 200})), "premature end of data segment"},
      {refusal(with(file, frame - 3, {0xc3})), "Unsupported"},
      {refusal(longer), "byte " + std::to_string(file.size()) + ": found 5 more bytes, wanted the end of the file"},
      {refusal(scan), "Corrupt JPEG data"},
      {refusal(file, {.most_pixels = 100}), "found 52 x 38 pixels, wanted at most 100"},
      {refusal(file, {.channels = 0}), "found image_options::channels 0"},
  };
  for (const bad& one : all) {
    INFO(one.expected << "  in  " << one.message);
    CHECK(contains(one.message, one.expected));
    CHECK(contains(one.message, "jpeg::parse: bad.jpg: "));
  }
  CHECK(refusal(longer, {.strict = false}).empty());
}

TEST_CASE("jpeg: stray bytes between segments are refused, or skipped on request", "[data][jpeg]") {
  bytes file = file_of("rgb");
  const std::size_t frame = frame_of(file);
  file.insert(file.begin() + static_cast<std::ptrdiff_t>(frame - 4), {std::byte{0}, std::byte{0}});
  CHECK(contains(refusal(file), "Corrupt JPEG data: 2 extraneous bytes before marker 0xc0"));
  CHECK(jpeg::parse(file, "x", {.strict = false}) == jpeg::parse(file_of("rgb"), "x"));
}

TEST_CASE("jpeg: as many scans as the format allows cost more than they show, and are refused", "[data][jpeg]") {
  CHECK(jpeg::parse(in_scans(20), "x").width == 16);
  CHECK(contains(refusal(in_scans(250)), "more than 200 scans"));
}

TEST_CASE("jpeg: CIFAR-10's pictures decode to the stored pixels", "[data][jpeg]") {
  const auto folder = shared_data("resnet20-cifar10");
  if (!folder) return;
  const auto pixels = relreason::npy::open(*folder + "/images_uint8.npy");
  REQUIRE(pixels.shape() == std::vector<std::int64_t>{200, 32, 32, 3});
  const char* classes[] = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
  int compared = 0;
  for (int k = 0; k < 10; ++k)
    for (int i = 0; i < 2; ++i) {
      const std::string path = *folder + "/jpeg/" + classes[k] + "_000" + std::to_string(i) + ".jpg";
      const image found = relreason::read_image(path);
      const auto* wanted = reinterpret_cast<const std::uint8_t*>(pixels.bytes().data()) + (k * 20 + i) * 32 * 32 * 3;
      INFO(path);
      CHECK(worst_level(found, {wanted, 32, 32, 3}) == 0);
      ++compared;
    }
  CHECK(compared == 20);
}

#endif
