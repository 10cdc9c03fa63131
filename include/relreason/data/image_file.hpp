// relreason/data/image_file.hpp -- a picture from a file of any supported format, found by its first bytes and never by its name.
#pragma once

#include <span>
#include <string>

#include "relreason/data/image.hpp"
#include "relreason/data/jpeg.hpp"
#include "relreason/data/mapped_file.hpp"
#include "relreason/data/png.hpp"
#include "relreason/data/scanner.hpp"

namespace relreason {

inline bool looks_like_image(std::span<const std::byte> bytes) { return png::looks_like(bytes) || jpeg::looks_like(bytes); }

inline image parse_image(std::span<const std::byte> bytes, const std::string& name = "memory", const image_options& options = {}) {
  if (png::looks_like(bytes)) return png::parse(bytes, name, options);
  if (jpeg::looks_like(bytes)) return jpeg::parse(bytes, name, options);
  if (bytes.empty()) fail("read_image: ", name, ": found an empty file, wanted PNG or JPEG; fetch or save it again");
  const std::string start(reinterpret_cast<const char*>(bytes.data()), bytes.size() < 8 ? bytes.size() : 8);
  fail("read_image: ", name, ": byte 0: found ", detail::quoted(start), ", wanted the first bytes of PNG or JPEG; save it as one of these");
}

// The whole file is read first: mapping a small file costs more than reading it, and another program may cut it short meanwhile.
inline image read_image(const std::string& path, const image_options& options = {}) {
  return parse_image(mapped_file(path, "read_image", mapped_file::how::read).bytes(), path, options);
}

}  // namespace relreason
