// tests/backend/kernels_sums.test.cpp -- every kernel set against sums in double: shapes, epilogues, order of sums, bounds of memory, NaN, rounding.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "support/kernel_checks.hpp"

using namespace relreason;
using namespace kernel_checks;

namespace {

template <class T>
void check_epilogues(const kernels<T>& set, int rows, int k, int n) {
  INFO(shape_of(set, rows, k, n));
  product<T> p(set, rows, k, n);
  const auto sums = expected(p);
  const auto relu = [](double v, int, int) { return std::max(v, 0.0); };
  set.affine(p.a);
  REQUIRE(wrong(p, sums, [](double v, int, int) { return v; }) == "");

  const int words = (n + 31) / 32;
  matrix<std::uint32_t> bits(rows, words, 77u);
  p.a.relu = true, p.a.bits = bits.data(), p.a.ldbits = bits.ld;
  set.affine(p.a);
  REQUIRE(wrong(p, sums, relu) == "");
  bool bits_right = bits.untouched(77u);
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < 32 * words; ++j) bits_right = bits_right && (bits(i, j / 32) >> (j % 32) & 1u) == (j < n && p.y(i, j) > 0);
  REQUIRE(bits_right);
  const std::vector<T> with_bits = p.y.all;
  p.a.bits = nullptr;
  set.affine(p.a);
  REQUIRE(same_bytes(with_bits, p.y.all));

  matrix<T> gate(rows, n, std::uint64_t{4});
  p.a.relu = false, p.a.gate = gate.data(), p.a.ldgate = gate.ld;
  set.affine(p.a);
  REQUIRE(wrong(p, sums, [&](double v, int i, int j) { return gate(i, j) > 0 ? v : 0; }) == "");
  p.a.gate = nullptr;

  p.y = matrix<T>(rows, n, std::uint64_t{5});
  matrix<T> before = p.y;
  p.a.y = p.y.data(), p.a.accumulate = true;
  set.affine(p.a);
  REQUIRE(wrong(p, sums, [&](double v, int i, int j) { return static_cast<double>(before(i, j)) + v; }) == "");
  REQUIRE(p.memory_respected());
}

template <class T>
void check_sums(const kernels<T>& set, int rows, int k, int n) {
  INFO(shape_of(set, rows, k, n));
  product<T> p(set, rows, k, n);
  p.a.relu = true;
  std::vector<int> segment(static_cast<std::size_t>(rows));
  for (int i = 0; i < rows; ++i) segment[static_cast<std::size_t>(i)] = i / 7 + (i > 20 ? 2 : 0);  // borders inside tiles, and empty segments
  const int segments = rows / 7 + 3;
  matrix<T> weights(1, rows, std::uint64_t{6});
  for (const bool weighted : {false, true}) {
    matrix<T> sum(segments, n, std::uint64_t{8}), alone = sum, wanted = sum;
    p.a.segment = segment.data(), p.a.row_weight = weighted ? weights.data() : nullptr;
    p.a.y = p.y.data(), p.a.sum = sum.data(), p.a.ldsum = sum.ld;
    set.affine(p.a);
    p.a.y = nullptr, p.a.sum = alone.data();
    set.affine(p.a);
    REQUIRE(same_bytes(sum.all, alone.all));
    if (!weighted) {  // no products: the plain sum in row order, to the bit
      for (int i = 0; i < rows; ++i)
        for (int j = 0; j < n; ++j) wanted(segment[static_cast<std::size_t>(i)], j) += p.y(i, j);
      REQUIRE(same_bytes(sum.all, wanted.all));
      continue;
    }
    for (int s = 0; s < segments; ++s)
      for (int j = 0; j < n; ++j) {
        double value = static_cast<double>(wanted(s, j)), size = std::abs(value);
        for (int i = 0; i < rows; ++i)
          if (segment[static_cast<std::size_t>(i)] == s) {
            value += static_cast<double>(weights(0, i)) * static_cast<double>(p.y(i, j));
            size += std::abs(static_cast<double>(weights(0, i)) * static_cast<double>(p.y(i, j)));
          }
        // at most 7 + 2 terms; those of y are compared as stored
        const double bound = 9 * size * static_cast<double>(std::numeric_limits<T>::epsilon());
        if (!(std::abs(static_cast<double>(sum(s, j)) - value) <= bound)) FAIL("segment " << s);
      }
  }
  REQUIRE(p.memory_respected());
}

template <class T>
void check_outer(const kernels<T>& set, int rows, int m, int n) {
  INFO(shape_of(set, rows, m, n));
  matrix<T> a(rows, m, std::uint64_t{1}), b(rows, n, std::uint64_t{2}), c(m, n, std::uint64_t{3}), before = c;
  const std::vector<double> left = operands(set, a), right = operands(set, b);
  block workspace(set.workspace_bytes(rows, m, n));
  outer_args<T> o;
  o.rows = rows, o.m = m, o.n = n, o.a = a.data(), o.lda = a.ld, o.b = b.data(), o.ldb = b.ld, o.c = c.data(), o.ldc = c.ld;
  o.workspace = workspace.data();
  set.outer(o);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      const element e = dot(before(i, j), rows, {left, i, m}, {right, j, n});
      if (!(std::abs(static_cast<double>(c(i, j)) - e.value) <= e.bound)) FAIL("c(" << i << "," << j << ") is " << c(i, j) << ", not " << e.value);
    }
  REQUIRE(c.untouched());
  REQUIRE(workspace.respected());
}

}  // namespace

TEMPLATE_TEST_CASE("affine agrees with sums in double at every shape, with every epilogue, inside its bounds", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) { for_each_shape([&](int rows, int k, int n) { check_epilogues(set, rows, k, n); }); });
}

TEMPLATE_TEST_CASE("row sums are added in row order into each segment, with and without weights and stored values", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    for (const int rows : all_rows)
      for (const int n : all_n) check_sums(set, rows, 26, n);
  });
}

TEMPLATE_TEST_CASE("outer agrees with sums in double at every shape, inside its bounds", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    for (const int rows : all_rows)
      for (const int m : all_k)
        for (const int n : {1, 15, 33, 64}) check_outer(set, rows, m, n);
  });
}

TEMPLATE_TEST_CASE("every size from 1 to 70, as rows, as k and as n", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    for (int size = 1; size <= 70; ++size) {
      const int second = size * 27 % 71, third = size * 44 % 71;  // 71 is prime: each size comes once in each place
      check_epilogues(set, size, second, third);
      check_sums(set, second, third, size);
      check_outer(set, third, size, second);
    }
  });
}

TEMPLATE_TEST_CASE("products larger than a cache block agree with sums in double", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    check_epilogues(set, 300, 1024, 40);
    check_sums(set, 300, 1024, 40);
    check_outer(set, 500, 40, 36);
    check_outer(set, 25, 300, 290);
  });
}

TEMPLATE_TEST_CASE("no row, an empty sum, no bias", "[kernels]", float, double) {
  for_each_set<TestType>([](const auto& set) {
    INFO(set.name);
    product<TestType> p(set, 2, 0, 33);
    set.affine(p.a);
    CHECK(p.y(1, 32) == p.bias(0, 32));
    p.a.bias = nullptr;
    set.affine(p.a);
    CHECK(p.y(1, 32) == 0);
    CHECK(p.memory_respected());
    product<TestType> q(set, 5, 33, 70);
    q.a.bias = nullptr;
    set.affine(q.a);
    CHECK(wrong(q, expected(q), [](double v, int, int) { return v; }) == "");
  });
}

TEST_CASE("NaN and infinity reach the result: relu and sums keep NaN, gate and bits take it for not positive", "[kernels]") {
  for_each_set<float>([](const auto& set) {
    INFO(set.name);
    product<float> p(set, 13, 5, 40);
    p.x(4, 2) = nan_value;
    p.x(6, 1) = infinity;
    matrix<std::uint32_t> bits(13, 2, 77u);
    matrix<float> sum(1, 40, 0.f), gate(13, 40, 1.f);
    const std::vector<int> segment(13, 0);
    p.a.relu = true, p.a.bits = bits.data(), p.a.ldbits = bits.ld, p.a.sum = sum.data(), p.a.ldsum = sum.ld, p.a.segment = segment.data();
    set.affine(p.a);
    bool right = true;
    for (int j = 0; j < 40; ++j) {
      right = right && std::isnan(p.y(4, j)) && std::isnan(sum(0, j)) && (p.w(j, 1) > 0 ? p.y(6, j) == infinity : p.y(6, j) == 0);
      for (int i = 0; i < 13; ++i) right = right && (i == 4 || !std::isnan(p.y(i, j)));
    }
    CHECK(right);
    CHECK((bits(4, 0) == 0 && bits(4, 1) == 0));
    p.a.relu = false, p.a.bits = nullptr, p.a.sum = nullptr, p.a.gate = gate.data(), p.a.ldgate = gate.ld;
    gate(4, 0) = nan_value, gate(4, 39) = 0, gate(4, 38) = -0.f;
    set.affine(p.a);
    CHECK((p.y(4, 0) == 0 && p.y(4, 39) == 0 && p.y(4, 38) == 0 && std::isnan(p.y(4, 1))));

    matrix<float> c(5, 40, 0.f);  // C += X^T gate: NaN stands in column 2 of X and column 0 of the gate, infinity in column 1 of X
    outer_args<float> o;
    o.rows = 13, o.m = 5, o.n = 40, o.a = p.x.data(), o.lda = p.x.ld, o.b = gate.data(), o.ldb = gate.ld, o.c = c.data(), o.ldc = c.ld;
    o.workspace = p.workspace.data();
    set.outer(o);
    for (int i = 0; i < 5; ++i)
      for (int j = 0; j < 40; ++j) right = right && std::isnan(c(i, j)) == (i == 2 || j == 0) && (i != 1 || j == 0 || c(i, j) == infinity);
    CHECK(right);
  });
}

TEST_CASE("operands are rounded to bf16 to nearest even", "[kernels]") {
  const auto rounded = [](float x) { return cpu::rounded_to_bf16(x); };
  CHECK(rounded(1 + 0x1p-8f) == 1);  // a tie goes to the even neighbor
  CHECK(rounded(1 + 0x3p-8f) == 1 + 0x1p-6f);
  CHECK(rounded(1 + 0x1p-8f + 0x1p-20f) == 1 + 0x1p-7f);
  CHECK(rounded(-1 - 0x1p-9f) == -1);
  CHECK(rounded(3.4e38f) == infinity);
  CHECK(rounded(-infinity) == -infinity);
  CHECK(std::isnan(rounded(nan_value)));
  CHECK(std::isnan(rounded(std::bit_cast<float>(0x7f800001u))));
  CHECK(rounded(1e-40f) == 0);
  CHECK(rounded(0x1p-126f) == 0x1p-126f);
  CHECK(std::signbit(rounded(-0.f)));
#if defined(__x86_64__)
  if (!supports_bf16()) return;
  // y = 1 * x through the processor's own conversion (X) and through ours (W).
  for (const float x : {1 + 0x1p-8f, 1 + 0x3p-8f, -1 - 0x1p-9f, 3.4e38f, 1e-40f, 0x1p-126f, 3.14159274f, -2.7e-38f}) {
    for (const bool as_weight : {false, true}) {
      const kernels<float>& set = cpu::avx512_bf16::table;
      block packed(set.packed_bytes(1, 1)), workspace(set.workspace_bytes(1, 1, 1));
      const float one = 1;
      float y = 77;
      set.pack(as_weight ? &x : &one, 1, false, 1, 1, packed.data());
      affine_args<float> a;
      a.rows = a.k = a.n = 1, a.x = as_weight ? &one : &x, a.ldx = 1, a.w.packed = packed.data(), a.y = &y, a.ldy = 1, a.workspace = workspace.data();
      set.affine(a);
      CHECK(y == cpu::rounded_to_bf16(x));
    }
  }
#endif
}
