// tests/fuzz/fuzz_npy.cpp -- any bytes give an error or an array whose header can be written and read again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "relreason/data/npy.hpp"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

template <class T>
void copy(const relreason::npy::file& file) {
  try {
    file.values<T>();
  } catch (const relreason::error&) {}
}

void check(const relreason::npy::file& file, std::size_t input_bytes) {
  must(file.bytes().size() <= input_bytes);
  copy<float>(file);
  copy<double>(file);
  copy<std::int8_t>(file);
  copy<std::uint64_t>(file);
  const std::string header = relreason::npy::header(file.type(), file.shape());
  std::vector<std::byte> written(header.size());
  std::memcpy(written.data(), header.data(), header.size());
  written.insert(written.end(), file.bytes().begin(), file.bytes().end());
  const relreason::npy::file again = relreason::npy::parse(written);
  must(again.type() == file.type() && again.shape() == file.shape());
  must(std::equal(file.bytes().begin(), file.bytes().end(), again.bytes().begin(), again.bytes().end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    check(relreason::npy::parse(std::as_bytes(std::span(data, size)), "input"), size);
  } catch (const relreason::error& e) {
    // A shape of nearly 10,000 bytes may be read without the spaces that writing adds.
    const std::string_view text = e.what();
    must(text.find("npy::parse: input") == 0 || text.find("npy::write: found") == 0);
  }
  return 0;
}
