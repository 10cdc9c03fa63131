// bench/kernels.cpp -- speed of the CPU kernel sets on one thread, beside the measured multiply-add ceiling of the same core.
// GFLOP/s counts 2 rows k n in processor time; share is that over the ceiling of its kind: fp32 multiply-adds, or bf16 dot products for avx512_bf16.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "relreason/backend/cpu/dispatch.hpp"

namespace {

using namespace relreason;

#if defined(__x86_64__)
// The best of 20 runs of f, which does `operations` operations, in 1e9 operations a second.
template <class F>
double best_rate(double operations, F&& f) {
  double best = 0;
  for (int run = 0; run < 20; ++run) {
    const auto start = std::chrono::steady_clock::now();
    f();
    best = std::max(best, 1e-9 * operations / std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}
constexpr int times = 100000;

// Independent sums in all registers but a few; the empty statements keep the compiler from leaving out or merging any of them.
__attribute__((target("avx2,fma"))) void avx2_multiply_adds() {
  __m256 s[12] = {}, a = {};
  RELREASON_UNROLL for (int i = 0; i < 12; ++i) asm volatile("" : "+x"(s[i]));
  for (int t = 0; t < times; ++t) {
    asm volatile("" : "+x"(a));
    RELREASON_UNROLL for (int i = 0; i < 12; ++i) s[i] = _mm256_fmadd_ps(a, a, s[i]);
  }
  RELREASON_UNROLL for (int i = 0; i < 12; ++i) asm volatile("" : : "x"(s[i]));
}
__attribute__((target("avx512f"))) void avx512_multiply_adds() {
  __m512 s[16] = {}, a = {};
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : "+v"(s[i]));
  for (int t = 0; t < times; ++t) {
    asm volatile("" : "+v"(a));
    RELREASON_UNROLL for (int i = 0; i < 16; ++i) s[i] = _mm512_fmadd_ps(a, a, s[i]);
  }
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : : "v"(s[i]));
}
__attribute__((target("avx512f,avx512bf16"))) void bf16_dot_products() {
  __m512 s[16] = {};
  __m512i a = {};
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : "+v"(s[i]));
  for (int t = 0; t < times; ++t) {
    asm volatile("" : "+v"(a));
    RELREASON_UNROLL for (int i = 0; i < 16; ++i) s[i] = _mm512_dpbf16_ps(s[i], (__m512bh)a, (__m512bh)a);
  }
  RELREASON_UNROLL for (int i = 0; i < 16; ++i) asm volatile("" : : "v"(s[i]));
}
#endif

// The most float multiply-adds of one core; 0 where it is not measured.
double float_ceiling() {
#if defined(__x86_64__)
  if (supported(isa::avx512)) return best_rate(32. * 16 * times, avx512_multiply_adds);
  return supported(isa::avx2) ? best_rate(16. * 12 * times, avx2_multiply_adds) : 0;
#else
  return 0;
#endif
}
double dot_product_ceiling() {
#if defined(__x86_64__)
  return supports_bf16() ? best_rate(64. * 16 * times, bf16_dot_products) : 0;
#else
  return 0;
#endif
}

struct shape {
  int rows, k, n;
};
constexpr shape shapes[]{{192, 256, 256}, {192, 512, 512}, {61, 512, 512}, {1, 512, 512}, {32, 256, 1024}};

struct aligned {
  std::vector<std::byte> all;
  explicit aligned(std::size_t bytes) : all(bytes + 64) {}
  void* data() { return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(all.data()) + 63) / 64 * 64); }
};
std::vector<float> numbers(int rows, int columns) {
  std::vector<float> all(static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(i * 2654435761u % 1000) * 1e-3f - .5f;
  return all;
}
void report(benchmark::State& state, const shape& s, double ceiling) {
  const double gflop = 2e-9 * s.rows * s.k * s.n * static_cast<double>(state.iterations());
  state.counters["GFLOP/s"] = benchmark::Counter(gflop, benchmark::Counter::kIsRate);
  if (ceiling > 0) state.counters["share"] = benchmark::Counter(gflop / ceiling, benchmark::Counter::kIsRate);
}

void affine(benchmark::State& state, const kernels<float>& set, shape s, double ceiling) {
  const auto x = numbers(s.rows, s.k), w = numbers(s.n, s.k), bias = numbers(1, s.n);
  auto y = numbers(s.rows, s.n);
  aligned packed(set.packed_bytes(s.k, s.n)), workspace(set.workspace_bytes(s.rows, s.k, s.n));
  set.pack(w.data(), s.k, false, s.k, s.n, packed.data());
  affine_args<float> a;
  a.rows = s.rows, a.k = s.k, a.n = s.n, a.x = x.data(), a.ldx = s.k, a.packed = packed.data(), a.bias = bias.data(), a.y = y.data(), a.ldy = s.n;
  a.relu = true, a.workspace = workspace.data();
  for (auto _ : state) {
    set.affine(a);
    benchmark::ClobberMemory();
  }
  report(state, s, ceiling);
}
void outer(benchmark::State& state, const kernels<float>& set, shape s, double ceiling) {
  const auto a = numbers(s.rows, s.k), b = numbers(s.rows, s.n);
  auto c = numbers(s.k, s.n);
  aligned workspace(set.workspace_bytes(s.rows, s.k, s.n));
  outer_args<float> o;
  o.rows = s.rows, o.m = s.k, o.n = s.n, o.a = a.data(), o.lda = s.k, o.b = b.data(), o.ldb = s.n, o.c = c.data(), o.ldc = s.n;
  o.workspace = workspace.data();
  for (auto _ : state) {
    set.outer(o);
    benchmark::ClobberMemory();
  }
  report(state, s, ceiling);
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const double full = float_ceiling(), rounded = dot_product_ceiling();
  benchmark::AddCustomContext("ceiling, fp32 GFLOP/s", std::to_string(full));
  benchmark::AddCustomContext("ceiling, bf16 dot products GFLOP/s", std::to_string(rounded));
  for (const precision p : {precision::full, precision::bf16})
    for (const isa wanted : {isa::portable, isa::avx2, isa::avx512}) {
      if (!supported(wanted)) continue;
      const kernels<float>& set = select_kernels<float>(wanted, p);
      const double ceiling = p == precision::bf16 && wanted == isa::avx512 && supports_bf16() ? rounded : full;
      for (const shape& s : shapes) {
        const std::string name = std::string("/") + set.name + "/" + std::to_string(s.rows) + "x" + std::to_string(s.k) + "x" + std::to_string(s.n);
        benchmark::RegisterBenchmark(("affine" + name).c_str(), affine, set, s, ceiling);
        benchmark::RegisterBenchmark(("outer" + name).c_str(), outer, set, s, ceiling);
      }
    }
  benchmark::RunSpecifiedBenchmarks();
}
