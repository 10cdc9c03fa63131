// tests/cuda/rows.test.cpp -- row passes of the device against loops, on every host system.
#include "relreason/backend/cuda/rows.cuh"

#include <cmath>
#include <limits>
#include <vector>

#include "catch.hpp"
#include "cuda/systems.hpp"
#include "relreason/backend/rows.hpp"

using namespace relreason;
using namespace systems_test;

namespace {

struct shape {
  std::size_t rows, width;
};
constexpr shape shapes[]{{0, 3}, {1, 1}, {5, 7}, {9, 32}, {6, 33}, {3, 256}};

}  // namespace

TEMPLATE_TEST_CASE("device copy_rows: to_i = from_(index i), strided; nothing else is written", "[cuda]", RELREASON_HOST_SYSTEMS) {
  for (const shape s : shapes) {
    const std::size_t ld = s.width + 2;
    const auto from = numbers<float>(8 * (s.width + 1), 1);
    const auto index = indices(s.rows, 8, 2);
    std::vector<float> to(s.rows * ld, 77), wanted = to;
    for (std::size_t i = 0; i < s.rows; ++i)
      for (std::size_t j = 0; j < s.width; ++j) wanted[i * ld + j] = from[static_cast<std::size_t>(index[i]) * (s.width + 1) + j];
    device::copy_rows(TestType{}, s.rows, s.width, to.data(), ld, from.data(), s.width + 1, index.data());
    CHECK(to == wanted);
  }
}

TEMPLATE_TEST_CASE("device row passes stop at the count that stands in memory", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  const auto from = numbers<float>(12, 3);
  for (const int live : {-1, 0, 1, 3, 4, 9}) {
    INFO(live);
    const auto n = static_cast<std::size_t>(live < 0 ? 0 : live > 4 ? 4 : live);
    std::vector<float> to(12, 77), wanted = to;
    std::copy_n(from.data(), 3 * n, wanted.data());
    device::copy_rows(on, device::row_count{4, &live}, 3, to.data(), 3, from.data(), 3);
    CHECK(to == wanted);
    std::vector<float> pairs(12, 77);
    const std::vector<int> zero(4, 0);
    device::gather_pairs(on, device::row_count{4, &live}, 3, pairs.data(), from.data(), zero.data(), from.data(), zero.data(), false);
    CHECK(static_cast<std::size_t>(std::count(pairs.begin(), pairs.end(), 77.f)) == 12 - 3 * n);
    std::vector<std::uint32_t> bits(4, 77);
    device::make_bits(on, device::row_count{4, &live}, 3, from.data(), bits.data());
    CHECK(static_cast<std::size_t>(std::count(bits.begin(), bits.end(), 77u)) == 4 - n);
  }
}

TEMPLATE_TEST_CASE("device add_rows: to_i += from_(index i), or by_r from_r; a stride of 0 repeats one row", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  for (const shape s : shapes) {
    const auto from = numbers<float>(8 * s.width, 4), by = numbers<float>(8, 5), start = numbers<float>(s.rows * s.width, 6);
    const auto index = indices(s.rows, 8, 7);
    const auto check = [&](std::size_t ld_from, const int* rows, const float* factor) {
      auto to = start, wanted = start;
      for (std::size_t i = 0; i < s.rows; ++i) {
        const std::size_t r = rows ? static_cast<std::size_t>(rows[i]) : i;
        float* row = wanted.data() + i * s.width;
        if (factor) rows_of::add_scaled(s.width, row, factor[r], from.data() + r * ld_from);
        else rows_of::add(s.width, row, from.data() + r * ld_from);
      }
      device::add_rows(on, s.rows, s.width, to.data(), s.width, from.data(), ld_from, rows, factor);
      CHECK(same_bits(to, wanted));
    };
    check(s.width, index.data(), nullptr);
    check(s.width, index.data(), by.data());
    check(0, nullptr, nullptr);
    if (s.rows <= 8) check(s.width, nullptr, by.data());
  }
}

TEMPLATE_TEST_CASE("device scale_rows: x_i *= by_i", "[cuda]", RELREASON_HOST_SYSTEMS) {
  std::vector<float> x{1, 2, 3, 4, 5, 6};
  const float by[]{2, -1};
  device::scale_rows(TestType{}, 2, 3, x.data(), by);
  CHECK(x == std::vector<float>{2, 4, 6, -4, -5, -6});
}

TEMPLATE_TEST_CASE("device gather_pairs has the bits of the CPU's, with relu and without", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  for (const shape s : shapes) {
    auto a = numbers<float>(8 * s.width, 8);
    const auto b = numbers<float>(9 * s.width, 9);
    a[0] = std::numeric_limits<float>::quiet_NaN();
    const auto ia = indices(s.rows, 8, 10), ib = indices(s.rows, 9, 11);
    for (const bool relu : {false, true}) {
      std::vector<float> to(s.rows * s.width), wanted = to;
      device::gather_pairs(on, s.rows, s.width, to.data(), a.data(), ia.data(), b.data(), ib.data(), relu);
      cpu::portable_rows<float>->gather_pairs(static_cast<int>(s.rows), s.width, wanted.data(), a.data(), ia.data(), b.data(), ib.data(), relu);
      CHECK(same_bits(to, wanted));
    }
  }
}

TEMPLATE_TEST_CASE("device gather_pairs: a null index is the row itself, and the result may be of another type", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const float a[]{1, 2, -9, 4}, b[]{10, 20};
  const int ib[]{0, 0};
  std::vector<double> to(4);
  device::gather_pairs(TestType{}, 2, 2, to.data(), a, nullptr, b, ib, true);
  CHECK(to == std::vector<double>{11, 22, 1, 24});
}

TEMPLATE_TEST_CASE("device make_bits and select_rows have the bits of the CPU's", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  for (const shape s : shapes) {
    auto x = numbers<float>(s.rows * s.width, 12);
    if (!x.empty()) x.back() = std::numeric_limits<float>::quiet_NaN();
    const std::size_t words = (s.width + 31) / 32, wide = words + 3;
    std::vector<std::uint32_t> bits(s.rows * words, 77), wanted = bits, spaced(s.rows * wide, 77);
    for (std::size_t i = 0; i < s.rows; ++i) rows_of::make_bits(s.width, x.data() + i * s.width, wanted.data() + i * words);
    device::make_bits(on, s.rows, s.width, x.data(), bits.data());
    device::make_bits(on, s.rows, s.width, x.data(), spaced.data(), wide);
    REQUIRE(bits == wanted);
    for (std::size_t i = 0; i < s.rows * wide; ++i) REQUIRE(spaced[i] == (i % wide < words ? wanted[i / wide * words + i % wide] : 77));

    const auto from = numbers<float>(8 * s.width, 13), by = numbers<float>(s.rows, 14), also = numbers<float>(8, 15);
    const auto index = indices(s.rows, 8, 16);
    std::vector<float> to(s.rows * s.width), selected = to, plain = to;
    for (std::size_t i = 0; i < s.rows; ++i) {
      const auto r = static_cast<std::size_t>(index[i]);
      cpu::portable_rows<float>->select_bits(s.width, selected.data() + i * s.width, wanted.data() + i * words, from.data() + r * s.width,
                                             by[i] * also[r]);
      for (std::size_t j = 0; j < s.width; ++j) plain[i * s.width + j] = by[i] * from[r * s.width + j];
    }
    device::select_rows(on, s.rows, s.width, to.data(), bits.data(), from.data(), index.data(), by.data(), also.data());
    CHECK(same_bits(to, selected));
    device::select_rows(on, s.rows, s.width, to.data(), spaced.data(), from.data(), index.data(), by.data(), also.data(), wide);
    CHECK(same_bits(to, selected));
    const std::uint32_t* const all_ones = nullptr;
    device::select_rows(on, s.rows, s.width, to.data(), all_ones, from.data(), index.data(), by.data());
    CHECK(same_bits(to, plain));
  }
}

TEMPLATE_TEST_CASE("device dot_rows: x_i . y_(index i), the same bits as 32 strands joined by halves", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  for (const shape s : shapes) {
    const auto x = numbers<float>(s.rows * s.width, 17), y = numbers<float>(8 * s.width, 18);
    const auto index = indices(s.rows, 8, 19);
    std::vector<float> to(s.rows);
    device::dot_rows(on, s.rows, s.width, x.data(), y.data(), index.data(), to.data());
    for (std::size_t i = 0; i < s.rows; ++i) {
      const float *a = x.data() + i * s.width, *b = y.data() + static_cast<std::size_t>(index[i]) * s.width;
      double exact = 0, size = 0;
      for (std::size_t j = 0; j < s.width; ++j) exact += double{a[j]} * b[j], size += std::abs(double{a[j]} * b[j]);
      CHECK(std::abs(to[i] - exact) <= size * 14 * 0x1p-24);  // 1 product, 8 terms a strand, 5 halvings: 14 roundings
      float strand[32]{};
      for (std::size_t j = 0; j < s.width; ++j) {
        const volatile float rounded = a[j] * b[j];  // whatever the compiler was told about fused products
        strand[j % 32] += rounded;
      }
      for (std::size_t step = 16; step; step /= 2)
        for (std::size_t t = 0; t < step; ++t) strand[t] += strand[t + step];
      CHECK(to[i] == strand[0]);
    }
  }
}
