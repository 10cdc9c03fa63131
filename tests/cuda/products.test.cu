// tests/cuda/products.test.cu -- products on the GPU: the plain ones bit for bit as on the host, cuBLASLt's against sums in double.
#include "relreason/backend/cuda/products.cuh"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <vector>

#include "catch.hpp"
#include "needs_device.hpp"
#include "product_data.hpp"
#include "relreason/backend/cuda/cublaslt.cuh"
#include "relreason/backend/cuda/graph.cuh"
#include "relreason/backend/cuda/memory.cuh"
#include "support/message_of.hpp"

namespace {

using namespace relreason;
using namespace relreason::device;
using namespace product_data;

// One stream, cuBLASLt on it, and arrays that are copied there.
struct gpu {
  stream on;
  device_memory workspace{cublaslt_workspace_bytes};
  std::deque<device_memory> arrays;
  cuda_system system() const { return {on.get()}; }
  template <class T>
  T* take(std::size_t n) {
    return arrays.emplace_back(n * sizeof(T)).template as<T>();
  }
  float* take(const matrix& m) {
    float* there = take<float>(m.all.size());
    copy(on.get(), there, m.all.data(), m.all.size());
    return there;
  }
  void read(matrix& to, const float* from) const { read(to.all.data(), from, to.all.size()); }
  template <class T>
  void read(T* to, const T* from, std::size_t n) const {
    copy(on.get(), to, from, n);
    on.synchronize();
  }
};

struct shape {
  int rows, k, n;
};
// Widths that no vector load divides, the sizes of the Relation Network's layers, one row.
constexpr shape shapes[]{{1, 256, 28}, {5, 7, 33}, {67, 26, 256}, {300, 256, 256}, {129, 130, 128}, {640, 512, 29}};

double bound(precision p, int k) { return p == precision::full ? fp32_bound(k) : rounded_bound(k, p == precision::bf16 ? 8 : 10); }

// Forward, its mask, the gated backward and the outer product of one layer, by some products, against doubles and masks against values.
template <class P>
void check_layer(gpu& g, P& products, precision p, shape s, bool transposed) {
  INFO(text_of(p) << " rows " << s.rows << " k " << s.k << " n " << s.n << " transposed " << transposed);
  matrix x(s.rows, s.k, 1), w(transposed ? s.k : s.n, transposed ? s.n : s.k, 2), bias(1, s.n, 3, 0), y(s.rows, s.n, 4), before = y;
  const std::size_t words = static_cast<std::size_t>(s.rows) * static_cast<std::size_t>(mask_words(s.n));
  void* scratch = g.take<std::byte>(products.scratch_bytes(s.rows, s.k, s.n));
  affine_product a = affine(x, w, transposed, y);
  a.x = g.take(x), a.w = g.take(w), a.bias = g.take(bias), a.scratch = scratch;
  const auto worst = [&](auto&& expected) {
    double most = 0;
    for (int i = 0; i < s.rows; ++i)
      for (int j = 0; j < s.n; ++j) most = std::max(most, std::abs(expected(i, j) - y(i, j)));
    return most;
  };
  const auto product = [&](int i, int j) { return dot(x, w, transposed, i, j) + bias(0, j); };

  a.y = g.take(y), a.accumulate = true;
  products.affine(a);
  g.read(y, a.y);
  CHECK(worst([&](int i, int j) { return product(i, j) + before(i, j); }) <= bound(p, s.k));

  std::vector<std::uint32_t> bits(words);
  a.accumulate = false, a.relu = true, a.bits = g.take<std::uint32_t>(words), a.ldbits = mask_words(s.n);
  products.affine(a);
  g.read(y, a.y);
  g.read(bits.data(), a.bits, words);
  CHECK(worst([&](int i, int j) { return std::max(product(i, j), 0.0); }) <= bound(p, s.k));
  long wrong_bits = 0;
  for (int i = 0; i < s.rows; ++i)
    for (int j = 0; j < s.n; ++j) wrong_bits += bit(bits.data(), a.ldbits, i, j) != (y(i, j) > 0);
  CHECK(wrong_bits == 0);

  matrix sum(1, s.n, 5);
  affine_product back = a;
  back.bias = nullptr, back.relu = false, back.bits = nullptr, back.gate_bits = a.bits, back.ldgate = a.ldbits, back.gate_sum = g.take(sum);
  const matrix forward = y;
  products.affine(back);
  g.read(y, back.y);
  g.read(sum, back.gate_sum);
  const auto gated = [&](int i, int j) { return forward(i, j) > 0 ? dot(x, w, transposed, i, j) : 0.0; };
  CHECK(worst(gated) <= bound(p, s.k));
  double worst_sum = 0;
  for (int j = 0; j < s.n; ++j) worst_sum = std::max(worst_sum, std::abs(column_sum(y, j) - sum(0, j)));
  CHECK(worst_sum <= bound(precision::full, s.rows) * std::sqrt(double(s.k)));

  matrix c(s.n, s.k, 6), c_before = c, sums(1, s.n, 7);
  outer_product o = outer(y, x, c);
  o.a = back.y, o.b = a.x, o.c = g.take(c), o.a_sum = g.take(sums), o.scratch = g.take<std::byte>(products.scratch_bytes(s.rows, s.n, s.k));
  products.outer(o);
  g.read(c, o.c);
  g.read(sums, o.a_sum);
  double worst_c = 0, scale = 1 + std::sqrt(double(s.k));  // y is a sum of k products
  for (int i = 0; i < s.n; ++i)
    for (int j = 0; j < s.k; ++j) worst_c = std::max(worst_c, std::abs(outer_dot(y, x, i, j) + c_before(i, j) - c(i, j)));
  CHECK(worst_c <= scale * bound(p, s.rows));
  worst_sum = 0;
  for (int j = 0; j < s.n; ++j) worst_sum = std::max(worst_sum, std::abs(column_sum(y, j) - sums(0, j)));
  CHECK(worst_sum <= scale * bound(p == precision::tf32 ? p : precision::full, s.rows));
}

// A GELU by hardware: PTX's tanh.approx.f32 is good to 2^-10.9 of 1, and cuBLASLt's manual does not say which tanh it takes.
constexpr double rough_tanh = 0x1p-10;

// Forward, what it keeps, and the slope with its sums, by some products, against doubles.
template <class P>
void check_gelu(gpu& g, P& products, precision p, activation form, shape s) {
  INFO(text_of(p) << " form " << static_cast<int>(form) << " rows " << s.rows << " k " << s.k << " n " << s.n);
  matrix x(s.rows, s.k, 1), w(s.n, s.k, 2), bias(1, s.n, 3, 0), y(s.rows, s.n, 4), u(s.rows, s.n, 5, 0), sum(1, s.n, 6, 0);
  affine_product a = affine(x, w, false, y);
  a.x = g.take(x), a.w = g.take(w), a.bias = g.take(bias), a.scratch = g.take<std::byte>(products.scratch_bytes(s.rows, s.k, s.n));
  a.y = g.take(y), a.gelu = form;
  const double rough = form == activation::gelu ? 0 : rough_tanh;
  const auto product = [&](int i, int j) { return dot(x, w, false, i, j) + bias(0, j); };
  const auto check_forward = [&](const char* what) {
    INFO(what);
    products.affine(a);
    g.read(y, a.y.at);
    double over = -1;  // beyond what is allowed; a GELU's slope is below 1.13
    double from_tanh = 0, from_erf = 0;
    for (int i = 0; i < s.rows; ++i)
      for (int j = 0; j < s.n; ++j) {
        const double z = product(i, j);
        over = std::max(over, std::abs(gelu_of(form, z) - y(i, j)) - 1.13 * bound(p, s.k) - rough * std::abs(z));
        from_tanh += std::abs(gelu_of(activation::gelu_tanh, z) - y(i, j)), from_erf += std::abs(gelu_of(activation::gelu, z) - y(i, j));
      }
    CHECK(over <= 0);
    if (p == precision::full) CHECK((form == activation::gelu_tanh) == (from_tanh < from_erf));  // in bf16 the two are too close to tell
  };
  check_forward("prediction");
  a.before = g.take(u);
  check_forward("training");
  g.read(u, a.before);
  double worst = 0;
  for (int i = 0; i < s.rows; ++i)
    for (int j = 0; j < s.n; ++j) worst = std::max(worst, std::abs(product(i, j) - u(i, j)));
  CHECK(worst <= bound(p, s.k));

  affine_product back = a;
  back.bias = nullptr, back.before = nullptr, back.slope_of = a.before;
  for (float* to : {static_cast<float*>(nullptr), g.take(sum)}) {
    back.gate_sum = to;
    products.affine(back);
    g.read(y, back.y.at);
    double over = -1;
    for (int i = 0; i < s.rows; ++i)
      for (int j = 0; j < s.n; ++j) {
        const double z = u(i, j), d = dot(x, w, false, i, j);
        const double allowed = 1.13 * bound(p, s.k) + (1e-6 + rough * (1 + z * z)) * std::abs(d);
        over = std::max(over, std::abs(gelu_slope_of(form, z) * d - y(i, j)) - allowed);
      }
    CHECK(over <= 0);
  }
  g.read(sum, back.gate_sum);
  double worst_sum = 0;
  for (int j = 0; j < s.n; ++j) worst_sum = std::max(worst_sum, std::abs(column_sum(y, j) - sum(0, j)));
  CHECK(worst_sum <= bound(precision::full, s.rows) * std::sqrt(double(s.k)));
}

}  // namespace

TEST_CASE("cuBLASLt: a missing workspace is refused before the device is asked") {
  CHECK(contains(message_of([] { cublaslt_products({}, precision::full, nullptr); }), "found no workspace, wanted 33554432 bytes"));
}

TEST_CASE("plain products on the GPU have the host's bits", "[small]") {
  if (no_device()) return;
  for (const precision p : {precision::full, precision::bf16}) {
    gpu g;
    const plain_products<cuda_system> there(g.system(), p);
    const plain_products<serial_system> here({}, p);
    matrix x(67, 130, 1), w(33, 130, 2), y(67, 33, 3), on_gpu = y;
    affine_product a = affine(x, w, false, y), b = a;
    b.x = g.take(x), b.w = g.take(w), b.y = g.take(y);
    here.affine(a);
    there.affine(b);
    g.read(on_gpu, b.y);
    CHECK(std::memcmp(y.data(), on_gpu.data(), y.all.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("plain products on the GPU: every epilogue agrees with double", "[small]") {
  if (no_device()) return;
  for (const precision p : {precision::full, precision::bf16})
    for (const shape s : {shapes[1], shapes[2]}) {
      gpu g;
      plain_products<cuda_system> products(g.system(), p);
      check_layer(g, products, p, s, false);
    }
}

TEST_CASE("cuBLASLt products: every epilogue agrees with double, in fp32, TF32 and bf16") {
  if (no_device()) return;
  for (const precision p : {precision::full, precision::tf32, precision::bf16}) {
    gpu g;
    cublaslt_products products(g.system(), p, g.workspace.data());
    for (const shape s : shapes)
      for (const bool transposed : {false, true}) check_layer(g, products, p, s, transposed);
    std::printf("%s\n", products.description().c_str());
  }
}

TEST_CASE("products on the GPU: GELU, exact and by tanh, and its slope agree with double") {
  if (no_device()) return;
  for (const precision p : {precision::full, precision::tf32, precision::bf16}) {
    gpu g;
    cublaslt_products products(g.system(), p, g.workspace.data());
    for (const activation form : {activation::gelu, activation::gelu_tanh})
      for (const shape s : shapes) {
        check_gelu(g, products, p, form, s);
        if (p == precision::tf32) continue;
        plain_products<cuda_system> plain(g.system(), p);
        check_gelu(g, plain, p, form, s);
      }
    std::printf("with GELU: %s\n", products.description().c_str());
  }
}

TEST_CASE("cuBLASLt products: NaN stays NaN under GELU, and far below 0 it is 0") {
  if (no_device()) return;
  for (const activation form : {activation::gelu, activation::gelu_tanh}) {
    INFO("form " << static_cast<int>(form));
    gpu g;
    cublaslt_products products(g.system(), precision::full, g.workspace.data());
    matrix x(64, 256, 1, 0), w(256, 256, 2, 0), y(64, 256, 4, 0), u = y;
    std::fill(x.all.begin(), x.all.end(), -100.0f);
    std::fill(w.all.begin(), w.all.end(), 1.0f);
    x.all[3 * 256 + 5] = NAN;
    affine_product a = affine(x, w, false, y);
    a.x = g.take(x), a.w = g.take(w), a.y = g.take(y), a.gelu = form, a.before = g.take(u);
    a.scratch = g.take<std::byte>(products.scratch_bytes(64, 256, 256));
    products.affine(a);
    g.read(y, a.y.at);
    int kept = 0, zeros = 0;
    for (int i = 0; i < 64; ++i)
      for (int j = 0; j < 256; ++j) kept += std::isnan(y(i, j)) && i == 3 ? 1 : 0, zeros += y(i, j) == 0 ? 1 : 0;
    CHECK(kept == 256);
    CHECK(zeros == 63 * 256);
  }
}

TEST_CASE("cuBLASLt products: the mask of an exact zero is 0, as on the CPU, so that no gradient passes it") {
  if (no_device()) return;
  for (const precision p : {precision::full, precision::tf32, precision::bf16}) {
    INFO(text_of(p));
    gpu g;
    cublaslt_products products(g.system(), p, g.workspace.data());
    matrix x(64, 256, 1, 0), w(256, 256, 2, 0), bias(1, 256, 3, 0), y(64, 256, 4, 0);
    std::fill(x.all.begin(), x.all.end(), 0.0f);
    std::fill(bias.all.begin(), bias.all.begin() + 128, 0.0f);
    std::fill(bias.all.begin() + 128, bias.all.end(), 1.0f);
    affine_product a = affine(x, w, false, y);
    a.x = g.take(x), a.w = g.take(w), a.bias = g.take(bias), a.y = g.take(y), a.relu = true;
    a.scratch = g.take<std::byte>(products.scratch_bytes(64, 256, 256));
    std::vector<std::uint32_t> bits(64 * 8);
    a.bits = g.take<std::uint32_t>(bits.size()), a.ldbits = 8;
    products.affine(a);
    g.read(bits.data(), a.bits, bits.size());
    for (std::size_t i = 0; i < bits.size(); ++i) {
      INFO("word " << i);
      CHECK(bits[i] == (i % 8 < 4 ? 0u : 0xffffffffu));
    }
  }
}

TEST_CASE("cuBLASLt products: NaN stays NaN under ReLU, as on the CPU, so that nothing hides it") {
  if (no_device()) return;
  for (const precision p : {precision::full, precision::tf32, precision::bf16}) {
    INFO(text_of(p));
    gpu g;
    cublaslt_products products(g.system(), p, g.workspace.data());
    matrix x(64, 256, 1, 0), w(256, 256, 2, 0), bias(1, 256, 3, 0), y(64, 256, 4, 0);
    x.all[3 * 256 + 5] = NAN;
    affine_product a = affine(x, w, false, y);
    a.x = g.take(x), a.w = g.take(w), a.bias = g.take(bias), a.y = g.take(y), a.relu = true;
    a.scratch = g.take<std::byte>(products.scratch_bytes(64, 256, 256));
    products.affine(a);
    g.read(y, a.y);
    int kept = 0, others = 0;
    for (int i = 0; i < 64; ++i)
      for (int j = 0; j < 256; ++j) (i == 3 ? kept : others) += std::isnan(y(i, j)) ? 1 : 0;
    CHECK(kept == 256);
    CHECK(others == 0);
  }
}

TEST_CASE("cuBLASLt products: arrays stored in bf16 hold what plain products store on the host, but for the order of sums") {
  if (no_device()) return;
  for (const shape s : {shapes[1], shapes[3], shapes[5]}) {
    INFO("rows " << s.rows << " k " << s.k << " n " << s.n);
    gpu g;
    cublaslt_products products(g.system(), precision::bf16, g.workspace.data());
    const plain_products<serial_system> here({}, precision::bf16);
    matrix numbers(s.rows, s.k, 1, 0), w(s.n, s.k, 2), back(s.k, s.n, 3), bias(1, s.n, 4, 0);
    const std::size_t count = static_cast<std::size_t>(s.rows) * static_cast<std::size_t>(s.n);
    const std::size_t words = static_cast<std::size_t>(s.rows) * static_cast<std::size_t>(mask_words(s.n));
    std::vector<bf16> x(numbers.all.begin(), numbers.all.end()), y(count), found(count);
    std::vector<std::uint32_t> bits(words), found_bits(words);
    std::vector<float> sums(static_cast<std::size_t>(s.n)), found_sums(sums);
    std::vector<std::byte> parts(here.scratch_bytes(s.rows, s.k, s.n));
    affine_product a = affine(numbers, w, false, numbers);
    a.n = s.n, a.x = x.data(), a.ldx = s.k, a.y = y.data(), a.ldy = s.n, a.bias = bias.data();
    a.relu = true, a.bits = bits.data(), a.ldbits = mask_words(s.n), a.scratch = parts.data();
    here.affine(a);
    affine_product b = a;
    bf16* there = g.take<bf16>(x.size());
    copy(g.on.get(), there, x.data(), x.size());
    b.x = there, b.w = g.take(w), b.bias = g.take(bias), b.y = g.take<bf16>(count), b.bits = g.take<std::uint32_t>(words);
    b.scratch = g.take<std::byte>(products.scratch_bytes(s.rows, s.k, s.n, true));
    products.affine(b);
    // Sums that differ in their last bits may be rounded to neighbors: 8 bits.
    const auto compare = [&] {
      g.read(found.data(), b.y.halves(), count);
      double most = 0;
      for (std::size_t i = 0; i < count; ++i) most = std::max(most, std::abs(double{y[i]} - double{found[i]}) / (1 + std::abs(double{y[i]})));
      CHECK(most <= 0x1p-7);
    };
    compare();
    g.read(found_bits.data(), b.bits, words);
    for (int i = 0; i < s.rows; ++i)
      for (int j = 0; j < s.n; ++j)
        CHECK(bit(found_bits.data(), b.ldbits, i, j) ==
              (found[static_cast<std::size_t>(i) * static_cast<std::size_t>(s.n) + static_cast<std::size_t>(j)] > 0));

    copy(g.on.get(), b.bits, bits.data(), words);  // the same gate
    a.w = back.data(), a.ldw = back.ld, b.w = g.take(back), b.ldw = back.ld;
    for (affine_product* p : {&a, &b})
      p->transposed = true, p->bias = nullptr, p->relu = false, p->gate_bits = p->bits, p->ldgate = p->ldbits, p->bits = nullptr;
    a.gate_sum = sums.data(), b.gate_sum = g.take<float>(sums.size());
    here.affine(a);
    products.affine(b);
    compare();
    g.read(found_sums.data(), b.gate_sum, sums.size());
    const std::vector<float> stored(found.begin(), found.end());
    column_sums(serial_system{}, s.rows, s.n, stored.data(), s.n, parts.data(), sums.data());
    CHECK(std::memcmp(sums.data(), found_sums.data(), sums.size() * sizeof(float)) == 0);
  }
}

TEST_CASE("cuBLASLt products: the same bits run after run, one algorithm per shape, and captured as uncaptured") {
  if (no_device()) return;
  for (const precision p : {precision::full, precision::tf32, precision::bf16}) {
    gpu g;
    cublaslt_products products(g.system(), p, g.workspace.data());
    matrix x(4096, 256, 1, 0), dy(4096, 256, 2, 0), c(256, 256, 3, 0);
    outer_product o = outer(dy, x, c);
    o.accumulate = false;
    o.a = g.take(dy), o.b = g.take(x), o.c = g.take(c), o.scratch = g.take<std::byte>(products.scratch_bytes(4096, 256, 256));
    products.outer(o);
    matrix first = c;
    g.read(first, o.c);
    const std::size_t shapes_met = products.shapes();
    for (int run = 0; run < 5; ++run) {
      products.outer(o);
      g.read(c, o.c);
      CHECK(std::memcmp(first.data(), c.data(), c.all.size() * sizeof(float)) == 0);
    }
    CHECK(products.shapes() == shapes_met);
    captured_graph graph;
    graph.capture(g.on, [&] { products.outer(o); });
    zero(g.on.get(), o.c, c.all.size());
    graph.launch(g.on);
    g.read(c, o.c);
    CHECK(std::memcmp(first.data(), c.data(), c.all.size() * sizeof(float)) == 0);
  }
}
