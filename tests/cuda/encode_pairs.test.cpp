// tests/cuda/encode_pairs.test.cpp -- values of pairs, sums into receivers and repeated cells on a device's code, beside the CPU.
#include "relreason/message/encode_pairs.hpp"

#include "agreement.hpp"
#include "relreason/nn/grid_objects.hpp"
#include "support/questions_of_scenes.hpp"
#include "systems.hpp"

using namespace relreason;
using namespace questions_of_scenes;
using cuda_test::check_agreement;

namespace {

struct asked_cell : exactly<6, question> {};
struct asked_cells : all_pairs<asked_cell> {};
using repeated = model<input<"x", maps<2, 2, 3>, scene>, input<"w", features<2>, question>, input<"label", label<3>, question>,
                       let<"c", grid_objects<asked_cell>, of<"x">>, let<"q", linear<3>, of<"w">>,
                       let<"r", sum_over<asked_cells, mlp<relu<5>, relu<4>>>, of<"c", "c", "q">>, let<"a", linear<3>, of<"r">>,
                       minimize<cross_entropy<>, of<"a", "label">>>;

template <class System, class... Options>
void check_shared_prefix() {
  using M = shared_prefix<Options...>;
  check_agreement<System>(planned<M>(), several_each<M, float>());
}

// Of 41 questions, 154 pairs and 127 of questions with pairs a device runs 42, 160 and 128; the rows beyond the batch count for nothing.
std::vector<counts> many_scenes() {
  std::vector<counts> all;
  for (int i = 0; i < 5; ++i) all.insert(all.end(), std::begin(all_scenes), std::end(all_scenes));
  all.push_back({2, 1});
  return all;
}
template <class M>
limits<M> planned_for_many() {
  auto at = planned<M>();
  at.samples = 40;
  return at;
}
template <class... Options>
void check_some_pairs_at_once() {
  using M = shared_prefix<Options...>;
  using System = device::serial_system;
  const auto at = planned_for_many<M>();
  const auto b = several_each<M, float>(many_scenes());
  serial_executor serial;
  parameters<M> p(3);
  gradient_program<M> cpu(at, serial, select_kernels<float>());
  cpu.run(b, p, {.seed = 5});
  device::session<System> session{0, precision::full};
  typename device::session<System>::graphs graphs;
  using program = device::batch_program<M, System, typename device::session<System>::products_type, true>;
  std::unique_ptr<program> there;
  for (std::size_t most = 1 << 16; !there; most += most / 32) {  // the least memory that does
    REQUIRE(most < 1 << 24);
    try {
      there = std::make_unique<program>(at, session.system(), session.products(), most);
    } catch (const error&) {}
  }
  REQUIRE(there->computes_again());
  CHECK(there->pairs_at_once() == 256);
  there->send(p);
  there->run(b, {.seed = 5}, {}, [&](const auto& shape, auto&& work) { session.run(graphs, shape, work, there->scratch()); });
  CHECK(there->right() == cpu.right());
  CHECK(there->right()[M::n - 1] > 0);
  for (const auto& e : p.table().entries) {
    INFO(e.path);
    CHECK(cuda_test::apart(cpu.gradients().data() + e.offset, there->gradients() + e.offset, e.count) < cuda_test::agreement);
  }
}

}  // namespace

TEMPLATE_TEST_CASE("device: values of pairs and sums into receivers agree with the CPU", "[cuda]", RELREASON_HOST_SYSTEMS) {
  check_shared_prefix<TestType>();
  check_shared_prefix<TestType, by_mean>();
  check_shared_prefix<TestType, by_max>();
  check_shared_prefix<TestType, by_weights<16>>();
}

TEST_CASE("device: values of pairs and sums into receivers agree where more rows run than the batch has", "[cuda]") {
  using sums = shared_prefix<>;
  check_agreement<device::serial_system>(planned_for_many<sums>(), several_each<sums, float>(many_scenes()));
  using means = shared_prefix<by_mean>;
  check_agreement<device::serial_system>(planned_for_many<means>(), several_each<means, float>(many_scenes()));
}

TEST_CASE("device: values of pairs and sums into receivers agree where pairs are computed again, some at a time", "[cuda]") {
  check_some_pairs_at_once<by_max>();
  check_some_pairs_at_once<by_weights<16>>();
}

TEST_CASE("device: maps repeated for every question agree with the CPU", "[cuda]") {
  batch<repeated> b;
  random_stream random{3, 2};
  for (const int questions : {2, 0, 3}) {
    b.add_sample();
    b.count<question>(questions);
    push_some(random, 12, [&](float x) { b.push<"x">(x); });
    push_some(random, 2 * questions, [&](float x) { b.push<"w">(x); });
    for (int q = 0; q < questions; ++q) b.push<"label">(q);
  }
  limits<repeated> at{.samples = 3};
  at.set<question>(3);
  check_agreement<device::serial_system>(at, b);
}
