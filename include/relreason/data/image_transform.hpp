// relreason/data/image_transform.hpp -- pad, crop, rotate, to floats; and the training transform of the relation network on CLEVR.
// Source: Santoro et al. 2017, supplement; values of mesnico/RelationNetworks-CLEVR: pad 8, crop 128 x 128, rotate by +-2.8 degrees (0.05 rad).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <type_traits>

#include "relreason/core/error.hpp"
#include "relreason/core/philox.hpp"
#include "relreason/data/image.hpp"
#include "relreason/data/image_resize.hpp"

namespace relreason {

// A part of a picture; what lies outside of it is black. left and top may be negative.
inline image crop(image_view from, int left, int top, int width, int height) {
  detail::check_image("crop", from);
  if (width < 1 || height < 1) fail("crop: found a size of ", width, " x ", height, ", wanted at least 1 x 1; choose another size");
  image to(width, height, from.channels);
  const auto c = static_cast<std::size_t>(from.channels);
  const std::int64_t first = std::max(left, 0), last = std::min<std::int64_t>(std::int64_t{left} + width, from.width);
  const std::int64_t top_row = std::max(top, 0), end_row = std::min<std::int64_t>(std::int64_t{top} + height, from.height);
  if (first >= last) return to;
  for (std::int64_t y = top_row; y < end_row; ++y)
    std::memcpy(to.at(static_cast<int>(first - left), static_cast<int>(y - top)), from.at(static_cast<int>(first), static_cast<int>(y)),
                static_cast<std::size_t>(last - first) * c);
  return to;
}

// `border` black pixels on every side.
inline image pad(image_view from, int border) {
  if (border < 0 || border > 1 << 20) fail("pad: found a border of ", border, " pixels, wanted 0 to ", 1 << 20, "; choose another border");
  return crop(from, -border, -border, from.width + 2 * border, from.height + 2 * border);
}

namespace detail {

// Where a rotated picture's pixel (x, y) comes from: (u + x a + y b, v + x c + y a) / 65536, rounded down.
struct rotation {
  std::int64_t a = 65536, b = 0, c = 0, u = 32768, v = 32768;

  rotation() = default;
  // Counterclockwise about the center, as PIL's Image.rotate: cosine and sine to 15 decimals, then 16.16 fixed point at pixel centers.
  rotation(int width, int height, double degrees) {
    const double angle = -std::remainder(degrees, 360.) * (3.14159265358979323846 / 180);
    const double cosine = decimals(std::cos(angle)), sine = decimals(std::sin(angle)), x = width / 2., y = height / 2.;
    a = fixed(cosine);
    b = fixed(sine);
    u = fixed(cosine * -x + sine * -y + x + cosine * .5 + sine * .5);
    v = fixed(-sine * -x + cosine * -y + y - sine * .5 + cosine * .5);
    c = fixed(-sine);
  }

  // call(x, source x, source y) for each of `width` pixels of row y whose source lies in [left, right) x [top, bottom).
  template <class Call>
  void row(int y, int width, std::int64_t left, std::int64_t top, std::int64_t right, std::int64_t bottom, Call&& call) const {
    if (left >= right || top >= bottom) return;
    const auto columns = static_cast<std::uint64_t>(right - left), rows = static_cast<std::uint64_t>(bottom - top);
    std::int64_t at_x = u + b * y, at_y = v + a * y;
    for (int x = 0; x < width; ++x, at_x += a, at_y += c) {
      const std::int64_t from_x = at_x >> 16, from_y = at_y >> 16;
      if (static_cast<std::uint64_t>(from_x - left) < columns && static_cast<std::uint64_t>(from_y - top) < rows) call(x, from_x, from_y);
    }
  }

 private:
  static double decimals(double x) { return std::nearbyint(x * 1e15) / 1e15; }
  static std::int64_t fixed(double x) { return static_cast<std::int64_t>(std::floor(x * 65536 + .5)); }
};

}  // namespace detail

// Counterclockwise about the center, same size, nearest pixel, black where nothing is: PIL's Image.rotate(degrees).
inline image rotate(image_view from, double degrees) {
  detail::check_image("rotate", from);
  if (!std::isfinite(degrees)) fail("rotate: found an angle of ", degrees, " degrees, wanted a finite one; check where it comes from");
  const detail::rotation turn(from.width, from.height, degrees);
  image to(from.width, from.height, from.channels);
  const auto c = static_cast<std::size_t>(from.channels);
  for (int y = 0; y < to.height; ++y)
    turn.row(y, to.width, 0, 0, to.width, to.height, [&](int x, std::int64_t from_x, std::int64_t from_y) {
      std::memcpy(to.at(x, y), from.at(static_cast<int>(from_x), static_cast<int>(from_y)), c);
    });
  return to;
}

namespace detail {

// v / 255: a table, for a division costs as much as all else that is done with a pixel.
inline constexpr auto unit_levels = [] {
  std::array<float, 256> all{};
  for (std::size_t v = 0; v < all.size(); ++v) all[v] = static_cast<float>(v) / 255.f;
  return all;
}();

template <class T>
T level(std::uint8_t v) {
  if constexpr (std::is_same_v<T, float>) return unit_levels[v];
  else return v;
}

}  // namespace detail

// v / 255 for every channel of every pixel, (height, width, channels); to has room for from.bytes() floats.
inline void to_floats(image_view from, float* to) {
  for (std::size_t i = 0, n = from.bytes(); i < n; ++i) to[i] = detail::unit_levels[from.pixels[i]];
}

// The training transform: `border` black pixels on every side, a random crop of the old size, a random rotation of the crop.
// What picture k gets in epoch e depends on the seed, k and e alone.
struct augmentation {
  int border = 8;        // pixels
  double degrees = 2.8;  // rotation is uniform in [-degrees, degrees]
  std::uint64_t seed = 0;

  std::string text() const {
    char text[80];
    std::snprintf(text, sizeof text, "border %d, degrees %.6g, seed %llu", border, degrees, static_cast<unsigned long long>(seed));
    return text;
  }

  struct draw {
    int left = 0, top = 0;  // of the crop in the padded picture: border, border leaves the picture in its place
    double degrees = 0;
  };
  draw at(std::uint64_t picture, std::uint64_t epoch) const {
    if (border < 0 || border > 1 << 20 || !(degrees >= 0 && degrees <= 360))
      fail("augmentation: found a border of ", border, " pixels and ", degrees, " degrees, wanted 0 to ", 1 << 20, " and 0 to 360; correct them");
    const auto word = philox::at(seed, stream_of("augmentation") + picture, epoch);
    const auto below = [](std::uint32_t bits, int n) { return static_cast<int>((std::uint64_t{bits} * static_cast<std::uint32_t>(n)) >> 32); };
    return {below(word.v[0], 2 * border + 1), below(word.v[1], 2 * border + 1), degrees * (word.v[2] * 0x1p-31 - 1)};
  }

  // The same pixels as rotate(crop(pad(from, border), d.left, d.top, width, height), d.degrees), in one pass.
  // to: (height, width, channels), of bytes, or of floats in [0, 1].
  template <class T>
  void apply(image_view from, const draw& d, T* to) const {
    static_assert(std::is_same_v<T, float> || std::is_same_v<T, std::uint8_t>, "relreason::augmentation: pixels become float or std::uint8_t");
    detail::check_image("augmentation", from);
    if (from.channels == 3) gather<3>(from, d, to);
    else if (from.channels == 1) gather<1>(from, d, to);
    else gather<4>(from, d, to);
  }
  template <class T>
  void apply(image_view from, std::uint64_t picture, std::uint64_t epoch, T* to) const {
    apply(from, at(picture, epoch), to);
  }

 private:
  template <int Channels, class T>
  void gather(image_view from, const draw& d, T* to) const {
    const detail::rotation turn(from.width, from.height, d.degrees);
    // The crop's pixel (x, y) is the picture's (x + dx, y + dy); beyond the crop or the picture it is black.
    const std::int64_t dx = std::int64_t{d.left} - border, dy = std::int64_t{d.top} - border, width = from.width, height = from.height, zero = 0;
    const std::int64_t left = std::max(zero, -dx), top = std::max(zero, -dy), right = std::min(width, width - dx),
                       bottom = std::min(height, height - dy);
    std::fill_n(to, from.bytes(), T(0));
    for (int y = 0; y < from.height; ++y, to += width * Channels)
      turn.row(y, from.width, left, top, right, bottom, [&](int x, std::int64_t from_x, std::int64_t from_y) {
        const std::uint8_t* pixel = from.pixels + ((from_y + dy) * width + from_x + dx) * Channels;
        for (int k = 0; k < Channels; ++k) to[x * Channels + k] = detail::level<T>(pixel[k]);
      });
  }
};

}  // namespace relreason
