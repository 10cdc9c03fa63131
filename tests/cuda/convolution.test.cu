// tests/cuda/convolution.test.cu -- a step from pixels on a GPU: the CPU's gradient and running statistics, and the same bits each time.
#include "relreason/backend/cuda/convolution.cuh"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "needs_device.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/backend/cuda/program.cuh"
#include "relreason/backend/cuda/session.cuh"
#include "relreason/core/gradient.hpp"
#include "support/small_pixels.hpp"

using namespace relreason;
using small_pixels::pictures, small_pixels::net;

namespace {

using on_gpu = device::session<device::cuda_system>;
using gpu_program = device::batch_program<net, device::cuda_system, device::cublaslt_products, true>;
using store = device::storage<device::cuda_system>;

// Largest gap over largest number.
double apart(const float* a, const float* b, std::size_t n) {
  double most = 0, largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    most = std::max(most, std::isfinite(b[i]) ? std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])) : INFINITY);
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
  }
  return most / largest;
}

// Gradients of two steps behind each other, then the running statistics.
std::vector<float> two_steps() {
  on_gpu session(0, precision::full);
  gpu_program program(limits<net>{.samples = 20}, session.system(), session.products());
  typename on_gpu::graphs graphs;
  parameters<net> p(3);
  program.send(p);
  std::vector<float> out;
  for (const int n : {20, 13}) {
    program.run(pictures(n), {}, {}, [&](const auto& shape, auto&& work) { session.run(graphs, shape, work, program.scratch()); });
    std::vector<float> g(p.learned());
    store::copy(program.system(), g.data(), program.gradients(), g.size() * sizeof(float));
    store::wait(program.system());
    out.insert(out.end(), g.begin(), g.end());
  }
  program.fetch(p);
  out.insert(out.end(), p.state(), p.state() + p.table().state_total);
  return out;
}

}  // namespace

TEST_CASE("GPU: gradients and running statistics of two steps from pixels are the CPU's, with the same bits each time", "[small]") {
  if (no_device()) return;
  const auto found = two_steps();
  CHECK(found == two_steps());
  serial_executor serial;
  parameters<net> p(3);
  gradient_program<net> cpu(limits<net>{.samples = 20}, serial, select_kernels<float>());
  const float* at = found.data();
  for (const int n : {20, 13}) {
    cpu.run(pictures(n), p, {});
    for (const auto& e : p.table().entries) {
      INFO(e.path);
      CHECK(apart(cpu.gradients().data() + e.offset, at + e.offset, e.count) < 1e-4);  // float sums in two orders, some layers deep
    }
    at += p.learned();
  }
  CHECK(apart(p.state(), at, p.table().state_total) < 1e-5);
}
