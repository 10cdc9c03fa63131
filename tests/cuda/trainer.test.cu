// tests/cuda/trainer.test.cu -- training on a GPU follows the CPU, in every precision, from captured graphs, with the same bits each time.
#include "relreason/backend/cuda/trainer.cuh"

#include <algorithm>
#include <cmath>
#include <vector>

#include "catch.hpp"
#include "needs_device.hpp"
#include "relreason/backend/cuda/predictor.cuh"
#include "support/small_relations.hpp"

using namespace relreason;

namespace {

using on_gpu = device::trainer_on<device::cuda_system, small::net>;
using gpu_program = device::batch_program<small::net, device::cuda_system, device::cublaslt_products, true>;

constexpr double rate = 1e-3;

template <class Trainer>
std::vector<float> weights_after(Trainer& t, int first, int steps) {
  for (int k = first; k < first + steps; ++k) t.step(small::scenes(k % 7, 40), rate);
  t.refresh();
  return {t.weights.data(), t.weights.data() + t.weights.learned()};
}
// sqrt(mean (a - b)^2) over sqrt(mean a^2)
double apart(const std::vector<float>& a, const std::vector<float>& b) {
  double difference = 0, size = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
    size += std::pow(static_cast<double>(a[i]), 2);
  }
  return std::isfinite(difference) ? std::sqrt(difference / size) : INFINITY;
}
template <class OnStream>
std::vector<float> gradient(gpu_program& program, const batch<small::net>& b, OnStream&& on_stream) {
  using store = device::storage<device::cuda_system>;
  program.run(b, {.seed = 5}, {}, on_stream);
  std::vector<float> g(parameters<small::net>::table().learned);
  store::copy(program.system(), g.data(), program.gradients(), g.size() * sizeof(float));
  store::wait(program.system());
  return g;
}

}  // namespace

TEST_CASE("GPU: the gradient of a step is the CPU's", "[small]") {
  if (no_device()) return;
  serial_executor serial;
  parameters<small::net> p(3);
  const auto b = small::scenes(0, 40);
  // Rounding of the operands: 2^-24, 2^-11 and 2^-9, some layers deep. bf16 is compared with the CPU's bf16.
  for (const auto& [how, most] : {std::pair{precision::full, 1e-5}, {precision::tf32, 5e-3}, {precision::bf16, 2e-2}}) {
    INFO(text_of(how));
    gradient_program<small::net> cpu(small::planned(), serial, select_kernels<float>(isa::automatic, how == precision::bf16 ? how : precision::full));
    cpu.run(b, p, {.seed = 5});
    device::session<device::cuda_system> session(0, how);
    gpu_program program(small::planned(), session.system(), session.products());
    program.send(p);
    const auto found = gradient(program, b, [](const auto&, auto&& work) { work(); });
    CHECK(apart({cpu.gradients().begin(), cpu.gradients().end()}, found) < most);
  }
}

TEST_CASE("GPU trainer: 1, 10 and 100 steps follow the CPU's") {
  if (no_device()) return;
  thread_pool two(2);
  for (const auto& [how, most] : {std::pair{precision::full, 1e-5}, {precision::tf32, 3e-3}, {precision::bf16, 1e-2}}) {
    trainer<small::net> cpu(small::planned(), two, {.seed = 3, .arithmetic = how == precision::bf16 ? how : precision::full});
    on_gpu gpu(small::planned(), two, {.seed = 3, .arithmetic = how});
    for (const auto& [steps, grown] : {std::pair{1, 1}, {9, 3}, {90, 10}}) {
      const int first = static_cast<int>(cpu.steps);
      INFO(text_of(how) << ", " << first + steps << " steps");
      CHECK(apart(weights_after(cpu, first, steps), weights_after(gpu, first, steps)) < most * grown);
    }
  }
}

TEST_CASE("GPU trainer: two trainers get the same bits, and steps after the first are one graph") {
  if (no_device()) return;
  serial_executor serial;
  on_gpu a(small::planned(), serial, {.seed = 3}), b(small::planned(), serial, {.seed = 3});
  CHECK(weights_after(a, 0, 20) == weights_after(b, 0, 20));
  CHECK(a.stepper().captured_steps() > 0);
}

TEST_CASE("GPU: captured steps equal those that were not, for shapes that come and go", "[small]") {
  if (no_device()) return;
  const parameters<small::net> p(3);
  for (const precision how : {precision::full, precision::bf16}) {
    INFO(text_of(how));
    device::session<device::cuda_system> session(0, how);
    gpu_program program(small::planned(), session.system(), session.products());
    program.send(p);
    device::session<device::cuda_system>::graphs graphs;
    for (int round = 0; round < 3; ++round)
      for (const auto& [first, last] : {std::pair{0, 40}, {3, 11}, {0, 40}, {5, 6}}) {
        const auto b = small::scenes(first, last);
        const auto plain = gradient(program, b, [](const auto&, auto&& work) { work(); });
        const auto found = gradient(program, b, [&](const auto& shape, auto&& work) { session.run(graphs, shape, work, program.scratch()); });
        CHECK(plain == found);
      }
    CHECK(graphs.size() == 3);
  }
}

TEST_CASE("GPU predictor: answers are the CPU's") {
  if (no_device()) return;
  const parameters<small::net> p(3);
  const predictor<small::net, float, "a", "r.pairs"> cpu(p, small::planned(), select_kernels<float>());
  auto workspace = cpu.make_workspace();
  cuda_predictor<small::net, "a", "r.pairs"> gpu(p, small::planned());
  const auto b = small::scenes(0, 40);
  std::vector<float> a(160), r(static_cast<std::size_t>(cpu.rows<"r.pairs">(b))), found_a = a, found_r = r;
  cpu.run(workspace, b, {a.data(), r.data()});
  gpu.run(b, {found_a.data(), found_r.data()});
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(std::abs(a[i] - found_a[i]) < 1e-5f);
  for (std::size_t i = 0; i < r.size(); ++i) CHECK(std::abs(r[i] - found_r[i]) < 1e-5f);
}

TEST_CASE("GPU trainer: verdicts on rows are those of the rows that it copies") {
  if (no_device()) return;
  serial_executor serial;
  device::trainer_on<device::cuda_system, small::net, adam, "a"> gpu(small::planned(), serial, {.seed = 3});
  constexpr double rounding = 1e-12;  // of exp and log there and here, and the order of a sum
  int largest = 0;
  for (int k = 0; k < 20; ++k) {
    gpu.step(small::scenes(k, k + 40), rate);
    const auto computed = gpu.answers();
    const answers_of<small::net> copied{small::samples, [&](const batch<small::net>& b, float* rows) { computed(b, {rows}); }};
    row_judge<small::net, "a", "label"> here(copied), there({copied.samples, copied.run, gpu.verdicts(), small::net::find<"a">()});
    const auto b = small::scenes(k, k + 40 - k % 7);
    double wanted = 0, found = 0;
    const auto &a = here(b, &wanted), &v = there(b, &found);
    CHECK(std::abs(found / wanted - 1) < rounding);
    REQUIRE(a.size() == v.size());
    for (std::size_t i = 0; i < a.size(); ++i) {
      CHECK((a[i].largest == v[i].largest && a[i].rank == v[i].rank));
      largest += a[i].rank == 0;
    }
  }
  CHECK(largest > 50);  // of 742
}

TEST_CASE("GPU trainer: right answers counted in captured steps, and batches that name rows held there, are as on the CPU and as copied") {
  if (no_device()) return;
  serial_executor serial;
  const auto all = small::scenes(0, 80);
  const auto& o = all.values<"o">();
  const rows_view<const float> table{o.data(), static_cast<int>(o.size() / 3), 3};
  using gpu_with_logits = device::trainer_on<device::cuda_system, small::net, adam, "a">;
  gpu_with_logits held(small::planned(), serial, {.seed = 3, .tables = {{"o", table}}}), copied(small::planned(), serial, {.seed = 3});
  std::vector<float> logits(160);
  for (int k = 0; k < 30; ++k) {
    const auto b = small::scenes(k, k + 40 - k % 9);
    auto named = b;
    held.prepare(named);
    named.reals = {};  // "o" is all of them
    const auto offsets = all.space<small::object>().offsets.begin() + k;
    named.push_rows<"o">(table, static_cast<std::size_t>(*offsets), static_cast<std::size_t>(offsets[b.samples] - *offsets));
    CHECK(held.step(named, rate) == copied.step(b, rate, {logits.data()}));
    std::uint64_t right = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(b.samples); ++i)
      right += metric::largest_of(logits.data() + 4 * i, 4) == b.values<"label">()[i];
    CHECK(held.right<"a">() == right);
    CHECK(copied.right<"a">() == right);
  }
  CHECK(weights_after(copied, 0, 0) == weights_after(held, 0, 0));
}
