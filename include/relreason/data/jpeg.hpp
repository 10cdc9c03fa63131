// relreason/data/jpeg.hpp -- JPEG files (gray, color, CMYK; baseline and progressive) to 8-bit pixels. Through libjpeg-turbo.
// Source: ITU-T T.81; CMYK becomes RGB as by PIL. The orientation in EXIF data is not applied, as by PIL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "relreason/core/error.hpp"
#include "relreason/data/image.hpp"

#if __has_include(<jpeglib.h>) && !defined(RELREASON_WITHOUT_JPEG)
#include <jpeglib.h>
// after jpeglib.h, which it needs
#include <jerror.h>
#include <setjmp.h>
#define RELREASON_HAS_JPEG 1
#else
#define RELREASON_HAS_JPEG 0
#endif

namespace relreason::jpeg {

inline bool looks_like(std::span<const std::byte> bytes) {
  return bytes.size() >= 3 && bytes[0] == std::byte{0xff} && bytes[1] == std::byte{0xd8} && bytes[2] == std::byte{0xff};
}

#if RELREASON_HAS_JPEG

namespace detail {

// A progressive file of many scans costs much time for few bytes; encoders write about ten.
inline constexpr int most_scans = 200;

// libjpeg leaves by longjmp. So all that has a destructor lives here, outside of the functions that call setjmp.
struct reader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  jmp_buf back{};
  bool strict, ended = false;
  char message[JMSG_LENGTH_MAX] = "libjpeg gave no reason";

  explicit reader(bool s) : strict(s) {}
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;
  ~reader() { jpeg_destroy_decompress(&info); }
};

[[noreturn]] inline void leave(j_common_ptr info) {
  auto& r = *static_cast<reader*>(info->client_data);
  (*info->err->format_message)(info, r.message);
  longjmp(r.back, 1);
}
// Level -1 tells of damage, 0 and above of details. Odd version numbers and Adobe flags harm nothing.
inline void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  auto& r = *static_cast<reader*>(info->client_data);
  const int code = info->err->msg_code;
  if (code == JWRN_JFIF_MAJOR || code == JWRN_ADOBE_XFORM) return;
  if (code == JWRN_EXTRANEOUS_DATA && !r.strict) return;
  r.ended = code == JWRN_JPEG_EOF;
  leave(info);
}
inline void on_progress(j_common_ptr info) {
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number <= most_scans) return;
  auto& r = *static_cast<reader*>(info->client_data);
  std::snprintf(r.message, sizeof r.message, "more than %d scans", most_scans);
  longjmp(r.back, 1);
}

// Reads the header. False: r.message says why.
inline bool begin(reader& r, std::span<const std::byte> bytes, int channels) {
  r.info.err = jpeg_std_error(&r.errors);
  r.errors.error_exit = leave;
  r.errors.emit_message = on_message;
  r.info.client_data = &r;
  if (setjmp(r.back)) return false;
  jpeg_create_decompress(&r.info);  // keeps err and client_data
  r.progress.progress_monitor = on_progress;
  r.info.progress = &r.progress;
  jpeg_mem_src(&r.info, const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(bytes.data())), static_cast<unsigned long>(bytes.size()));
  jpeg_read_header(&r.info, TRUE);
  const J_COLOR_SPACE in = r.info.jpeg_color_space;
  if (in == JCS_CMYK || in == JCS_YCCK) r.info.out_color_space = JCS_CMYK;
  else r.info.out_color_space = in == JCS_GRAYSCALE || channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  // The luma of an RGB file is ours to compute.
  if (in == JCS_RGB) r.info.out_color_space = JCS_RGB;
  return true;
}

// to: (height, width, components).
inline bool read_rows(reader& r, std::uint8_t* to) {
  if (setjmp(r.back)) return false;
  jpeg_start_decompress(&r.info);
  const std::size_t row_bytes = static_cast<std::size_t>(r.info.output_width) * static_cast<std::size_t>(r.info.output_components);
  while (r.info.output_scanline < r.info.output_height) {
    JSAMPROW row = to + row_bytes * r.info.output_scanline;
    jpeg_read_scanlines(&r.info, &row, 1);
  }
  jpeg_finish_decompress(&r.info);
  return true;
}

// C, M, Y, K to RGB as PIL does; Adobe's files hold 255 minus the ink.
inline void cmyk_to_rgb(const std::uint8_t* from, std::uint8_t* to, std::size_t n, bool inverted) {
  const auto share = [](int a, int b) {  // round(a b / 255)
    const int t = a * b + 128;
    return ((t >> 8) + t) >> 8;
  };
  for (std::size_t i = 0; i < n; ++i, from += 4, to += 3) {
    const int paper = inverted ? from[3] : 255 - from[3];
    for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>(paper - share(inverted ? 255 - from[c] : from[c], paper));
  }
}

[[noreturn]] inline void refuse(const reader& r, std::span<const std::byte> bytes, const std::string& who) {
  const std::size_t left = r.info.src ? r.info.src->bytes_in_buffer : bytes.size();
  if (r.ended)
    fail(who, ": found the end of the file after ", bytes.size(), " bytes, wanted the rest of the picture; it is cut short: fetch it again");
  fail(who, ": before byte ", left <= bytes.size() ? bytes.size() - left : bytes.size(), ": ", r.message,
       "; the file is damaged or of a rare kind: ", "fetch or save it again");
}

}  // namespace detail

// `name` stands in messages.
inline image parse(std::span<const std::byte> bytes, const std::string& name = "memory", const image_options& options = {}) {
  const std::string who = "jpeg::parse: " + name;
  relreason::detail::check_image_options(who, options);
  if (!looks_like(bytes)) fail(who, ": byte 0: found no JPEG signature, wanted a JPEG file; read_image() finds the format by itself");
  detail::reader r(options.strict);
  if (!detail::begin(r, bytes, options.channels)) detail::refuse(r, bytes, who);
  const std::size_t place = bytes.size() - r.info.src->bytes_in_buffer;
  // The shortest code is one bit for a block of 8 x 8, which stands for up to 32 x 32 pixels.
  relreason::detail::check_image_size(who, place, r.info.image_width, r.info.image_height, bytes.size(), 8 * 32 * 32, options);
  const bool cmyk = r.info.out_color_space == JCS_CMYK, inverted = r.info.saw_Adobe_marker != 0;
  const int channels = cmyk ? 4 : r.info.out_color_space == JCS_RGB ? 3 : 1;
  image out(static_cast<int>(r.info.image_width), static_cast<int>(r.info.image_height), channels);
  if (!detail::read_rows(r, out.pixels.data())) detail::refuse(r, bytes, who);
  if (const std::size_t left = r.info.src->bytes_in_buffer; options.strict && left > 0)
    fail(who, ": byte ", bytes.size() - left, ": found ", left,
         " more bytes, wanted the end of the file; fetch or save it again, or set image_options::strict to false");
  const std::size_t n = out.pixels.size() / static_cast<unsigned>(channels);
  if (cmyk) {
    detail::cmyk_to_rgb(out.pixels.data(), out.pixels.data(), n, inverted);
    out.channels = 3;
    out.pixels.resize(3 * n);
  }
  if (out.channels == options.channels) return out;
  image converted(out.width, out.height, options.channels);
  relreason::detail::convert_pixels(out.pixels.data(), out.channels, converted.pixels.data(), options.channels, n);
  return converted;
}

#else

inline image parse(std::span<const std::byte>, const std::string& name = "memory", const image_options& = {}) {
  fail("jpeg::parse: cannot read ", name, ": compiled without libjpeg-turbo; install it (Debian: libjpeg-dev) and compile again");
}

#endif

}  // namespace relreason::jpeg
