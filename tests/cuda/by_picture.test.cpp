// tests/cuda/by_picture.test.cpp -- networks that see a picture once for all its questions: a step on a device's code is the CPU's.
#include "agreement.hpp"
#include "support/small_by_picture.hpp"
#include "systems.hpp"

using namespace relreason;

namespace {

// Of an array's largest number: of 33,000 values behind a ReLU a few lie so near 0 that rounding decides their side, and one pair of 16,384 more or
// less is 6e-5 of a sum over pairs.
constexpr double of_array = 3e-4;

template <class M>
void check_step() {
  const auto at = small_by_picture::planned<M>();
  const auto b = small_by_picture::pictures<M, float>();
  thread_pool two(2);
  parameters<M> p(3);
  gradient_program<M, float, "a"> cpu(at, two, select_kernels<float>());
  cuda_test::on_system<device::serial_system, M, "a"> there(at);
  there.program.send(p);
  std::vector<float> wanted(4 * 28), found(4 * 28);
  cpu.run(b, p, {.seed = 5, .step = 2}, {wanted.data()});
  there.run(b, {.seed = 5, .step = 2}, {found.data()});
  CHECK(cuda_test::apart(wanted.data(), found.data(), wanted.size()) < 2 * cuda_test::agreement);
  CHECK(std::abs(there.program.loss() / cpu.loss() - 1) < cuda_test::agreement);
  CHECK(there.program.right() == cpu.right());
  const float *ours = cpu.gradients().data(), *theirs = there.program.gradients();
  for (const auto& e : p.table().entries) {
    if (e.frozen || (e.path[0] == 'c' && e.path.ends_with(".bias"))) continue;  // batch norm takes these out again: their gradient is rounding alone
    INFO(e.path);
    CHECK(cuda_test::apart(ours + e.offset, theirs + e.offset, e.count) < of_array);
    CHECK(std::any_of(ours + e.offset, ours + e.offset + e.count, [](float g) { return std::abs(g) > 1e-4f; }));
  }
}

}  // namespace

TEST_CASE("device: a step of RN, 2S-RN and AVF-RN by picture, 8 units wide on pairs, is the CPU's", "[cuda]") {
  check_step<small_by_picture::rn>();
  check_step<small_by_picture::two_stage_rn>();
  check_step<small_by_picture::avf_rn>();
}
