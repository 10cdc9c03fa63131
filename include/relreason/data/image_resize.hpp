// relreason/data/image_resize.hpp -- antialiased bilinear resizing, equal to the bit to Image.resize((w, h), Image.BILINEAR) of Pillow 11.
// Source: Pillow, src/libImaging/Resample.c: a triangle as wide as the scale (at least one pixel each way), first along rows, then along columns,
// weights in 22-bit fixed point, rounded to 8 bits between the two passes. Pillow 13 takes columns first where that is less work, as for a tall
// picture made wide: there one level may differ.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "relreason/backend/cpu/processor.hpp"
#include "relreason/core/error.hpp"
#include "relreason/data/image.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace relreason {

namespace detail {

inline constexpr int resize_bits = 32 - 8 - 2;  // of a weight's fraction

// What each of the new pixels along one axis reads: old pixels first[i], first[i] + 1, ..., count[i] of them, weights[i * most] and following.
struct resize_taps {
  int most = 0;
  std::vector<int> first, count;
  std::vector<std::int32_t> weights;

  resize_taps(int from, int to) {
    const double scale = static_cast<double>(from) / to, support = std::max(scale, 1.0);
    most = static_cast<int>(std::ceil(support)) * 2 + 1;
    first.resize(static_cast<std::size_t>(to));
    count.resize(static_cast<std::size_t>(to));
    weights.resize(static_cast<std::size_t>(to) * static_cast<std::size_t>(most));
    std::vector<double> w(static_cast<std::size_t>(most));
    for (int i = 0; i < to; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const double center = (i + .5) * scale;
      first[at] = std::max(static_cast<int>(center - support + .5), 0);
      count[at] = std::min(static_cast<int>(center + support + .5), from) - first[at];
      double sum = 0;
      for (int k = 0; k < count[at]; ++k) sum += w[static_cast<std::size_t>(k)] = triangle((k + first[at] - center + .5) * (1 / support));
      for (int k = 0; k < count[at]; ++k)
        weights[at * static_cast<std::size_t>(most) + static_cast<std::size_t>(k)] =
            static_cast<std::int32_t>(.5 + w[static_cast<std::size_t>(k)] / sum * (1 << resize_bits));
    }
  }
  const std::int32_t* of(int i) const { return weights.data() + static_cast<std::size_t>(i) * static_cast<std::size_t>(most); }

 private:
  static double triangle(double x) { return std::abs(x) < 1 ? 1 - std::abs(x) : 0; }
};

inline constexpr int resize_lanes = 16;

// to[j] = round(sum_k w[k] from[k * stride + j]) for j in [0, lanes): rows or columns beside each other.
inline void weigh_lanes_portable(const std::uint8_t* from, std::size_t stride, const std::int32_t* w, int n, std::uint8_t* to) {
  using bytes = std::uint8_t __attribute__((vector_size(8)));
  using words = std::int32_t __attribute__((vector_size(32)));
  static_assert(resize_lanes == 16, "two vectors of 8");
  words a = words{} + (1 << (resize_bits - 1)), b = a;
  for (int k = 0; k < n; ++k, from += stride) {
    bytes x, y;
    std::memcpy(&x, from, 8);
    std::memcpy(&y, from + 8, 8);
    a += __builtin_convertvector(x, words) * w[k];
    b += __builtin_convertvector(y, words) * w[k];
  }
  // Weights are 0 or more and sum to 1 within rounding: 255 may be passed by one.
  const words most = words{} + 255;
  a >>= resize_bits;
  b >>= resize_bits;
  a = a > most ? most : a;
  b = b > most ? most : b;
  const bytes x = __builtin_convertvector(a, bytes), y = __builtin_convertvector(b, bytes);
  std::memcpy(to, &x, 8);
  std::memcpy(to + 8, &y, 8);
}

using weigh_lanes = void (*)(const std::uint8_t* from, std::size_t stride, const std::int32_t* w, int n, std::uint8_t* to);
#if defined(__x86_64__)
// GCC 12 takes the vectors above apart to widen bytes.
__attribute__((target("avx2"))) inline void weigh_lanes_avx2(const std::uint8_t* from, std::size_t stride, const std::int32_t* w, int n,
                                                             std::uint8_t* to) {
  __m256i a = _mm256_set1_epi32(1 << (resize_bits - 1)), b = a;
  for (int k = 0; k < n; ++k, from += stride) {
    const __m256i weight = _mm256_set1_epi32(w[k]);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    a = _mm256_add_epi32(a, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(bytes), weight));
    b = _mm256_add_epi32(b, _mm256_mullo_epi32(_mm256_cvtepu8_epi32(_mm_srli_si128(bytes, 8)), weight));
  }
  // 16 bits, then 8, both saturated; packing works on halves, so quarters 1 and 2 change places.
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(_mm256_srai_epi32(a, resize_bits), _mm256_srai_epi32(b, resize_bits)), 0xd8);
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1)));
}
#endif
inline weigh_lanes select_weigh_lanes() {
#if defined(__x86_64__)
  if (cpu::resolve_quietly() != isa::portable) return weigh_lanes_avx2;
#endif
  return weigh_lanes_portable;
}

// Rows lie side by side in lanes: 16 rows at a time are turned so that entry (x, channel) of all of them is one vector.
inline image resize_rows(image_view from, int width, weigh_lanes weigh) {
  const resize_taps taps(from.width, width);
  image to(width, from.height, from.channels);
  const auto c = static_cast<std::size_t>(from.channels);
  constexpr std::size_t lanes = resize_lanes;
  std::vector<std::uint8_t> turned(from.row_bytes() * lanes);
  for (int y = 0; y < from.height; y += resize_lanes) {
    const int rows = std::min(resize_lanes, from.height - y);
    for (int r = 0; r < rows; ++r) {
      const std::uint8_t* row = from.row(y + r);
      std::uint8_t* out = turned.data() + r;
      for (std::size_t j = 0; j < from.row_bytes(); ++j) out[j * lanes] = row[j];
    }
    std::uint8_t* out[lanes];
    for (int r = 0; r < resize_lanes; ++r) out[r] = to.row(y + std::min(r, rows - 1));
    for (int x = 0; x < width; ++x) {
      const std::uint8_t* first = turned.data() + static_cast<std::size_t>(taps.first[static_cast<std::size_t>(x)]) * c * lanes;
      for (std::size_t k = 0; k < c; ++k) {
        std::uint8_t sums[lanes];
        weigh(first + k * lanes, c * lanes, taps.of(x), taps.count[static_cast<std::size_t>(x)], sums);
        for (int r = 0; r < rows; ++r) out[r][static_cast<std::size_t>(x) * c + k] = sums[r];
      }
    }
  }
  return to;
}

inline image resize_columns(image_view from, int height, weigh_lanes weigh) {
  const resize_taps taps(from.height, height);
  image to(from.width, height, from.channels);
  const std::size_t n = from.row_bytes(), lanes = resize_lanes;
  std::vector<std::uint8_t> last(static_cast<std::size_t>(taps.most) * lanes);  // the tail of the rows that a new row reads
  const std::size_t whole = n / lanes * lanes;
  for (int y = 0; y < height; ++y) {
    const int first = taps.first[static_cast<std::size_t>(y)], count = taps.count[static_cast<std::size_t>(y)];
    std::uint8_t* out = to.row(y);
    for (std::size_t j = 0; j < whole; j += lanes) weigh(from.row(first) + j, n, taps.of(y), count, out + j);
    if (whole == n) continue;
    for (int k = 0; k < count; ++k) std::memcpy(last.data() + static_cast<std::size_t>(k) * lanes, from.row(first + k) + whole, n - whole);
    std::uint8_t sums[resize_lanes];
    weigh(last.data(), lanes, taps.of(y), count, sums);
    std::memcpy(out + whole, sums, n - whole);
  }
  return to;
}

}  // namespace detail

// (height, width, channels) -> (new height, new width, channels); the aspect may change.
inline image resize(image_view from, int width, int height) {
  detail::check_image("resize", from);
  // A weight's index is an int, and a table of weights is no larger than about three old pixels a new one.
  constexpr int longest = 1 << 20;
  if (width < 1 || height < 1 || width > longest || height > longest)
    fail("resize: found a new size of ", width, " x ", height, ", wanted 1 to ", longest, " each; choose another size");
  const auto weigh = detail::select_weigh_lanes();
  if (width == from.width && height == from.height) {
    image same(width, height, from.channels);
    std::copy_n(from.pixels, from.bytes(), same.pixels.data());
    return same;
  }
  if (width == from.width) return detail::resize_columns(from, height, weigh);
  if (height == from.height) return detail::resize_rows(from, width, weigh);
  return detail::resize_columns(detail::resize_rows(from, width, weigh), height, weigh);
}

}  // namespace relreason
