// tests/backend/kernels.test.cpp -- every kernel set against sums in double: shapes, epilogues, order of sums, bounds of memory, choice of the set.
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/backend/cpu/row_sets.hpp"
#include "relreason/core/philox.hpp"

namespace {

using namespace relreason;

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
constexpr int all_rows[]{0, 1, 2, 3, 5, 11, 12, 13, 61, 193}, all_k[]{1, 3, 26, 32, 257}, all_n[]{1, 15, 28, 32, 33, 256};

// The sets this processor can run.
template <class T>
std::vector<const kernels<T>*> available() {
  if constexpr (std::is_same_v<T, double>) {
    return {&cpu::panel_kernels<cpu::portable<double>>::table};
  } else {
    std::vector<const kernels<float>*> sets{&cpu::panel_kernels<cpu::portable<float>>::table, &cpu::rounded_kernels<cpu::portable<float>>::table};
#if defined(__x86_64__)
    if (supported(isa::avx2)) sets.insert(sets.end(), {&cpu::panel_kernels<cpu::avx2>::table, &cpu::rounded_kernels<cpu::avx2>::table});
    if (supported(isa::avx512)) sets.insert(sets.end(), {&cpu::panel_kernels<cpu::avx512>::table, &cpu::rounded_kernels<cpu::avx512>::table});
    if (supports_bf16()) sets.push_back(&cpu::avx512_bf16::table);
#endif
    return sets;
  }
}
template <class T>
bool rounds(const kernels<T>& set) {
  return std::string(set.name).ends_with("bf16");
}

// rows x columns with gaps between the rows, guards around, and a first element that is not aligned to more than its size.
template <class T>
struct matrix {
  static constexpr std::ptrdiff_t guard = 65;
  int rows, columns;
  std::ptrdiff_t ld;
  std::vector<T> all;
  matrix(int r, int c, T fill = T(77)) : rows(r), columns(c), ld(c + 3), all(static_cast<std::size_t>(r * ld + 2 * guard), fill) {}
  matrix(int r, int c, std::uint64_t stream) : matrix(r, c) {
    std::uint64_t at = 0;
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) (*this)(i, j) = static_cast<T>(std::ldexp(static_cast<double>(philox::at(7, stream, at++).v[0]), -31) - 1);
  }
  T* data() { return all.data() + guard; }
  T& operator()(int i, int j) { return data()[i * ld + j]; }
  // Every element outside the matrix still has the fill value.
  bool untouched(T fill = T(77)) {
    std::vector<T> rest = all;
    for (int i = 0; i < rows; ++i) std::fill_n(rest.begin() + guard + i * ld, columns, fill);
    return std::all_of(rest.begin(), rest.end(), [&](T x) { return x == fill; });
  }
};

// 64-byte aligned memory of exactly `bytes` (a multiple of 64), with guards behind it.
class block {
 public:
  explicit block(std::size_t bytes) : bytes_(bytes), all_(bytes + 128, std::byte{0x5a}) {}
  void* data() { return reinterpret_cast<void*>((reinterpret_cast<std::uintptr_t>(all_.data()) + 63) / 64 * 64); }
  bool respected() {
    const auto* end = all_.data() + all_.size();
    return bytes_ % 64 == 0 && std::all_of(static_cast<const std::byte*>(data()) + bytes_, end, [](std::byte b) { return b == std::byte{0x5a}; });
  }

 private:
  std::size_t bytes_;
  std::vector<std::byte> all_;
};

template <class T>
T operand(const kernels<T>& set, T x) {
  if constexpr (std::is_same_v<T, float>) return rounds(set) ? cpu::rounded_to_bf16(x) : x;
  else return x;
}

template <class T>
std::vector<double> operands(const kernels<T>& set, matrix<T>& m) {
  std::vector<double> all;
  for (int i = 0; i < m.rows; ++i)
    for (int j = 0; j < m.columns; ++j) all.push_back(static_cast<double>(operand(set, m(i, j))));
  return all;
}

// One product: its operands, packed weights, and what the sums are in double.
template <class T>
struct product {
  const kernels<T>& set;
  int rows, k, n;
  matrix<T> x, w, bias, y;
  std::vector<double> left, right;  // the operands as multiplied: (rows, k) and (n, k)
  block packed, workspace;
  affine_args<T> a;
  product(const kernels<T>& s, int r, int k_, int n_)
      : set(s),
        rows(r),
        k(k_),
        n(n_),
        x(r, k, std::uint64_t{1}),
        w(n, k, std::uint64_t{2}),
        bias(1, n, std::uint64_t{3}),
        y(r, n),
        left(operands(s, x)),
        right(operands(s, w)),
        packed(s.packed_bytes(k, n)),
        workspace(s.workspace_bytes(r, k, n)) {
    set.pack(w.data(), w.ld, false, k, n, packed.data());
    a.rows = rows, a.k = k, a.n = n, a.x = x.data(), a.ldx = x.ld, a.w.packed = packed.data(), a.bias = bias.data();
    a.y = y.data(), a.ldy = y.ld, a.workspace = workspace.data();
  }
  bool memory_respected() { return packed.respected() && workspace.respected() && y.untouched(); }
};
// A sum in double, and a bound of the error of the same sum in T: k + 1 terms give less than k + 1 roundings of the sum of their sizes;
// one more for the epilogue, and epsilon is two roundings.
struct element {
  double value, bound;
};
struct strided {
  const std::vector<double>& of;
  int first, step;
  double operator[](int p) const { return of[static_cast<std::size_t>(first + p * step)]; }
};
// value + sum over p of a[p] b[p]
template <class T>
element dot(T start, int count, const strided& a, const strided& b) {
  double value = static_cast<double>(start), size = std::abs(value);
  for (int p = 0; p < count; ++p) {
    value += a[p] * b[p];
    size += std::abs(a[p] * b[p]);
  }
  return {value, (count + 2) * size * static_cast<double>(std::numeric_limits<T>::epsilon())};
}
template <class T>
std::vector<element> expected(product<T>& p) {
  std::vector<element> all;
  for (int i = 0; i < p.rows; ++i)
    for (int j = 0; j < p.n; ++j) all.push_back(dot(p.a.bias ? p.bias(0, j) : T(0), p.k, {p.left, p.k * i, 1}, {p.right, p.k * j, 1}));
  return all;
}
// The first element of Y that f(value) does not explain, as text; empty if none.
template <class T, class F>
std::string wrong(product<T>& p, const std::vector<element>& sums, F&& f) {
  for (int i = 0; i < p.rows; ++i)
    for (int j = 0; j < p.n; ++j) {
      const element e = sums[static_cast<std::size_t>(i) * static_cast<std::size_t>(p.n) + static_cast<std::size_t>(j)];
      const double found = static_cast<double>(p.y(i, j)), wanted = f(e.value, i, j);
      if (!(std::abs(found - wanted) <= e.bound + std::abs(wanted) * 1e-7))
        return "y(" + std::to_string(i) + "," + std::to_string(j) + ") is " + std::to_string(found) + ", not " + std::to_string(wanted);
    }
  return {};
}
template <class T>
std::string label(const kernels<T>& set, int rows, int k, int n) {
  return std::string(set.name) + " rows " + std::to_string(rows) + " k " + std::to_string(k) + " n " + std::to_string(n);
}
template <class F>
void for_each_shape(F&& f) {
  for (const int rows : all_rows)
    for (const int k : all_k)
      for (const int n : all_n) f(rows, k, n);
}
bool same_bytes(const void* a, const void* b, std::size_t bytes) { return bytes == 0 || std::memcmp(a, b, bytes) == 0; }
template <class T>
bool same_bytes(const std::vector<T>& a, const std::vector<T>& b) {
  return a.size() == b.size() && same_bytes(a.data(), b.data(), a.size() * sizeof(T));
}

template <class T>
void check_epilogues(const kernels<T>& set, int rows, int k, int n) {
  INFO(label(set, rows, k, n));
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
  INFO(label(set, rows, k, n));
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
  INFO(label(set, rows, m, n));
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

template <class T, class F>
void for_each_set(F&& f) {
  for (const kernels<T>* set : available<T>()) f(*set);
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
          INFO(label(set, rows, k, n) << ": " << bytes << " bytes");
          if (bytes > planned || bytes % 64 != 0 || bytes != set.workspace_bytes(rows, n, k)) FAIL("planned " << planned);
        }
    product<float> p(set, 193, 26, 33);  // affine and outer inside the guarded workspace of exactly this shape: see memory_respected
    set.affine(p.a);
    CHECK(p.memory_respected());
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

namespace {
// RELREASON_ISA for one scope; the value it had comes back.
class environment {
 public:
  explicit environment(const char* value) {
    if (const char* old = std::getenv("RELREASON_ISA")) old_ = old, had_ = true;
    set(value);
  }
  ~environment() { set(had_ ? old_.c_str() : nullptr); }

 private:
  static void set(const char* value) { value ? setenv("RELREASON_ISA", value, 1) : unsetenv("RELREASON_ISA"); }
  std::string old_;
  bool had_ = false;
};
std::string message_of(isa wanted, precision p = precision::full) {
  try {
    select_kernels<float>(wanted, p);
  } catch (const error& e) {
    return e.what();
  }
  return "";
}
}  // namespace

TEST_CASE("select_kernels takes what is asked for, then RELREASON_ISA, then the best the processor has", "[kernels]") {
  {
    const environment none(nullptr);
    const char* best = supported(isa::avx512) ? "avx512" : supported(isa::avx2) ? "avx2" : "portable";
    CHECK(std::string(select_kernels<float>().name) == best);
    CHECK(std::string(select_kernels<float>(isa::portable).name) == "portable");
    CHECK(std::string(select_kernels<float>(isa::portable, precision::bf16).name) == "portable_bf16");
    if (supports_bf16()) CHECK(std::string(select_kernels<float>(isa::automatic, precision::bf16).name) == "avx512_bf16");
    for (const isa wanted : {isa::avx2, isa::avx512}) {
      const std::string name = wanted == isa::avx2 ? "avx2" : "avx512";
      if (supported(wanted)) CHECK(select_kernels<float>(wanted).name == name);
      else CHECK(message_of(wanted).find("asks for " + name) != std::string::npos);
    }
  }
  {
    const environment empty("");
    CHECK(std::string(select_kernels<float>().name) == select_kernels<float>(cpu::best()).name);
  }
  const environment chosen("portable");
  CHECK(std::string(select_rows<float>().name) == "portable");
  CHECK(std::string(select_kernels<float>().row->name) == "portable");
  CHECK(std::string(select_kernels<float>().name) == "portable");
  if (supported(isa::avx2)) CHECK(std::string(select_kernels<float>(isa::avx2).name) == "avx2");
}

TEST_CASE("an unknown RELREASON_ISA is an error that names the allowed values", "[kernels]") {
  const environment wrong_value("AVX9");
  const std::string message = message_of(isa::automatic);
  CHECK(message.find("\"AVX9\"") != std::string::npos);
  CHECK(message.find("portable, avx2 and avx512") != std::string::npos);
  CHECK(&select_rows<float>() == select_kernels<float>(cpu::best()).row);  // no error: the results do not depend on it
  CHECK(message_of(isa::portable) == "");
}

TEST_CASE("double is always portable, and bf16 is refused for it", "[kernels]") {
  CHECK(std::string(select_kernels<double>(isa::avx512).name) == "portable");
  CHECK_THROWS_AS(select_kernels<double>(isa::automatic, precision::bf16), error);
}
