// tests/fuzz/fuzz_clevr_json.cpp -- any bytes, plain or gzip, give an error that names the file, or records that are safe to use.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "relreason/data/clevr_files.hpp"
#include "relreason/data/clevr_program.hpp"

namespace {

namespace clevr = relreason::clevr;

void must(bool holds) {
  if (!holds) std::abort();
}

// One file in memory for the whole run: the reader takes a path.
int memory_file() {
  static const int file = ::memfd_create("clevr", 0);
  must(file >= 0);
  return file;
}

// f's errors must begin with the reader's name and the file.
template <class F>
void reads(std::string_view who, const std::string& path, F&& f) {
  try {
    f();
  } catch (const relreason::error& e) {
    const std::string_view text = e.what();
    must(text.find(who) == 0 && text.find(path) != text.npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int file = memory_file();
  must(::ftruncate(file, 0) == 0 && ::pwrite(file, data, size, 0) == static_cast<ssize_t>(size));
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  std::vector<clevr::scene> scenes(1);
  scenes[0].objects.resize(5);
  for (auto& r : scenes[0].related) r.resize(5);
  reads("clevr::read_scenes", path, [&] { scenes = clevr::read_scenes(path); });
  reads("clevr::read_questions", path, [&] {
    for (const clevr::question& q : clevr::read_questions(path)) {
      must(q.image_index >= 0 && clevr::program_fault(q.program).empty());
      if (q.program.empty() || scenes.empty()) continue;
      try {
        must(clevr::execute(scenes[0], q.program).value_or("x").size() > 0);
      } catch (const relreason::error& e) {  // a scene without relationships
        must(std::string_view(e.what()).find("clevr::execute: scene") == 0);
      }
    }
  });
  return 0;
}
