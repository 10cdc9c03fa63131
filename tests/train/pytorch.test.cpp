// tests/train/pytorch.test.cpp -- ten steps of Adam on a Relation Network follow PyTorch's.
#include "catch.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/train/trainer.hpp"
#include "support/reference.hpp"

using namespace relreason;

namespace {

struct question : sample {};
struct object : each<question> {};
struct pair : all_pairs<object> {};
struct word : each<question> {};
using rn = model<input<"o", features<3>, object>, input<"w", ids<7>, word>, input<"answer", label<4>, question>,
                 let<"q", last_state<lstm<4>, embedding<3>, leading>, of<"w">>,
                 let<"r", sum_over<pair, mlp<relu<5>, relu<5>>, padded<6>>, of<"o", "o", "q">>, let<"f", mlp<relu<6>, linear<4>>, of<"r">>,
                 minimize<cross_entropy<>, of<"f", "answer">>>;
const name_table names{{{"q.", ""}, {"r.", ""}}};

// Single precision over ten steps: 24 bits, losses up to 60, a few hundred roundings a step.
constexpr double float_tolerance = 2e-5;

template <class T>
batch<rn, T> read_batch(const reference& r, const std::string& which) {
  batch<rn, T> b;
  const auto counts = r.integers(which + "counts"), lengths = r.integers(which + "lengths");
  for (std::size_t s = 0; s < counts.size(); ++s) {
    b.add_sample();
    b.template count<object>(counts[s]);
    b.template count<word>(lengths[s]);
  }
  b.template space<word>().padded = 6;
  b.template values<"o">() = r.values<T>(which + "objects");
  b.template values<"w">() = r.integers(which + "tokens");
  b.template values<"answer">() = r.integers(which + "labels");
  return b;
}
limits<rn> planned() {
  limits<rn> at;
  at.samples = 3;
  at.set<object>(6).set<word>(6);
  return at;
}

}  // namespace

TEST_CASE("trainer: losses, gradient norms and weights follow ten steps of PyTorch's Adam", "[train][pytorch]") {
  const reference r("trajectory");
  thread_pool pool(2);
  trainer<rn> t(planned(), pool, {.clip = 50}, adam{.weight_decay = 1e-4});
  r.load(t.weights, names);
  const auto losses = r.values("output.losses"), norms = r.values("output.norms");
  REQUIRE(norms[0] > 50);  // clipped
  REQUIRE(norms[9] < 50);  // not clipped
  const batch<rn> batches[2] = {read_batch<float>(r, "input.batch0."), read_batch<float>(r, "input.batch1.")};
  for (std::size_t k = 0; k < 10; ++k) {
    INFO("step " << k);
    CHECK(t.step(batches[k % 2], 1e-2) == Approx(losses[k]).epsilon(float_tolerance));
    CHECK(t.gradient_size() == Approx(norms[k]).epsilon(float_tolerance));
  }
  for (const auto& e : t.weights.table().entries) {
    INFO(e.path);
    const auto wanted = r.values("output.final." + names(e.path));
    CHECK(gap_of(t.weights.data() + e.offset, wanted.data(), wanted.size()) < float_tolerance);
  }
}

TEST_CASE("gradient of the first step agrees with PyTorch's, in double", "[train][pytorch]") {
  const reference r("trajectory");
  parameters<rn, double> p;
  r.load(p, names);
  serial_executor serial;
  gradient_program<rn, double> program(planned(), serial, select_kernels<double>());
  program.run(read_batch<double>(r, "input.batch0."), p, {});
  CHECK(program.loss() == Approx(r.values("output.losses")[0]).epsilon(reference_tolerance));
  for (const auto& e : p.table().entries) {
    INFO(e.path);
    const auto wanted = r.values("gradient." + names(e.path));
    CHECK(gap_of(program.gradients().data() + e.offset, wanted.data(), wanted.size()) < reference_tolerance);
  }
}
