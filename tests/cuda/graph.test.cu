// tests/cuda/graph.test.cu -- a captured step: replays, is captured again in place, and refuses what may not be captured.
#include <cstddef>
#include <stdexcept>
#include <string>

#include "catch.hpp"
#include "needs_device.hpp"
#include "relreason/backend/cuda/graph.cuh"
#include "relreason/backend/cuda/memory.cuh"
#include "relreason/backend/cuda/system.cuh"
#include "support/message_of.hpp"

namespace {

using namespace relreason::device;

struct add_to_all {
  int* x;
  int by;
  __host__ __device__ void operator()(std::size_t i) const { x[i] += by; }
};

// x on the device, with 1000 numbers.
struct numbers {
  static constexpr std::size_t n = 1000;
  stream on;
  device_memory memory{n * sizeof(int)};
  numbers() { zero(on.get(), x(), n); }
  int* x() const { return memory.as<int>(); }
  void add(int by) const { each(cuda_system{on.get()}, n, add_to_all{x(), by}); }
  // -1 where they differ
  int value() const {
    pinned_memory back(n * sizeof(int));
    copy(on.get(), back.as<int>(), x(), n);
    on.synchronize();
    for (std::size_t i = 1; i < n; ++i)
      if (back.as<int>()[i] != back.as<int>()[0]) return -1;
    return back.as<int>()[0];
  }
};

}  // namespace

TEST_CASE("graph: launch before capture is refused") {
  const captured_graph graph;
  CHECK_FALSE(graph.captured());
  if (no_device()) return;
  const stream on;
  CHECK(contains(message_of([&] { graph.launch(on); }), "launch() before capture()"));
}

TEST_CASE("graph: capturing runs nothing, each launch runs everything once, in order", "[small]") {
  if (no_device()) return;
  const numbers v;
  captured_graph graph;
  graph.capture(v.on, [&] { v.add(1), v.add(10); });
  CHECK(v.value() == 0);
  CHECK(graph.nodes() == 2);
  for (int i = 0; i < 3; ++i) graph.launch(v.on);
  CHECK(v.value() == 33);
}

TEST_CASE("graph: captured again, it holds the new work", "[small]") {
  if (no_device()) return;
  const numbers v;
  captured_graph graph;
  graph.capture(v.on, [&] { v.add(1); });
  graph.capture(v.on, [&] { v.add(5); });
  graph.launch(v.on);
  CHECK(v.value() == 5);
  graph.capture(v.on, [&] { v.add(5), zero(v.on.get(), v.x(), v.n), v.add(2); });
  CHECK(graph.nodes() == 3);
  graph.launch(v.on);
  CHECK(v.value() == 2);
}

TEST_CASE("graph: work that waits or throws is an error, and the stream is usable after it") {
  if (no_device()) return;
  const numbers v;
  captured_graph graph;
  CHECK_THROWS_AS(graph.capture(v.on, [&] { v.add(1), v.on.synchronize(); }), relreason::error);
  CHECK_THROWS_AS(graph.capture(v.on, [&] { v.add(1), throw std::runtime_error("own"); }), std::runtime_error);
  CHECK_FALSE(graph.captured());
  graph.capture(v.on, [&] { v.add(7); });
  graph.launch(v.on);
  CHECK(v.value() == 7);
}
