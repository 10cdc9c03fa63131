// tests/cuda/primitives.test.cu -- every device primitive on a GPU: the bytes that Thrust's serial system gives, captured in a graph or not.
#include <cuda_bf16.h>

#include <vector>

#include "catch.hpp"
#include "cuda/all_primitives.hpp"
#include "needs_device.hpp"
#include "relreason/backend/cuda/graph.cuh"
#include "relreason/backend/cuda/memory.cuh"

namespace {

using namespace relreason;
using systems_test::all_primitives;
using bytes = std::vector<std::byte>;

bytes prepared() {
  bytes b(all_primitives::bytes());
  all_primitives::prepare(b.data());
  return b;
}
bytes serial_result() {
  bytes b = prepared(), scratch(all_primitives::scratch_bytes);
  all_primitives::run(device::serial_system{}, b.data(), scratch.data());
  return b;
}

struct on_device {
  device::stream stream;
  device::device_memory block{all_primitives::bytes()}, scratch{all_primitives::scratch_bytes};
  void upload(const bytes& b) const { device::copy(stream.get(), block.data(), b.data(), b.size()); }
  void run() const { all_primitives::run(device::cuda_system{stream.get()}, block.data(), scratch.data()); }
  bytes download() const {
    bytes b(block.bytes());
    device::copy(stream.get(), b.data(), block.data(), b.size());
    stream.synchronize();
    return b;
  }
};

std::size_t first_difference(const bytes& a, const bytes& b) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) return i;
  return a.size();
}

}  // namespace

TEST_CASE("primitives: a GPU gives the bytes of the serial system, run after run", "[small]") {
  if (no_device()) return;
  const on_device d;
  const bytes start = prepared(), wanted = serial_result();
  for (int run = 0; run < 2; ++run) {
    d.upload(start);
    d.run();
    CHECK(first_difference(d.download(), wanted) == wanted.size());
  }
}

TEST_CASE("primitives: all of them may be captured, and a replay gives the same bytes") {
  if (no_device()) return;
  const on_device d;
  const bytes start = prepared(), wanted = serial_result();
  device::captured_graph graph;
  graph.capture(d.stream, [&] { d.run(); });
  for (int run = 0; run < 2; ++run) {
    d.upload(start);
    graph.launch(d.stream);
    CHECK(first_difference(d.download(), wanted) == wanted.size());
  }
}

TEST_CASE("primitives: copies and pairs may be stored as bf16") {
  if (no_device()) return;
  const device::stream stream;
  const device::cuda_system on{stream.get()};
  const std::vector<float> x{1, -2, 3.00390625f, 1e-3f};
  const device::device_memory from(4 * sizeof(float)), to(4 * sizeof(__nv_bfloat16)), sums(4 * sizeof(__nv_bfloat16));
  device::copy(stream.get(), from.as<float>(), x.data(), 4);
  device::copy(on, 4, to.as<__nv_bfloat16>(), from.as<const float>());
  const int* const itself = nullptr;
  device::gather_pairs(on, 2, 2, sums.as<__nv_bfloat16>(), from.as<float>(), itself, from.as<float>(), itself, true);
  std::vector<__nv_bfloat16> copied(4), added(4);
  device::copy(stream.get(), copied.data(), to.as<__nv_bfloat16>(), 4);
  device::copy(stream.get(), added.data(), sums.as<__nv_bfloat16>(), 4);
  stream.synchronize();
  for (std::size_t i = 0; i < 4; ++i) {
    CHECK(__bfloat162float(copied[i]) == __bfloat162float(__float2bfloat16(x[i])));
    CHECK(__bfloat162float(added[i]) == __bfloat162float(__float2bfloat16(x[i] < 0 ? 0.f : 2 * x[i])));
  }
}
