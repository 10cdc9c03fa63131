// tests/images_absent/program.cpp -- prints what reading a PNG and a JPEG file says where their libraries are missing.
#include <cstdio>

#include "relreason/data/image_file.hpp"

int main() {
  constexpr std::byte jpeg[] = {std::byte{0xff}, std::byte{0xd8}, std::byte{0xff}};
  const std::span<const std::byte> files[] = {std::as_bytes(std::span(relreason::png::signature)), jpeg};
  for (const auto file : files) try {
      relreason::parse_image(file, "picture");
      return 1;
    } catch (const relreason::error& e) {
      std::puts(e.what());
    }
}
