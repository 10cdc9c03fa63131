// tests/core/allocation.test.cpp -- no allocation in a training step or a prediction. Counts operator new, malloc and mmap of the whole program.
#include <cstdlib>

#include "catch.hpp"
#include "relreason/train/trainer.hpp"
#include "support/count_allocations.hpp"
#include "support/small_relations.hpp"
#include "support/toy_operations.hpp"

using namespace relreason;

#if RELREASON_COUNTS
namespace {

struct scene : sample {};
struct prompt : once {};
using with_once = model<input<"seed", features<1>, prompt>, input<"x", features<3>, scene>, input<"label", label<3>, scene>,
                        let<"t", toy::table<40, 1>, of<"seed">>, let<"u", mlp<relu<40>>, of<"t">>, let<"a", mlp<relu<40>, linear<3>>, of<"x", "u">>,
                        minimize<cross_entropy<>, of<"a", "label">>>;
using with_cuts = model<input<"x", features<3>, scene>, input<"label", label<3>, scene>, let<"h", linear<40>, of<"x">>,
                        let<"c", toy::center, of<"h">>, let<"g", mlp<relu<40>>, of<"c">>, let<"m", toy::times_mean, of<"g">>,
                        let<"a", linear<3>, of<"m">>, minimize<cross_entropy<>, of<"a", "label">>>;

template <class M>
batch<M> scenes(int first, int last) {
  if constexpr (std::is_same_v<M, small::net>) {
    return small::scenes(first, last);
  } else {
    batch<M> b;
    if constexpr (M::template find<"seed">() >= 0) b.template push<"seed">(1.f);
    for (int s = first; s < last; ++s) {
      random_stream random{17, static_cast<std::uint64_t>(s)};
      b.add_sample();
      for (int i = 0; i < 3; ++i) b.template push<"x">(2 * random.uniform() - 1);
      b.template push<"label">(s % 3);
    }
    return b;
  }
}
template <class M>
limits<M> planned() {
  if constexpr (std::is_same_v<M, small::net>) return small::planned();
  else {
    limits<M> at;
    at.samples = 40;
    return at;
  }
}

// Allocations of whole steps after the first: gradient, norm, clipping, Adam.
template <class M>
long in_trainer_steps(precision arithmetic) {
  thread_pool pool(2);
  trainer<M, adam, "a"> t(planned<M>(), pool, {.clip = .01, .arithmetic = arithmetic, .rate_factors = {{"a.", .5}}});
  std::vector<float> logits(4 * 40);
  const auto first = scenes<M>(0, 40), other = scenes<M>(3, 33);
  t.step(first, 1e-3, {logits.data()});
  const long before = allocations;
  t.step(other, 1e-3, {logits.data()});
  CHECK(t.gradient_size() > .01);  // it is clipped
  t.add(first, .5);
  t.add(other, .5);
  t.update(1e-3);
  return allocations - before;
}

}  // namespace

TEST_CASE("allocation: the counter sees operator new, malloc, memalign, mmap and aligned new", "[core][allocation]") {
  struct alignas(64) line {
    char bytes[64];
  };
  const long before = allocations;
  int* volatile a = new int(1);
  void* volatile b = std::malloc(10);
  line* volatile c = new line;
  void* volatile d = ::memalign(64, 10);
  void* const e = ::mmap(nullptr, 10, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const long after = allocations;
  delete a;
  std::free(b);
  delete c;
  std::free(d);
  REQUIRE(e != MAP_FAILED);
  ::munmap(e, 10);
  CHECK(after - before == 5);
}

TEST_CASE("allocation: a training step allocates nothing after the first", "[core][allocation]") {
  for (const int threads : {1, 2}) {
    thread_pool pool(threads);
    parameters<small::net> p(3);
    gradient_program<small::net, float, "a"> program(small::planned(), pool, select_kernels<float>());
    std::vector<float> logits(4 * 40);
    const auto first = small::scenes(0, 40), other = small::scenes(3, 33);
    program.run(first, p, {}, {logits.data()});
    const long before = allocations;
    program.run(other, p, {.step = 1}, {logits.data()});
    program.run(first, p, {.step = 2}, {logits.data()});
    CHECK(allocations - before == 0);
  }
}

TEST_CASE("allocation: a step of the trainer allocates nothing after the first, in float and in bf16", "[core][allocation]") {
  for (const precision arithmetic : {precision::full, precision::bf16}) {
    CHECK(in_trainer_steps<small::net>(arithmetic) == 0);
    CHECK(in_trainer_steps<with_once>(arithmetic) == 0);
    CHECK(in_trainer_steps<with_cuts>(arithmetic) == 0);
  }
}

TEST_CASE("allocation: a prediction allocates nothing, not even the first", "[core][allocation]") {
  const parameters<small::net> p(3);
  const predictor<small::net, float, "a"> predict(p, small::planned(), select_kernels<float>());
  thread_pool pool(2);
  pool.parallel_for(2, [](int) {});  // starts its threads
  predictor<small::net, float, "a">::workspace serial(predict), parallel(predict, &pool);
  std::vector<float> logits(4 * 40);
  const auto all = small::scenes(0, 40), one = small::scenes(4, 5);
  const long before = allocations;
  for (auto* own : {&serial, &parallel}) {
    predict.run(*own, all, {logits.data()});
    predict.run(*own, one, {logits.data()});
  }
  CHECK(allocations - before == 0);
}

TEST_CASE("allocation: batches keep their memory when they are cleared", "[core][allocation]") {
  auto b = small::scenes(0, 40);
  const long before = allocations;
  b.clear();
  for (int s = 0; s < 40; ++s) small::add_scene(b, s);
  CHECK(allocations - before == 0);
  CHECK(b.samples == 40);
}
#endif
