// tests/consume/data_program.cpp -- uses what relreason::data carries: the records of CLEVR, simdjson, libpng, libjpeg-turbo, zlib.
#include <simdjson.h>
#include <zlib.h>

#include <cstdio>
#include <string>

#include "relreason/data/clevr.hpp"
#include "relreason/data/image_file.hpp"

int main() {
  simdjson::dom::parser parser;
  const auto json = simdjson::padded_string(std::string(R"({"n": 28})"));
  const std::int64_t n = parser.parse(json)["n"];
  if (n != relreason::clevr::n_answers) return 1;
  const auto png = relreason::png::encode(relreason::image(2, 3, 3));
  if (relreason::parse_image(png).height != 3) return 1;
  const std::byte jpeg[] = {std::byte{0xff}, std::byte{0xd8}, std::byte{0xff}};
  try {
    relreason::parse_image(jpeg);
    return 1;
  } catch (const relreason::error& e) {
    std::printf("zlib %s; %s\n", zlibVersion(), e.what());
    if (std::string(e.what()).find("cut short") == std::string::npos) return 1;  // said by libjpeg-turbo's reader
  }
}
