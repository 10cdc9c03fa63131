// tests/fuzz/fuzz_png.cpp -- any bytes give an error or a picture that is written and read again as it was.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

#include "relreason/data/image_resize.hpp"
#include "relreason/data/png.hpp"

namespace {

// Every chunk's CRC made right, so that what it protects is looked at.
std::vector<std::uint8_t> with_right_crcs(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> out(data, data + size);
  for (std::size_t at = 8; at + 12 <= size;) {
    const std::size_t length = std::size_t{out[at]} << 24 | std::size_t{out[at + 1]} << 16 | std::size_t{out[at + 2]} << 8 | out[at + 3];
    if (length > size - at - 12) break;
    const auto crc = ::crc32(0, out.data() + at + 4, static_cast<uInt>(length + 4));
    for (unsigned k = 0; k < 4; ++k) out[at + 8 + length + k] = static_cast<std::uint8_t>(crc >> (24 - 8 * k));
    at += length + 12;
  }
  return out;
}

void check(std::span<const std::byte> bytes) {
  static constexpr std::int64_t most_pixels = 1 << 16;  // more would test libpng's speed
  try {
    const auto picture = relreason::png::parse(bytes, "input", {.channels = 4, .most_pixels = most_pixels, .strict = false});
    if (picture.pixels.size() != picture.view().bytes() || picture.channels != 4) std::abort();
    const auto again = relreason::png::parse(relreason::png::encode(picture, {.fast = true}), "again", {.channels = 4});
    if (!(again == picture)) std::abort();
    relreason::resize(picture, 5, 7);
  } catch (const relreason::error&) {}
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(std::as_bytes(std::span(data, size)));
  const auto right = with_right_crcs(data, size);
  check(std::as_bytes(std::span(right)));
  return 0;
}
