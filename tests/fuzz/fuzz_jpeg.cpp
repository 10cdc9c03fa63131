// tests/fuzz/fuzz_jpeg.cpp -- any bytes give an error or a picture of as many pixels as it says.
#include <cstdint>
#include <cstdlib>

#include "relreason/data/jpeg.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static constexpr std::int64_t most_pixels = 1 << 16;  // more would test libjpeg's speed
  for (const int channels : {1, 3}) try {
      const auto picture =
          relreason::jpeg::parse(std::as_bytes(std::span(data, size)), "input", {.channels = channels, .most_pixels = most_pixels, .strict = false});
      if (picture.pixels.size() != picture.view().bytes() || picture.channels != channels) std::abort();
    } catch (const relreason::error&) {}
  return 0;
}
