// tests/support/image_reference.hpp -- Pillow's pixels (tests/reference/images.safetensors) as pictures and files.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "relreason/data/image.hpp"
#include "relreason/data/safetensors.hpp"

class image_reference {
 public:
  image_reference() : file_(RELREASON_SOURCE_DIR "/tests/reference/images.safetensors") {}

  // Names that begin and end so, without both.
  std::vector<std::string> between(std::string_view begin, std::string_view end) const {
    std::vector<std::string> names;
    for (const auto& t : file_.tensors())
      if (t.name.starts_with(begin) && t.name.ends_with(end)) names.push_back(t.name.substr(begin.size(), t.name.size() - begin.size() - end.size()));
    return names;
  }
  std::span<const std::byte> bytes(const std::string& name) const { return file_.at(name).bytes; }
  relreason::image picture(const std::string& name) const {
    const auto& t = file_.at(name);
    relreason::image out(static_cast<int>(t.shape.at(1)), static_cast<int>(t.shape.at(0)), static_cast<int>(t.shape.at(2)));
    std::memcpy(out.pixels.data(), t.bytes.data(), t.bytes.size());
    return out;
  }

 private:
  relreason::safetensors::file file_;
};

// The largest difference of any channel of any pixel; 256 where the sizes differ.
inline int worst_level(relreason::image_view a, relreason::image_view b) {
  if (a.width != b.width || a.height != b.height || a.channels != b.channels) return 256;
  int worst = 0;
  for (std::size_t i = 0; i < a.bytes(); ++i) worst = std::max(worst, std::abs(a.pixels[i] - b.pixels[i]));
  return worst;
}
