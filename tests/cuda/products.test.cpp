// tests/cuda/products.test.cpp -- products on Thrust's host systems: by hand, against sums in double, and bit for bit the portable CPU kernels.
#include "relreason/backend/cuda/products.cuh"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "catch.hpp"
#include "product_data.hpp"
#include "relreason/backend/cpu/dispatch.hpp"
#include "relreason/core/arena.hpp"
#include "support/message_of.hpp"

#if defined(_OPENMP)
#define HOST_SYSTEMS device::serial_system, device::openmp_system
#else
#define HOST_SYSTEMS device::serial_system
#endif

namespace {

using namespace relreason;
using namespace product_data;

constexpr int all_rows[]{1, 5, 67}, all_k[]{1, 26, 130}, all_n[]{1, 33, 128};

// The same product by the CPU backend's portable kernels.
void on_cpu(precision p, const device::affine_product& d, float* y) {
  const kernels<float>& set = select_kernels<float>(isa::portable, p);
  memory packed(set.packed_bytes(d.k, d.n)), workspace(set.workspace_bytes(d.rows, d.k, d.n));
  set.pack(d.w, d.ldw, d.transposed, d.k, d.n, packed.data());
  relreason::affine_args<float> a;
  a.rows = d.rows, a.k = d.k, a.n = d.n;
  a.x = d.x, a.ldx = d.ldx, a.w.packed = packed.data(), a.bias = d.bias;
  a.y = y, a.ldy = d.ldy, a.relu = d.relu, a.accumulate = d.accumulate, a.workspace = workspace.data();
  set.affine(a);
}

bool same_bits(const matrix& a, const matrix& b) {
  for (int i = 0; i < a.rows; ++i)
    if (std::memcmp(&a.all[static_cast<std::size_t>(i * a.ld)], &b.all[static_cast<std::size_t>(i * b.ld)],
                    sizeof(float) * static_cast<std::size_t>(a.columns)))
      return false;
  return true;
}

}  // namespace

TEMPLATE_TEST_CASE("products: Y = X W^T + bias, C += A^T B, by hand", "", HOST_SYSTEMS) {
  const device::plain_products<TestType> products;
  const float x[]{1, 2, 3, 4, 5, 6}, w[]{1, 0, -1, 2, 1, 0}, w_transposed[]{1, 2, 0, 1, -1, 0}, bias[]{0.5f, -10};
  float y[]{100, 200, 300, 400};
  device::affine_product a{.rows = 2, .k = 3, .n = 2, .x = x, .ldx = 3, .w = w, .ldw = 3, .y = y, .ldy = 2};
  products.affine(a);
  CHECK(std::vector<float>(y, y + 4) == std::vector<float>{-2, 4, -2, 13});
  a.w = w_transposed, a.ldw = 2, a.transposed = true;
  products.affine(a);
  CHECK(std::vector<float>(y, y + 4) == std::vector<float>{-2, 4, -2, 13});
  a.accumulate = true;
  products.affine(a);
  CHECK(std::vector<float>(y, y + 4) == std::vector<float>{-4, 8, -4, 26});
  a.accumulate = false, a.relu = true, a.bias = bias;
  products.affine(a);
  CHECK(std::vector<float>(y, y + 4) == std::vector<float>{0, 0, 0, 3});

  const float left[]{1, 2, 3, 4}, right[]{1, 0, 2, 0, 1, 3};  // (2, 2), (2, 3)
  float c[]{10, 10, 10, 10, 10, 10}, sum[]{-1, -1, -1};
  std::vector<std::byte> scratch(products.scratch_bytes(2, 2, 3));
  device::outer_product o{
      .rows = 2, .m = 2, .n = 3, .a = left, .lda = 2, .b = right, .ldb = 3, .c = c, .ldc = 3, .b_sum = sum, .scratch = scratch.data()};
  products.outer(o);
  CHECK(std::vector<float>(c, c + 6) == std::vector<float>{11, 13, 21, 12, 14, 26});
  CHECK(std::vector<float>(sum, sum + 3) == std::vector<float>{1, 1, 5});
  o.accumulate = false, o.b_sum = nullptr, o.a_sum = sum;
  products.outer(o);
  CHECK(std::vector<float>(c, c + 6) == std::vector<float>{1, 3, 11, 2, 4, 16});
  CHECK(std::vector<float>(sum, sum + 2) == std::vector<float>{4, 6});
}

TEST_CASE("products: a mask has bit j % 32 of word j / 32, rows at 128 bits, and gates a gradient") {
  CHECK(device::mask_words(1) == 4);
  CHECK(device::mask_words(128) == 4);
  CHECK(device::mask_words(129) == 8);
  const device::plain_products<device::serial_system> products;
  constexpr int n = 35;
  const float x[]{1, -1}, one[]{2};  // rows of width 1
  float w[n], y[2 * n], sum[n];
  for (int j = 0; j < n; ++j) w[j] = j % 3 == 0 ? 0.0f : j % 3 == 1 ? 1.0f : -1.0f;
  std::uint32_t bits[8]{9, 9, 9, 9, 9, 9, 9, 9};
  products.affine({.rows = 2, .k = 1, .n = n, .x = x, .ldx = 1, .w = w, .ldw = 1, .y = y, .ldy = n, .relu = true, .bits = bits, .ldbits = 4});
  CHECK(bits[0] == 0x92492492u);  // 1, 4, ..., 31
  CHECK(bits[1] == 0x4u);         // 34, and nothing beyond
  CHECK(bits[4] == 0x24924924u);  // 2, 5, ..., 29
  CHECK(bits[5] == 0x1u);         // 32

  // Both rows of the gradient are 2 everywhere; the sums count the gates that are open.
  float ones[n];
  std::fill_n(ones, n, 1.0f);
  std::vector<std::byte> scratch(products.scratch_bytes(2, 1, n));
  const float two[]{one[0], one[0]};
  products.affine({.rows = 2,
                   .k = 1,
                   .n = n,
                   .x = two,
                   .ldx = 1,
                   .w = ones,
                   .ldw = 1,
                   .y = y,
                   .ldy = n,
                   .gate_bits = bits,
                   .ldgate = 4,
                   .gate_sum = sum,
                   .scratch = scratch.data()});
  for (int j = 0; j < n; ++j) {
    INFO("column " << j);
    CHECK(y[j] == (j % 3 == 1 ? 2.0f : 0.0f));
    CHECK(y[n + j] == (j % 3 == 2 ? 2.0f : 0.0f));
    CHECK(sum[j] == (j % 3 == 0 ? 0.0f : 2.0f));
  }
}

TEMPLATE_TEST_CASE("products: sums agree with double, and with the portable CPU kernels bit for bit", "", HOST_SYSTEMS) {
  for (const precision p : {precision::full, precision::bf16}) {
    const device::plain_products<TestType> products({}, p);
    for (const int rows : all_rows)
      for (const int k : all_k)
        for (const int n : all_n)
          for (const bool transposed : {false, true}) {
            INFO(text_of(p) << " rows " << rows << " k " << k << " n " << n << " transposed " << transposed);
            matrix x(rows, k, 1), w(transposed ? k : n, transposed ? n : k, 2), bias(1, n, 3, 0), y(rows, n, 4);
            matrix expected = y;
            device::affine_product a = affine(x, w, transposed, y);
            a.bias = bias.data(), a.accumulate = rows == 5, a.relu = rows == 67;
            on_cpu(p, a, expected.data());
            const matrix before = y;
            products.affine(a);
            CHECK(same_bits(y, expected));
            double worst = 0;
            for (int i = 0; i < rows; ++i)
              for (int j = 0; j < n; ++j) {
                double s = dot(x, w, transposed, i, j) + bias(0, j);
                if (a.relu) s = std::max(s, 0.0);
                if (a.accumulate) s += before(i, j);
                worst = std::max(worst, std::abs(s - y(i, j)));
              }
            CHECK(worst <= (p == precision::full ? fp32_bound(k) : rounded_bound(k, 8)));
          }
  }
}

TEMPLATE_TEST_CASE("products: C += A^T B agrees with double and with the portable CPU kernels, column sums over many rows", "", HOST_SYSTEMS) {
  for (const precision p : {precision::full, precision::bf16}) {
    const device::plain_products<TestType> products({}, p);
    for (const int rows : {1, 256, 257, 1000}) {
      constexpr int m = 13, n = 34;
      INFO(text_of(p) << " rows " << rows);
      matrix a(rows, m, 5), b(rows, n, 6), c(m, n, 7), sums(1, m, 8);
      matrix expected = c;
      const matrix before = c;
      device::outer_product o = outer(a, b, c);
      std::vector<std::byte> scratch(products.scratch_bytes(rows, m, n));
      o.a_sum = sums.data(), o.scratch = scratch.data();
      products.outer(o);

      const kernels<float>& set = select_kernels<float>(isa::portable, p);
      memory workspace(set.workspace_bytes(rows, m, n));
      relreason::outer_args<float> on_cpu;
      on_cpu.rows = rows, on_cpu.m = m, on_cpu.n = n;
      on_cpu.a = o.a, on_cpu.lda = o.lda, on_cpu.b = o.b, on_cpu.ldb = o.ldb;
      on_cpu.c = expected.data(), on_cpu.ldc = expected.ld, on_cpu.workspace = workspace.data();
      set.outer(on_cpu);
      CHECK(same_bits(c, expected));
      double worst = 0, worst_sum = 0;
      for (int i = 0; i < m; ++i) {
        for (int j = 0; j < n; ++j) worst = std::max(worst, std::abs(outer_dot(a, b, i, j) + before(i, j) - c(i, j)));
        worst_sum = std::max(worst_sum, std::abs(column_sum(a, i) - sums(0, i)));
      }
      CHECK(worst <= (p == precision::full ? fp32_bound(rows) : rounded_bound(rows, 8)));
      CHECK(worst_sum <= fp32_bound(rows));
    }
  }
}

TEMPLATE_TEST_CASE("products: GELU, what came before it, and its slope with column sums, have the bits of the CPU's product and passes", "",
                   HOST_SYSTEMS) {
  for (const precision p : {precision::full, precision::bf16})
    for (const activation form : {activation::gelu, activation::gelu_tanh})
      for (const int n : {8, 33}) {
        INFO(text_of(p) << " form " << static_cast<int>(form) << " n " << n);
        constexpr int rows = 67, k = 26;
        const device::plain_products<TestType> products({}, p);
        const auto& passes = *select_kernels<float>(isa::portable, p).row;
        const auto gelu = form == activation::gelu ? passes.gelu : passes.gelu_tanh;
        const auto back = form == activation::gelu ? passes.gelu_back : passes.gelu_tanh_back;
        matrix x(rows, k, 1), w(n, k, 2), bias(1, n, 3, 0), y(rows, n, 4), u(rows, n, 5, 0), sums(1, n, 6, 0);
        matrix wanted_u = u, wanted = y;
        device::affine_product a = affine(x, w, false, y);
        a.bias = bias.data();
        device::affine_product plain = a;
        plain.ldy = n;
        on_cpu(p, plain, wanted_u.data());
        for (int i = 0; i < rows; ++i) gelu(static_cast<std::size_t>(n), &wanted(i, 0), &wanted_u(i, 0));
        a.gelu = form;
        products.affine(a);  // prediction: nothing is kept
        CHECK(same_bits(y, wanted));
        std::fill(y.all.begin(), y.all.end(), 0.0f);
        a.before = u.data();
        products.affine(a);
        CHECK(same_bits(y, wanted));
        CHECK(same_bits(u, wanted_u));

        std::vector<std::byte> scratch(products.scratch_bytes(rows, k, n));
        device::affine_product d = affine(x, w, false, y);
        on_cpu(p, d, wanted.data());
        for (int i = 0; i < rows; ++i) back(static_cast<std::size_t>(n), &wanted(i, 0), &u(i, 0), &wanted(i, 0), false);
        d.gelu = form, d.slope_of = u.data(), d.gate_sum = sums.data(), d.scratch = scratch.data();
        products.affine(d);
        CHECK(same_bits(y, wanted));
        double worst = 0;
        for (int j = 0; j < n; ++j) worst = std::max(worst, std::abs(column_sum(y, j) - sums(0, j)));
        CHECK(worst <= fp32_bound(rows) * std::sqrt(double(k)));  // y is a sum of k products
      }
}

TEST_CASE("products: no row is no work, and the sums of no row are zero") {
  const device::plain_products<device::serial_system> products;
  float x = 1, y = 7, c = 7, sum = 7;
  const std::uint32_t bits[4]{};
  products.affine(
      {.rows = 0, .k = 1, .n = 1, .x = &x, .ldx = 1, .w = &x, .ldw = 1, .y = &y, .ldy = 1, .gate_bits = bits, .ldgate = 4, .gate_sum = &sum});
  CHECK(y == 7);
  CHECK(sum == 0);
  products.outer({.rows = 0, .m = 1, .n = 1, .a = &x, .lda = 1, .b = &x, .ldb = 1, .c = &c, .ldc = 1});
  CHECK(c == 7);
}

TEST_CASE("products: what would leave the arrays, and flags that exclude each other, are refused") {
  const device::plain_products<device::serial_system> products;
  float v[8]{};
  std::uint32_t bits[8]{};
  const device::affine_product good{.rows = 2, .k = 2, .n = 2, .x = v, .ldx = 2, .w = v, .ldw = 2, .y = v, .ldy = 2};
  const auto refused = [&](auto change, const char* part) {
    device::affine_product a = good;
    change(a);
    const std::string message = message_of([&] { products.affine(a); });
    INFO(message);
    CHECK(contains(message, part));
  };
  using args = device::affine_product;
  refused([](args& a) { a.rows = -1; }, "affine of (-1, 2) to 2 columns: found a size below its least");
  refused([](args& a) { a.k = 0; }, "a size below its least");
  refused([](args& a) { a.x = nullptr; }, "a null array");
  refused([](args& a) { a.ldy = 1; }, "rows closer than they are long");
  refused([](args& a) { a.transposed = true, a.n = 3, a.ldy = 3; }, "rows closer than they are long");
  refused([&](args& a) { a.bits = bits, a.ldbits = 4; }, "bits without relu");
  refused([&](args& a) { a.bits = bits, a.relu = true, a.ldbits = 1; }, "wanted mask_words(n) or a larger multiple of 4");
  refused([&](args& a) { a.gate_bits = bits, a.ldgate = 6; }, "wanted mask_words(n) or a larger multiple of 4");
  refused([&](args& a) { a.gate_bits = bits, a.ldgate = 4, a.relu = true; }, "gate_bits beside bias or relu");
  refused([&](args& a) { a.gate_sum = v; }, "gate_sum without gate_bits");
  refused([&](args& a) { a.gate_bits = bits, a.ldgate = 4, a.gate_sum = v; }, "gate_sum without scratch");
  refused([&](args& a) { a.before = v; }, "before or slope_of without gelu");
  refused([&](args& a) { a.slope_of = v, a.gelu = activation::relu; }, "before or slope_of without gelu");
  refused([&](args& a) { a.gelu = activation::gelu, a.relu = true; }, "gelu beside relu, gate_bits, accumulate or bf16");
  refused([&](args& a) { a.gelu = activation::gelu, a.accumulate = true; }, "gelu beside relu, gate_bits, accumulate or bf16");
  refused([&](args& a) { a.gelu = activation::gelu_tanh, a.slope_of = v, a.bias = v; }, "slope_of beside bias or before");
  refused([&](args& a) { a.gelu = activation::gelu_tanh, a.slope_of = v, a.gate_sum = v; }, "gate_sum without scratch");
  refused([](args& a) { a.accumulate = a.relu = true; }, "accumulate beside relu");
  const auto refuse_outer = [&](auto change, const char* part) {
    device::outer_product o{.rows = 2, .m = 2, .n = 2, .a = v, .lda = 2, .b = v, .ldb = 2, .c = v, .ldc = 2};
    change(o);
    CHECK(contains(message_of([&] { products.outer(o); }), part));
  };
  refuse_outer([](device::outer_product& o) { o.n = 0; }, "a size below its least");
  refuse_outer([](device::outer_product& o) { o.ldc = 1; }, "rows closer than they are long");
  refuse_outer([&](device::outer_product& o) { o.a_sum = o.b_sum = v; }, "both column sums");
  refuse_outer([&](device::outer_product& o) { o.a_sum = v; }, "a column sum without scratch");
  CHECK(contains(message_of([] { device::plain_products<device::serial_system>({}, precision::tf32); }), "tf32 is computed by cuBLASLt only"));
  CHECK(contains(message_of([] { select_kernels<float>(isa::automatic, precision::tf32); }), "on CUDA devices only"));
}
