// relreason/data/image.hpp -- a picture in memory: rows from top to bottom, pixels from left to right, 8-bit channels side by side (HWC).
// Color pictures are red, green, blue, without gamma correction or color profile: the numbers that stand in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/core/error.hpp"

namespace relreason {

// Somebody else's pixels: (height, width, channels), no gaps between rows.
struct image_view {
  const std::uint8_t* pixels = nullptr;
  int width = 0, height = 0, channels = 0;

  std::size_t row_bytes() const { return static_cast<std::size_t>(width) * static_cast<std::size_t>(channels); }
  std::size_t bytes() const { return row_bytes() * static_cast<std::size_t>(height); }
  const std::uint8_t* row(int y) const { return pixels + row_bytes() * static_cast<std::size_t>(y); }
  const std::uint8_t* at(int x, int y) const { return row(y) + static_cast<std::size_t>(x) * static_cast<std::size_t>(channels); }
};

struct image {
  int width = 0, height = 0, channels = 0;
  std::vector<std::uint8_t> pixels;

  image() = default;
  // Black.
  image(int w, int h, int c) : width(w), height(h), channels(c), pixels(image_view{nullptr, w, h, c}.bytes()) {}

  image_view view() const { return {pixels.data(), width, height, channels}; }
  operator image_view() const { return view(); }
  std::uint8_t* row(int y) { return pixels.data() + view().row_bytes() * static_cast<std::size_t>(y); }
  std::uint8_t* at(int x, int y) { return row(y) + static_cast<std::size_t>(x) * static_cast<std::size_t>(channels); }
  const std::uint8_t* at(int x, int y) const { return view().at(x, y); }
  friend bool operator==(const image&, const image&) = default;
};

// How a file becomes a picture.
struct image_options {
  int channels = 3;                      // 3: RGB; 1: gray; 4: RGB and alpha. Alpha is dropped or 255 otherwise, never blended.
  std::int64_t most_pixels = 1LL << 27;  // width times height, checked before memory is asked for
  bool strict = true;                    // false: bytes after the picture, and stray bytes between JPEG segments, are skipped as viewers do
};

namespace detail {

inline std::string extent_text(image_view v) {
  return std::to_string(v.width) + " x " + std::to_string(v.height) + " x " + std::to_string(v.channels);
}

// The luma of ITU-R BT.601 in 16-bit fixed point, as in PIL's convert("L").
inline std::uint8_t luma(int r, int g, int b) { return static_cast<std::uint8_t>((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16); }

// n pixels from one number of channels (1: gray, 2: gray and alpha, 3, 4) to another (1, 3, 4). In place where `to` has no more channels.
inline void convert_pixels(const std::uint8_t* from, int from_channels, std::uint8_t* to, int to_channels, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i, from += from_channels, to += to_channels) {
    const bool gray = from_channels < 3;
    const std::uint8_t r = from[0], g = gray ? r : from[1], b = gray ? r : from[2];
    const std::uint8_t alpha = from_channels % 2 == 0 ? from[from_channels - 1] : std::uint8_t{255};
    if (to_channels == 1) {
      to[0] = gray ? r : luma(r, g, b);
      continue;
    }
    to[0] = r;
    to[1] = g;
    to[2] = b;
    if (to_channels == 4) to[3] = alpha;
  }
}

// Whether a header's size may be read; `place` is where it stands in the file, most_per_byte the format's best compression in pixels.
inline void check_image_size(std::string_view who, std::size_t place, std::uint64_t width, std::uint64_t height, std::size_t file_bytes,
                             double most_per_byte, const image_options& options) {
  if (width == 0 || height == 0)
    fail(who, ": byte ", place, ": found ", width, " x ", height, " pixels, wanted at least 1 x 1; fetch or save it again");
  if (width > 0x7fffffff || height > 0x7fffffff)
    fail(who, ": byte ", place, ": found ", width, " x ", height, " pixels, wanted below 2^31 each; the file is damaged: fetch it again");
  const std::uint64_t pixels = width * height, most = options.most_pixels < 1 ? 0 : static_cast<std::uint64_t>(options.most_pixels);
  if (pixels > most)
    fail(who, ": byte ", place, ": found ", width, " x ", height, " pixels, wanted at most ", most, " in all; make the picture smaller or raise ",
         "image_options::most_pixels");
  if (static_cast<double>(pixels) > most_per_byte * static_cast<double>(file_bytes))
    fail(who, ": byte ", place, ": found ", width, " x ", height, " pixels in a file of ", file_bytes,
         " bytes, which cannot hold them; the file is cut short or damaged: fetch it again");
}

inline void check_image_options(std::string_view who, const image_options& o) {
  if (o.channels != 1 && o.channels != 3 && o.channels != 4)
    fail(who, ": found image_options::channels ", o.channels, ", wanted 1 (gray), 3 (RGB) or 4 (RGB and alpha)");
}

// Whether a view is a picture of 1, 3 or 4 channels.
inline void check_image(std::string_view who, image_view v) {
  if (!v.pixels || v.width < 1 || v.height < 1 || (v.channels != 1 && v.channels != 3 && v.channels != 4))
    fail(who, ": found a picture of ", extent_text(v), ", wanted at least 1 x 1 pixels of 1, 3 or 4 channels; give it a picture");
}

}  // namespace detail

}  // namespace relreason
