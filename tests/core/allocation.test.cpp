// tests/core/allocation.test.cpp -- no allocation in a training step or a prediction. Counts operator new and malloc of the whole program.
#include <atomic>
#include <cstdlib>

#include "catch.hpp"
#include "support/small_relations.hpp"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RELREASON_COUNTS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RELREASON_COUNTS 0
#endif
#endif
#if !defined(RELREASON_COUNTS) && defined(__GLIBC__)
#define RELREASON_COUNTS 1
#endif

namespace {
std::atomic<long> allocations{0};  // operator new calls malloc, so that counting malloc counts both
}

#if RELREASON_COUNTS
// Definitions here take the place of glibc's; operator new, calloc's users and Eigen all end in them. Sanitizers bring their own.
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
void* malloc(std::size_t n) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(n);
}
void* calloc(std::size_t n, std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(n, size);
}
void* realloc(void* p, std::size_t n) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(p, n);
}
void* aligned_alloc(std::size_t alignment, std::size_t n) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_memalign(alignment, n);
}
int posix_memalign(void** p, std::size_t alignment, std::size_t n) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  *p = __libc_memalign(alignment, n);
  return *p ? 0 : 12;
}
}
#endif

using namespace relreason;

#if RELREASON_COUNTS
TEST_CASE("allocation: the counter sees operator new, malloc and aligned new", "[core][allocation]") {
  struct alignas(64) line {
    char bytes[64];
  };
  const long before = allocations;
  int* volatile a = new int(1);
  void* volatile b = std::malloc(10);
  line* volatile c = new line;
  const long after = allocations;
  delete a;
  std::free(b);
  delete c;
  CHECK(after - before == 3);
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
#endif

TEST_CASE("allocation: batches keep their memory when they are cleared", "[core][allocation]") {
  auto b = small::scenes(0, 40);
  const long before = allocations;
  b.clear();
  for (int s = 0; s < 40; ++s) small::add_scene(b, s);
  CHECK(allocations - before == 0);
  CHECK(b.samples == 40);
}
