// tests/backend/kernels_bytes.test.cpp -- what must not change a byte of a product: other rows, panels, transposed weights, the instruction set.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "catch.hpp"
#include "support/kernel_checks.hpp"

using namespace relreason;
using namespace kernel_checks;

TEMPLATE_TEST_CASE("a row has the same bytes alone and in any batch", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    INFO(set.name);
    product<TestType> p(set, 193, 257, 70);
    p.a.relu = true;
    set.affine(p.a);
    matrix<TestType> whole = p.y;
    for (const int size : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 61})
      for (int first = 0; first + size <= 193; first += size) {
        affine_args<TestType> part = p.a;
        part.rows = size;
        part.x = &p.x(first, 0);
        part.y = &p.y(first, 0);
        set.affine(part);
      }
    CHECK(same_bytes(whole.all, p.y.all));
  });
}

TEMPLATE_TEST_CASE("a product split over panels has the same bytes", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    INFO(set.name);
    product<TestType> p(set, 13, 27, 70);
    set.affine(p.a);
    const matrix<TestType> whole = p.y;
    for (const int j : {0, 32, 64}) {
      affine_args<TestType> part = p.a;
      part.n = std::min(32, 70 - j);
      part.w.packed = static_cast<const std::byte*>(p.a.w.packed) + static_cast<std::size_t>(j / 32) * set.packed_bytes(27, 32);
      part.bias += j, part.y += j;
      set.affine(part);
    }
    CHECK(same_bytes(whole.all, p.y.all));
  });
}

TEMPLATE_TEST_CASE("packing the transposed matrix gives the same bytes", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    INFO(set.name);
    matrix<TestType> w(37, 19, std::uint64_t{2}), transposed(19, 37);
    for (int j = 0; j < 37; ++j)
      for (int q = 0; q < 19; ++q) transposed(q, j) = w(j, q);
    block one(set.packed_bytes(19, 37)), other(set.packed_bytes(19, 37));
    set.pack(w.data(), w.ld, false, 19, 37, one.data());
    set.pack(transposed.data(), transposed.ld, true, 19, 37, other.data());
    CHECK(same_bytes(one.data(), other.data(), set.packed_bytes(19, 37)));
    CHECK((one.respected() && other.respected()));
  });
}

#if defined(__x86_64__)
TEST_CASE("the AVX-512 and the AVX2 set give the same bytes, and the rounded sets all agree", "[kernels]") {
  if (!supported(isa::avx512)) return;
  const auto run = [](const kernels<float>& set) {
    product<float> p(set, 61, 257, 70);
    matrix<float> sum(3, 70, 0.f), weights(1, 61, std::uint64_t{6}), c(257, 70, std::uint64_t{3});
    std::vector<int> segment(61, 0);
    std::fill(segment.begin() + 17, segment.end(), 2);
    p.a.relu = true, p.a.sum = sum.data(), p.a.ldsum = sum.ld, p.a.segment = segment.data();
    if (!rounds(set)) p.a.row_weight = weights.data();  // the portable set rounds weight times y before the sum
    set.affine(p.a);
    outer_args<float> o;
    o.rows = 61, o.m = 257, o.n = 70, o.a = p.x.data(), o.lda = p.x.ld, o.b = p.y.data(), o.ldb = p.y.ld, o.c = c.data(), o.ldc = c.ld;
    o.workspace = p.workspace.data();
    set.outer(o);
    std::vector<float> all = p.y.all;
    all.insert(all.end(), sum.all.begin(), sum.all.end());
    all.insert(all.end(), c.all.begin(), c.all.end());
    return all;
  };
  CHECK(same_bytes(run(cpu::panel_kernels<cpu::avx512>::table), run(cpu::panel_kernels<cpu::avx2>::table)));
  const auto rounded = run(cpu::rounded_kernels<cpu::portable<float>>::table);
  CHECK(same_bytes(rounded, run(cpu::rounded_kernels<cpu::avx2>::table)));
  CHECK(same_bytes(rounded, run(cpu::rounded_kernels<cpu::avx512>::table)));
}
#endif

TEST_CASE("a workspace planned for the largest product serves smaller ones", "[kernels]") {
  for_each_set<float>([](const auto& set) {
    INFO(set.name);
    const std::size_t planned = set.workspace_bytes(300, 1024, 512);
    for (const int rows : {0, 1, 12, 191, 192, 193, 300})
      for (const int k : {1, 26, 256, 1000, 1024})
        for (const int n : {1, 33, 512}) {
          const std::size_t bytes = set.workspace_bytes(rows, k, n);
          INFO(shape_of(set, rows, k, n) << ": " << bytes << " bytes");
          if (bytes > planned || bytes % 64 != 0 || bytes != set.workspace_bytes(rows, n, k)) FAIL("planned " << planned);
        }
    product<float> p(set, 193, 26, 33);  // affine and outer inside the guarded workspace of exactly this shape: see memory_respected
    set.affine(p.a);
    CHECK(p.memory_respected());
  });
}
