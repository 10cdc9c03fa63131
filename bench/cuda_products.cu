// bench/cuda_products.cu -- the products of a Relation Network's layers by cuBLASLt on a GPU: milliseconds, TFLOP/s, GB/s.
// Events around replays of a captured graph, median of rounds, random data; the tests check the results.
#include <algorithm>
#include <cstdio>
#include <deque>
#include <iterator>
#include <vector>

#include "relreason/backend/cuda/cublaslt.cuh"
#include "relreason/backend/cuda/device.cuh"
#include "relreason/backend/cuda/graph.cuh"
#include "relreason/backend/cuda/memory.cuh"
#include "relreason/core/philox.hpp"

namespace {

using namespace relreason;
using namespace relreason::device;

struct shape {
  const char* what;
  int rows, k, n;
};
constexpr shape shapes[]{{"g layer, 64 objects, batch 64", 64 * 64 * 64, 256, 256},
                         {"g layer, 12 slots, batch 640", 144 * 640, 512, 512},
                         {"f layer, batch 640", 640, 512, 512},
                         {"f layer, batch 1", 1, 256, 256}};
// The backward pass exchanges k and n.
static_assert(std::all_of(std::begin(shapes), std::end(shapes), [](const shape& s) { return s.k == s.n; }));
constexpr int replays = 50, rounds = 5;

// 2 per multiply-add
double flop(const shape& s) { return 2.0 * s.rows * s.k * s.n; }
// Each operand and the result once, 4 bytes an element: the least that must move in fp32.
double least_bytes(const shape& s) { return 4.0 * (double(s.rows) * s.k + double(s.k) * s.n + double(s.rows) * s.n); }

struct layer {
  stream on;
  device_memory workspace{cublaslt_workspace_bytes, "cuBLASLt's workspace"};
  std::deque<device_memory> arrays;
  template <class T>
  T* take(std::size_t n) {
    return arrays.emplace_back(n * sizeof(T), "the bench").template as<T>();
  }
  float* random(std::size_t n, std::uint64_t of) {
    std::vector<float> v(n);
    for (std::size_t i = 0; i < n; ++i) v[i] = 2 * philox::uniform(7, of, i) - 1;
    float* there = take<float>(n);
    copy(on.get(), there, v.data(), n);
    on.synchronize();
    return there;
  }
};

// Median milliseconds of one call of work, captured and replayed.
template <class Work>
double milliseconds(const layer& l, Work&& work) {
  work();  // chooses algorithms, loads kernels
  l.on.synchronize();
  captured_graph graph;
  graph.capture(l.on, work);
  event begin(true), end(true);
  std::vector<double> times;
  for (int round = 0; round <= rounds; ++round) {
    begin.record(l.on);
    for (int i = 0; i < replays; ++i) graph.launch(l.on);
    end.record(l.on);
    end.synchronize();
    if (round) times.push_back(begin.milliseconds_to(end) / replays);  // the first warms up
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

void print(const shape& s, precision p, const char* pass, double ms) {
  std::printf("| %s | %s | %s | %.4f | %.1f | %.0f |\n", s.what, text_of(p), pass, ms, flop(s) / ms * 1e-9, least_bytes(s) / ms * 1e-6);
}

void measure(const shape& s, precision p) {
  layer l;
  cublaslt_products products({l.on.get()}, p, l.workspace.data());
  const auto rows = static_cast<std::size_t>(s.rows), k = static_cast<std::size_t>(s.k), n = static_cast<std::size_t>(s.n);
  affine_product a{.rows = s.rows, .k = s.k, .n = s.n, .ldx = s.k, .ldw = s.k, .ldy = s.n, .relu = true, .ldbits = mask_words(s.n)};
  a.x = l.random(rows * k, 1), a.w = l.random(n * k, 2), a.bias = l.random(n, 3), a.y = l.take<float>(rows * n);
  a.bits = l.take<std::uint32_t>(rows * static_cast<std::size_t>(a.ldbits));
  a.scratch = l.take<std::byte>(products.scratch_bytes(s.rows, s.k, s.n));
  print(s, p, "forward, ReLU and mask", milliseconds(l, [&] { products.affine(a); }));

  // dX = (dY W) gated
  affine_product back = a;
  back.transposed = true, back.bias = nullptr, back.relu = false, back.bits = nullptr;
  back.gate_bits = a.bits, back.ldgate = a.ldbits, back.gate_sum = l.take<float>(n);
  print(s, p, "backward, gate and bias gradient", milliseconds(l, [&] { products.affine(back); }));

  outer_product o{
      .rows = s.rows, .m = s.n, .n = s.k, .a = a.y, .lda = s.n, .b = a.x, .ldb = s.k, .ldc = s.k, .accumulate = false, .scratch = a.scratch};
  o.c = l.take<float>(n * k);
  print(s, p, "weight gradient", milliseconds(l, [&] { products.outer(o); }));
  if (products.unfused_shapes()) std::printf("%s\n", products.description().c_str());
}

}  // namespace

int main() {
  if (devices_present() == 0) {
    std::printf("bench_cuda_products: no CUDA device; nothing measured\n");
    return 0;
  }
  std::printf("%s\n\n| layer | precision | pass | ms | TFLOP/s | GB/s at least |\n| --- | --- | --- | --- | --- | --- |\n",
              text_of(open_device(0)).c_str());
  for (const precision p : {precision::full, precision::tf32, precision::bf16})
    for (const shape& s : shapes) measure(s, p);
}
