// tests/cuda/agreement.hpp -- one training step of a model on a device's system beside the same on the CPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/backend/cuda/program.cuh"
#include "relreason/backend/cuda/session.cuh"
#include "relreason/core/gradient.hpp"

namespace cuda_test {

using namespace relreason;

// Of the largest number of an array: both sides add the same floats, in other orders.
inline constexpr double agreement = 5e-6;

// A training program on a host system, called as a trainer does it.
template <class System, class M, name... Wanted>
struct on_system {
  device::session<System> session;
  typename device::session<System>::graphs graphs;
  device::batch_program<M, System, typename device::session<System>::products_type, true, Wanted...> program;
  explicit on_system(const limits<M>& at, precision p = precision::full, std::size_t most_bytes = 0)
      : session(0, p), program(at, session.system(), session.products(), most_bytes) {}
  void run(const batch<M>& b, const step_options& o, const std::array<float*, sizeof...(Wanted)>& outputs = {}) {
    program.run(b, o, outputs, [&](const auto& shape, auto&& work) { session.run(graphs, shape, work, program.scratch()); });
  }
};

// How far b is from a, in parts of a's largest number.
inline double apart(const float* a, const float* b, std::size_t n) {
  double most = 0, largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
    largest = std::max(largest, std::abs(static_cast<double>(a[i])));
    if (!std::isfinite(b[i])) most = INFINITY;
  }
  return largest > 0 ? most / largest : most;
}

// Loss, every array's gradient, and again with these gradients doubled by a second part.
template <class System, class M>
void check_agreement(const limits<M>& at, const batch<M>& b) {
  serial_executor serial;
  const parameters<M> start(3);
  parameters<M> p = start;
  gradient_program<M> cpu(at, serial, select_kernels<float>());
  on_system<System, M> there(at);
  there.program.send(p);
  for (const bool accumulate : {false, true}) {
    INFO((accumulate ? "second part" : "first part") << " on " << System::name);
    const step_options options{.seed = 5, .step = 2, .scale = .5, .accumulate = accumulate};
    cpu.run(b, p, options);
    there.run(b, options);
    CHECK(std::abs(there.program.loss() / cpu.loss() - 1) < agreement);
    double size = 0;
    for (const auto& e : p.table().entries) {
      if (e.frozen) continue;
      INFO(e.path);
      CHECK(apart(cpu.gradients().data() + e.offset, there.program.gradients() + e.offset, e.count) < agreement);
      for (std::size_t k = 0; k < e.count; ++k) size = std::max(size, std::abs(static_cast<double>(cpu.gradients()[e.offset + k])));
    }
    CHECK(size > 1e-3);  // something was compared
  }
}

}  // namespace cuda_test
