// bench/ceiling.hpp -- what the processor can do at most: multiply-adds from registers per instruction set, bf16 dot products, memory traffic.
// Independent sums in registers, no memory; the best of several runs. What a program reaches is told as a share of these.
#pragma once

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

#include "measure.hpp"
#include "relreason/backend/cpu/dispatch.hpp"

namespace bench {

namespace detail {

inline constexpr int turns = 500'000;  // of the innermost loop: 1 to 3 ms

// What the compiler makes of plain vectors of four floats: the ceiling of the portable kernels. In chains, lest a product be shared by all sums.
#if defined(__x86_64__)
#define RELREASON_BENCH_REGISTER "x"
#else
#define RELREASON_BENCH_REGISTER "w"
#endif
inline void portable_multiply_adds() {
  using four = float __attribute__((vector_size(16)));
  four s[12] = {}, a = {};
  RELREASON_UNROLL for (int i = 0; i < 12; ++i) asm volatile("" : "+" RELREASON_BENCH_REGISTER(s[i]));
  for (int t = 0; t < turns; ++t) {
    asm volatile("" : "+" RELREASON_BENCH_REGISTER(a));
    RELREASON_UNROLL for (int i = 0; i < 12; ++i) s[i] = s[i] * a + a;
  }
  RELREASON_UNROLL for (int i = 0; i < 12; ++i) asm volatile("" : : RELREASON_BENCH_REGISTER(s[i]));
}
#undef RELREASON_BENCH_REGISTER

#if defined(__x86_64__)
// The empty statements keep the compiler from leaving out or merging any of the sums.
__attribute__((target("avx2,fma"))) inline void avx2_multiply_adds() {
  __m256 s[12] = {}, a = {};
  RELREASON_UNROLL for (int i = 0; i < 12; ++i) asm volatile("" : "+x"(s[i]));
  for (int t = 0; t < turns; ++t) {
    asm volatile("" : "+x"(a));
    RELREASON_UNROLL for (int i = 0; i < 12; ++i) s[i] = _mm256_fmadd_ps(a, a, s[i]);
  }
  RELREASON_UNROLL for (int i = 0; i < 12; ++i) asm volatile("" : : "x"(s[i]));
}
__attribute__((target("avx512f"))) inline void avx512_multiply_adds() {
  __m512 s[16] = {}, a = {};
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : "+v"(s[i]));
  for (int t = 0; t < turns; ++t) {
    asm volatile("" : "+v"(a));
    RELREASON_UNROLL for (int i = 0; i < 16; ++i) s[i] = _mm512_fmadd_ps(a, a, s[i]);
  }
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : : "v"(s[i]));
}
__attribute__((target("avx512f,avx512bf16"))) inline void bf16_dot_products() {
  __m512 s[16] = {};
  __m512i a = {};
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : "+v"(s[i]));
  for (int t = 0; t < turns; ++t) {
    asm volatile("" : "+v"(a));
    RELREASON_UNROLL for (int i = 0; i < 16; ++i) s[i] = _mm512_dpbf16_ps(s[i], (__m512bh)a, (__m512bh)a);
  }
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : : "v"(s[i]));
}
#endif

// Seconds of the best of `runs` calls of body(thread), all threads beginning together.
template <class Body>
double best_seconds(int threads, int runs, Body&& body) {
  std::barrier together(threads);
  double best = 1e30;
  const auto work = [&](int k) {
    for (int r = 0; r < runs; ++r) {
      together.arrive_and_wait();
      const auto start = std::chrono::steady_clock::now();
      body(k);
      together.arrive_and_wait();
      if (k == 0) best = std::min(best, seconds_since(start));
    }
  };
  std::vector<std::thread> others;
  for (int k = 1; k < threads; ++k) others.emplace_back(work, k);
  work(0);
  for (auto& t : others) t.join();
  return best;
}

}  // namespace detail

// The most multiply-adds (2 operations each) of so many threads, in GFLOP/s; 0 where the processor lacks the instructions.
inline double float_ceiling(relreason::isa set, int threads, int runs = 20) {
  using relreason::isa;
  if (!relreason::supported(set)) return 0;
  const auto rate = [&](int floats, int sums, void (*body)()) {
    return 2e-9 * threads * floats * sums * detail::turns / detail::best_seconds(threads, runs, [&](int) { body(); });
  };
#if defined(__x86_64__)
  if (set == isa::automatic) set = relreason::supported(isa::avx512) ? isa::avx512 : relreason::supported(isa::avx2) ? isa::avx2 : isa::portable;
  if (set == isa::avx512) return rate(16, 16, detail::avx512_multiply_adds);
  if (set == isa::avx2) return rate(8, 12, detail::avx2_multiply_adds);
#endif
  return rate(4, 12, detail::portable_multiply_adds);
}
// The same of bf16 dot products with fp32 sums; 0 where there are none.
inline double bf16_ceiling([[maybe_unused]] int threads, [[maybe_unused]] int runs = 20) {
#if defined(__x86_64__)
  if (relreason::supports_bf16())
    return 4e-9 * threads * 16 * 16 * detail::turns / detail::best_seconds(threads, runs, [](int) { detail::bf16_dot_products(); });
#endif
  return 0;
}

struct memory_rates {
  double read = 0, copy = 0;  // GB/s; a copied byte counts twice, once read and once written
};
// 128 MB in and out per thread: no cache holds them.
inline memory_rates memory_ceiling(int threads, int runs = 5) {
  constexpr std::size_t n = std::size_t{128} << 20, words = n / sizeof(std::uint64_t);
  std::vector<std::vector<std::uint64_t>> from(static_cast<std::size_t>(threads)), to(static_cast<std::size_t>(threads));
  std::vector<std::uint64_t> sums(static_cast<std::size_t>(threads) * 8);
  const auto each = [&](auto&& body) {
    return detail::best_seconds(threads, runs + 1, [&](int k) {
      const auto i = static_cast<std::size_t>(k);
      if (from[i].empty()) from[i].assign(words, 1), to[i].assign(words, 2);  // first touched by their thread, in a run that is never the best
      body(i);
    });
  };
  memory_rates rates;
  rates.copy = 2e-9 * threads * static_cast<double>(n) / each([&](std::size_t i) { std::memcpy(to[i].data(), from[i].data(), n); });
  rates.read = 1e-9 * threads * static_cast<double>(n) / each([&](std::size_t i) {
                 std::uint64_t s[8]{};
                 for (std::size_t w = 0; w < words; w += 8)
                   for (std::size_t j = 0; j < 8; ++j) s[j] += from[i][w + j];
                 for (std::size_t j = 0; j < 8; ++j) sums[8 * i] += s[j];
                 asm volatile("" : : "m"(sums[8 * i]));
               });
  return rates;
}

}  // namespace bench
