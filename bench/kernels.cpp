// bench/kernels.cpp -- speed of the CPU kernel sets on one thread: products beside the measured ceiling of the same core, and element-wise passes.
// GFLOP/s counts 2 rows k n in processor time; share is that over the ceiling of its kind: fp32 multiply-adds, or bf16 dot products for avx512_bf16.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <string>
#include <vector>

#include "ceiling.hpp"

namespace {

using namespace relreason;

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
  a.rows = s.rows, a.k = s.k, a.n = s.n, a.x = x.data(), a.ldx = s.k, a.w.packed = packed.data(), a.bias = bias.data(), a.y = y.data(), a.ldy = s.n;
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

// Passes over 64 rows of 256: arrays in L1 and L2. bytes: read and written per element.
template <class F>
void pass(benchmark::State& state, double bytes, F&& f) {
  constexpr int rows = 64, n = 256;
  std::vector<std::vector<float>> x(5, numbers(4 * rows, n));
  for (auto _ : state) {
    f(rows, n, x[0].data(), x[1].data(), x[2].data(), x[3].data(), x[4].data());
    benchmark::ClobberMemory();
  }
  state.counters["GB/s"] = benchmark::Counter(1e-9 * bytes * rows * n * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
void register_passes(const row_kernels<float>& set) {
  const auto add = [&set](const char* name, double bytes, auto f) {
    benchmark::RegisterBenchmark((std::string(name) + "/" + set.name).c_str(), [bytes, f](benchmark::State& state) { pass(state, bytes, f); });
  };
  using p = float*;
  add("add", 12, [&set](std::size_t rows, std::size_t n, p a, p b, p, p, p) { set.add(rows * n, a, b); });
  add("gate", 12, [&set](std::size_t rows, std::size_t n, p a, p b, p, p, p) { set.gate(rows * n, a, b); });
  add("sum_rows", 4, [&set](int rows, std::size_t n, p a, p b, p, p, p) { set.sum_rows(rows, n, a, b); });
  add("sigmoid", 8, [&set](std::size_t rows, std::size_t n, p a, p, p, p, p) { set.sigmoid(rows * n, a); });
  add("tanh", 8, [&set](std::size_t rows, std::size_t n, p a, p, p, p, p) { set.tanh(rows * n, a); });
  add("gelu", 8, [&set](std::size_t rows, std::size_t n, p a, p b, p, p, p) { set.gelu(rows * n, a, b); });
  add("gelu_tanh", 8, [&set](std::size_t rows, std::size_t n, p a, p b, p, p, p) { set.gelu_tanh(rows * n, a, b); });
  add("gelu_back", 12, [&set](std::size_t rows, std::size_t n, p a, p b, p c, p, p) { set.gelu_back(rows * n, a, b, c, false); });
  add("gelu_tanh_back", 12, [&set](std::size_t rows, std::size_t n, p a, p b, p c, p, p) { set.gelu_tanh_back(rows * n, a, b, c, false); });
  add("lstm_forward", 48, [&set](int rows, std::size_t n, p gates, p c, p tc, p h, p) { set.lstm_forward(rows, n, gates, c, tc, h); });
  add("lstm_backward", 52,
      [&set](int rows, std::size_t n, p gates, p before, p tc, p dh, p dc) { set.lstm_backward(rows, n, gates, before, tc, dh, dc); });
  add("adam", 28, [&set](std::size_t rows, std::size_t n, p w, p g, p m, p v, p) {
    std::fill_n(v, rows * n, 1.f);  // its first values are negative
    set.adam(rows * n, w, g, m, v, {1, 1e-4f, 1, .1f, .999f, .001f, 1e-4f, .5f, 1e-8f});
  });
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  const double full = bench::float_ceiling(isa::automatic, 1), rounded = bench::bf16_ceiling(1);
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
  for (const isa wanted : {isa::portable, isa::avx2, isa::avx512})
    if (supported(wanted)) register_passes(*select_kernels<float>(wanted).row);
  benchmark::RunSpecifiedBenchmarks();
}
