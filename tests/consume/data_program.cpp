// tests/consume/data_program.cpp -- uses what relreason::data carries: the records of CLEVR, simdjson, libpng, zlib.
#include <png.h>
#include <simdjson.h>
#include <zlib.h>

#include <cstdio>

#include "relreason/data/clevr.hpp"

int main() {
  simdjson::dom::parser parser;
  const auto json = simdjson::padded_string(std::string(R"({"n": 28})"));
  const std::int64_t n = parser.parse(json)["n"];
  if (n != relreason::clevr::n_answers) return 1;
  std::printf("%s %lu\n", zlibVersion(), static_cast<unsigned long>(png_access_version_number()));
}
