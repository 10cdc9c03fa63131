// relreason/data/png.hpp -- PNG files: any color type, depth and interlacing to 8-bit pixels; pixels to PNG. Through libpng.
// Source: ISO/IEC 15948 (PNG). Every CRC counts, also those of chunks that are not needed; gamma, color profiles and text are skipped, as by PIL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/atomic_file.hpp"
#include "relreason/data/image.hpp"

#if __has_include(<png.h>) && !defined(RELREASON_WITHOUT_PNG)
#include <png.h>
#define RELREASON_HAS_PNG 1
#else
#define RELREASON_HAS_PNG 0
#endif

namespace relreason::png {

inline constexpr unsigned char signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

inline bool looks_like(std::span<const std::byte> bytes) {
  return bytes.size() >= sizeof signature && std::memcmp(bytes.data(), signature, sizeof signature) == 0;
}

struct write_options {
  bool fast = false;  // about half the time, files a fifth larger
};

#if RELREASON_HAS_PNG

namespace detail {

inline constexpr std::size_t header_bytes = 8 + 25;  // the signature and the IHDR chunk
inline constexpr std::size_t size_at = 16;           // width and height, 32 bits each, big-endian

// libpng leaves by longjmp. So all that has a destructor lives here, outside of the two functions that call setjmp.
struct reader {
  std::span<const std::byte> bytes;
  std::size_t at = 0;
  bool ended = false;  // it asked for more than there is
  char message[200] = "libpng gave no reason";
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit reader(std::span<const std::byte> b) : bytes(b) {}
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;
  ~reader() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] inline void on_error(png_structp png, png_const_charp message) {
  auto& r = *static_cast<reader*>(png_get_error_ptr(png));
  std::strncpy(r.message, message, sizeof r.message - 1);
  png_longjmp(png, 1);
}
inline void on_warning(png_structp, png_const_charp) {}

inline void on_read(png_structp png, png_bytep to, std::size_t n) {
  auto& r = *static_cast<reader*>(png_get_io_ptr(png));
  if (n > r.bytes.size() - r.at) {
    r.ended = true;
    png_error(png, "the file ends");
  }
  std::memcpy(to, r.bytes.data() + r.at, n);
  r.at += n;
}

// Reads the header and asks for 8-bit gray, gray and alpha, RGB or RGBA. False: r.message says why.
inline bool begin(reader& r, bool want_alpha) {
  r.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &r, on_error, on_warning);
  if (r.png) r.info = png_create_info_struct(r.png);
  if (!r.info) return false;
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_set_read_fn(r.png, &r, on_read);
  png_set_user_limits(r.png, 0x7fffffff, 0x7fffffff);
  png_set_crc_action(r.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
#ifdef PNG_SET_UNKNOWN_CHUNKS_SUPPORTED
  png_set_keep_unknown_chunks(r.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
#endif
  png_read_info(r.png, r.info);
  png_set_scale_16(r.png);  // round(v / 257)
  png_set_expand(r.png);    // palette to RGB, 1, 2, 4 bits to 8, a transparent color to alpha
  if (!want_alpha) png_set_strip_alpha(r.png);
  png_set_interlace_handling(r.png);
  png_read_update_info(r.png, r.info);
  return true;
}

// rows[y] has room for a row of the channels asked for by begin().
inline bool read_rows(reader& r, png_bytepp rows) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_read_image(r.png, rows);
  png_read_end(r.png, nullptr);
  return true;
}

[[noreturn]] inline void refuse(const reader& r, const std::string& who) {
  if (r.ended)
    fail(who, ": found the end of the file after ", r.bytes.size(), " bytes, wanted the rest of the picture; it is cut short: fetch it again");
  fail(who, ": before byte ", r.at, ": ", r.message, "; the file is damaged: fetch or save it again");
}

inline void check_size(std::span<const std::byte> bytes, const std::string& who, const image_options& options) {
  const auto* b = reinterpret_cast<const unsigned char*>(bytes.data()) + size_at;
  const auto word = [](const unsigned char* w) { return std::uint64_t{w[0]} << 24 | std::uint64_t{w[1]} << 16 | std::uint64_t{w[2]} << 8 | w[3]; };
  // Deflate packs at most 258 bytes into 2 bits, and a byte holds 8 pixels at most.
  relreason::detail::check_image_size(who, size_at, word(b), word(b + 4), bytes.size(), 8 * 1032, options);
}

}  // namespace detail

// `name` stands in messages.
inline image parse(std::span<const std::byte> bytes, const std::string& name = "memory", const image_options& options = {}) {
  const std::string who = "png::parse: " + name;
  relreason::detail::check_image_options(who, options);
  if (!looks_like(bytes)) fail(who, ": byte 0: found no PNG signature, wanted a PNG file; read_image() finds the format by itself");
  if (bytes.size() < detail::header_bytes)
    fail(who, ": found the end of the file after ", bytes.size(), " bytes, wanted at least ", detail::header_bytes,
         "; it is cut short: fetch it again");
  detail::check_size(bytes, who, options);
  detail::reader r(bytes);
  if (!detail::begin(r, options.channels == 4)) detail::refuse(r, who);
  const int channels = png_get_channels(r.png, r.info);
  image out(static_cast<int>(png_get_image_width(r.png, r.info)), static_cast<int>(png_get_image_height(r.png, r.info)), channels);
  std::vector<png_bytep> rows(static_cast<std::size_t>(out.height));
  for (int y = 0; y < out.height; ++y) rows[static_cast<std::size_t>(y)] = out.row(y);
  if (!detail::read_rows(r, rows.data())) detail::refuse(r, who);
  if (options.strict && r.at != bytes.size())
    fail(who, ": byte ", r.at, ": found ", bytes.size() - r.at,
         " more bytes, wanted the end of the file; fetch or save it again, or set image_options::strict to false");
  if (channels == options.channels) return out;
  image converted(out.width, out.height, options.channels);
  relreason::detail::convert_pixels(out.pixels.data(), channels, converted.pixels.data(), options.channels,
                                    out.pixels.size() / static_cast<unsigned>(channels));
  return converted;
}

// The bytes of a PNG file, 8 bits a channel.
inline std::vector<std::byte> encode(image_view v, const write_options& options = {}) {
  relreason::detail::check_image("png::encode", v);
  png_image head{};
  head.version = PNG_IMAGE_VERSION;
  head.width = static_cast<png_uint_32>(v.width);
  head.height = static_cast<png_uint_32>(v.height);
  head.format = v.channels == 1 ? PNG_FORMAT_GRAY : v.channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_RGBA;
  head.flags = options.fast ? PNG_IMAGE_FLAG_FAST : 0;
  if (v.bytes() > 0x7fffffff)
    fail("png::encode: found a picture of ", relreason::detail::extent_text(v), ", wanted below 2^31 bytes; make it smaller");
  png_alloc_size_t bytes = PNG_IMAGE_PNG_SIZE_MAX(head);
  std::vector<std::byte> out(bytes);
  if (!png_image_write_to_memory(&head, out.data(), &bytes, 0, v.pixels, 0, nullptr))
    fail("png::encode: libpng refused a picture of ", relreason::detail::extent_text(v), ": ", head.message);
  out.resize(bytes);
  return out;
}

#else

inline image parse(std::span<const std::byte>, const std::string& name = "memory", const image_options& = {}) {
  fail("png::parse: cannot read ", name, ": compiled without libpng; install it (Debian: libpng-dev) and compile again");
}
inline std::vector<std::byte> encode(image_view, const write_options& = {}) {
  fail("png::encode: compiled without libpng; install it (Debian: libpng-dev) and compile again");
}

#endif

// Replaces `path` as a whole or not at all (atomic_file).
inline void write(const std::string& path, image_view v, const write_options& options = {}) {
  const std::vector<std::byte> bytes = encode(v, options);
  atomic_file out(path);
  out.write(bytes);
  out.commit();
}

}  // namespace relreason::png
