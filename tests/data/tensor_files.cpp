// tests/data/tensor_files.cpp -- reads a tensor file and writes it again; safetensors_python.py compares both with the Python packages.
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "relreason/data/npy.hpp"
#include "relreason/data/safetensors.hpp"

namespace {

void copy_safetensors(const char* from, const char* to) {
  const relreason::safetensors::file in(from);
  relreason::safetensors::writer out;
  for (const auto& [key, value] : in.metadata()) out.metadata(key, value);
  for (const auto& t : in.tensors()) out.add(t.name, t.type, t.shape, t.bytes);
  out.write(to);
}

template <class T>
bool copy_npy_as(const relreason::npy::file& in, const char* to) {
  if (in.type() != relreason::element_of<T>()) return false;
  std::vector<std::uint8_t> values(in.count() * sizeof(T));
  in.copy_to(reinterpret_cast<T*>(values.data()), in.count());
  relreason::npy::write(to, reinterpret_cast<const T*>(values.data()), in.shape());
  return true;
}

void copy_npy(const char* from, const char* to) {
  const relreason::npy::file in(from);
  const bool done = copy_npy_as<float>(in, to) || copy_npy_as<double>(in, to) || copy_npy_as<std::int32_t>(in, to) ||
                    copy_npy_as<std::int64_t>(in, to) || copy_npy_as<std::uint8_t>(in, to) || copy_npy_as<bool>(in, to);
  if (!done) relreason::fail("tensor_files: ", from, ": found ", info(in.type()).name, ", wanted F32, F64, I32, I64, U8 or BOOL");
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) relreason::fail("usage: tensor_files FROM TO, both .safetensors or both .npy");
  std::string_view(argv[1]).ends_with(".npy") ? copy_npy(argv[1], argv[2]) : copy_safetensors(argv[1], argv[2]);
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s\n", e.what());
  return 1;
}
