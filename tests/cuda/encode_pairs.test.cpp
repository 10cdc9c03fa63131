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

}  // namespace

TEMPLATE_TEST_CASE("device: values of pairs and sums into receivers agree with the CPU", "[cuda]", RELREASON_HOST_SYSTEMS) {
  check_shared_prefix<TestType>();
  check_shared_prefix<TestType, by_mean>();
  check_shared_prefix<TestType, by_max>();
  check_shared_prefix<TestType, by_weights<16>>();
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
