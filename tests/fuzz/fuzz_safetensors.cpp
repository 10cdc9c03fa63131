// tests/fuzz/fuzz_safetensors.cpp -- any bytes give an error or a file that survives being written and read again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "relreason/data/safetensors.hpp"

namespace {

namespace st = relreason::safetensors;

void must(bool holds) {
  if (!holds) std::abort();
}

template <class T>
void copy(const st::file& file, const st::tensor& t) {
  std::vector<T> to(t.count());
  try {
    file.copy_to(t.name, to.data(), to.size());
  } catch (const relreason::error&) {}
}

void check(const st::file& file, std::size_t input_bytes) {
  st::writer out;
  for (const auto& [key, value] : file.metadata()) out.metadata(key, value);
  std::size_t bytes = 0;
  for (const st::tensor& t : file.tensors()) {
    must(file.find(t.name) == &t);
    bytes += t.bytes.size();
    copy<float>(file, t);
    copy<double>(file, t);
    copy<std::int8_t>(file, t);
    copy<std::uint64_t>(file, t);
    out.add(t.name, t.type, t.shape, t.bytes);
  }
  must(bytes <= input_bytes);
  const std::vector<std::byte> written = out.bytes();
  const st::file again = st::parse(written);
  must(again.metadata() == file.metadata() && again.tensors().size() == file.tensors().size());
  for (const st::tensor& t : file.tensors()) {
    const st::tensor& u = again.at(t.name);
    must(u.type == t.type && u.shape == t.shape && std::equal(t.bytes.begin(), t.bytes.end(), u.bytes.begin(), u.bytes.end()));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(st::parse(std::as_bytes(std::span(data, size)), "input"), size);
  } catch (const relreason::error& e) {
    // Errors of the reader only: what it accepts, the writer must write.
    must(std::string_view(e.what()).find("safetensors::parse: input") == 0);
    must(relreason::detail::valid_utf8(e.what()));
  }
  return 0;
}
