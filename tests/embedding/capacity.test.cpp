// tests/embedding/capacity.test.cpp -- what was planned is all that is ever used. Counts malloc, operator new and mmap of the whole program.
#include <cmath>
#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "catch.hpp"
#include "embedding/product.hpp"
#include "support/count_allocations.hpp"
#include "support/message_of.hpp"

using namespace product;

namespace {

struct setup {
  parameters<net> weights{7};
  net_predictor predict{weights, planned(), select_kernels<float>()};
  net_predictor::workspace own{predict};
  float a[scenes][answers] = {};
};

struct excess {
  const char* what;
  batch<net> b;
  const char *space, *found, *capacity;
};
std::vector<excess> all_excesses() {
  std::vector<excess> all;
  all.push_back({"scenes", some_scenes(scenes + 1), "samples", "9 samples", "8 were planned"});
  all.push_back({"objects", too_many_objects(), "object", "7 entries", "4 were planned"});
  batch<net> b;
  b.add_sample();
  b.count<object>(0);
  b.count<word>(words + 1);
  for (int i = 0; i <= words; ++i) b.push<"w">(1);
  all.push_back({"words", b, "word", "7 entries", "6 were planned"});
  b = some_scenes(1);
  b.space<word>().padded = words + 2;
  all.push_back({"padding", b, "word", "padded to 8", "6 were planned"});
  return all;
}

#if RELREASON_COUNTS
std::jmp_buf back;
char text[512];
void jump(const char* message) {
  std::strncpy(text, message, sizeof text - 1);
  std::longjmp(back, 1);  // NOLINT(cert-err52-cpp)
}
#endif

}  // namespace

TEST_CASE("embedding: input beyond the planned capacity is an error with the space, the count and the capacity", "[embedding][capacity]") {
  setup s;
  for (const excess& e : all_excesses()) {
    const auto message = message_of([&] { s.predict.run(s.own, e.b, {s.a[0]}); });
    INFO(e.what << ": " << message);
    CHECK(contains(message, e.space));
    CHECK(contains(message, e.found));
    CHECK(contains(message, e.capacity));
  }
  limits<net> nothing;
  nothing.samples = 1;
  nothing.set<word>(words);
  const net_predictor unplanned(s.weights, nothing, select_kernels<float>());
  auto own = unplanned.make_workspace();
  CHECK(contains(message_of([&] { unplanned.run(own, some_scenes(1), {s.a[0]}); }), "no capacity was planned for space object"));
}

TEST_CASE("embedding: a NaN in one scene stays in that scene's predictions", "[embedding][capacity]") {
  setup s;
  auto b = some_scenes();
  float clean[scenes][answers];
  s.predict.run(s.own, b, {clean[0]});
  b.values<"o">()[0] = std::nanf("");  // scene 1 has the first object
  s.predict.run(s.own, b, {s.a[0]});
  CHECK(std::isnan(s.a[1][0]));
  for (int i = 0; i < scenes; ++i) {
    INFO("scene " << i);
    if (i != 1) CHECK(std::memcmp(s.a[i], clean[i], sizeof clean[i]) == 0);
  }
}

TEST_CASE("embedding: weights that would be gone are refused by the compiler", "[embedding]") {
  STATIC_REQUIRE_FALSE(std::is_constructible_v<net_predictor, parameters<net>, limits<net>, const kernels<float>&>);
  STATIC_REQUIRE(std::is_constructible_v<net_predictor, const parameters<net>&, limits<net>, const kernels<float>&>);
}

TEST_CASE("embedding: limits that cannot be are refused where the predictor is made", "[embedding][capacity]") {
  const parameters<net> weights(7);
  for (const int wrong : {0, -1, -1000000}) {
    auto at = planned();
    at.samples = wrong;
    CHECK(contains(message_of([&] { net_predictor p(weights, at, select_kernels<float>()); }), "samples"));
    at = planned();
    at.set<object>(wrong - 1);
    CHECK(contains(message_of([&] { net_predictor p(weights, at, select_kernels<float>()); }), "object"));
  }
  auto at = planned();
  at.set<object>(100000);
  CHECK(contains(message_of([&] { net_predictor p(weights, at, select_kernels<float>()); }),
                 "limits: 8 samples have up to 8e+10 rows of pair, wanted at most 2147483647"));
}

#if RELREASON_COUNTS
TEST_CASE("embedding: the counter sees malloc, operator new and mmap", "[embedding][capacity]") {
  const long before = allocations;
  int* volatile a = new int(1);
  void* volatile b = std::malloc(10);
  const memory c(100);
  CHECK(allocations - before == 3);
  delete a;
  std::free(b);
}

TEST_CASE("embedding: input beyond the planned capacity is refused without an allocation, and the next prediction has the same bytes",
          "[embedding][capacity]") {
  static setup s;  // static: longjmp back may not change what the compiler keeps in registers
  static float expected[scenes][answers];
  static const auto good = some_scenes();
  static const auto bad = all_excesses();
  static std::size_t refused, i;
  s.predict.run(s.own, good, {expected[0]});
  set_error_handler(jump);
  static long before;
  before = allocations;
  refused = 0;
  for (i = 0; i < bad.size(); ++i) {
    if (setjmp(back) == 0) s.predict.run(s.own, bad[i].b, {s.a[0]});  // NOLINT(cert-err52-cpp)
    else ++refused;
  }
  const long after = allocations;
  set_error_handler(nullptr);
  CHECK(refused == bad.size());
  CHECK(after - before == 0);
  CHECK(contains(text, "padded to 8"));  // the last one
  s.predict.run(s.own, good, {s.a[0]});
  CHECK(std::memcmp(s.a, expected, sizeof expected) == 0);
}

TEST_CASE("embedding: a prediction allocates nothing: serial, with a pool, one scene, none, into checked rows", "[embedding][capacity]") {
  setup s;
  thread_pool pool(2);
  pool.parallel_for(2, [](int) {});  // starts its threads
  net_predictor::workspace parallel(s.predict, &pool);
  const auto all = some_scenes(), one = some_scenes(1), none = some_scenes(0);
  const long before = allocations;
  for (auto* own : {&s.own, &parallel})
    for (const auto* b : {&all, &one, &none}) {
      s.predict.run(*own, *b, {s.a[0]});
      s.predict.run(*own, *b, rows_view<float>{s.a[0], b->samples, answers});
    }
  CHECK(allocations - before == 0);
}
#endif
