// tests/cuda/pair_storage.test.cpp -- pair layers stored in bf16: what is stored and what is summed; memory and training: pair_storage_steps.test.cpp.
#include "agreement.hpp"
#include "pair_models.hpp"
#include "product_data.hpp"
#include "relreason/backend/cuda/predictor.cuh"
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/message/encode_pairs.hpp"
#include "support/questions_of_scenes.hpp"
#include "support/small_relations.hpp"
#include "systems.hpp"

using namespace relreason;
using namespace pair_models;
using cuda_test::apart;
using device::bf16;
using systems_test::numbers;

namespace {

std::vector<bf16> rounded(const std::vector<float>& x) { return {x.begin(), x.end()}; }
std::vector<float> widened(const std::vector<bf16>& x) { return {x.begin(), x.end()}; }
bool representable(float x) { return device::from_bf16(device::to_bf16(x)) == x; }
bool same(const std::vector<bf16>& a, const std::vector<bf16>& b) { return systems_test::same_bits(a, b); }

// The loss of relations<mlp<relu<w>, relu<w>, relu<w>>>, and its gradients of g, by definition: rounded where a step in bf16 rounds, else double.
struct by_definition {
  using matrix = std::vector<double>;
  static constexpr int w = 8;
  const float* weights[8];  // weight and bias of g's three layers and of "a"
  matrix gradients[6];      // of g
  double loss = 0;

  static double near(double x) { return double{device::operand<true>(static_cast<float>(x))}; }
  static std::size_t at(int row, int width, int column) { return static_cast<std::size_t>(row * width + column); }

  template <class M>
  by_definition(const parameters<M>& p, const batch<M>& b, int samples, int objects) {
    const char* names[]{"r.g.0.weight", "r.g.0.bias", "r.g.1.weight", "r.g.1.bias", "r.g.2.weight", "r.g.2.bias", "a.weight", "a.bias"};
    for (int k = 0; k < 8; ++k) weights[k] = p.data() + p.entry(names[k]).offset;
    for (int k = 0; k < 6; ++k) gradients[k].resize(p.entry(names[k]).count);
    for (int s = 0; s < samples; ++s)
      scene(b.template values<"o">().data() + 3 * objects * s, b.template values<"label">()[static_cast<std::size_t>(s)], samples, objects);
  }
  // y = W x + b, all operands rounded
  static matrix map(const float* weight, const double* x, int k, int n, const float* bias, bool round_bias) {
    matrix y(static_cast<std::size_t>(n));
    for (int j = 0; j < n; ++j) {
      double sum = round_bias ? near(bias[j]) : double{bias[j]};
      for (int i = 0; i < k; ++i) sum += near(weight[j * k + i]) * near(x[i]);
      y[static_cast<std::size_t>(j)] = sum;
    }
    return y;
  }
  void scene(const float* objects_of, int label, int samples, int objects) {
    std::vector<matrix> h[3];  // by layer, of each pair: as stored
    matrix r(w);
    for (int receiver = 0; receiver < objects; ++receiver)
      for (int sender = 0; sender < objects; ++sender) {
        double both[6];
        for (int i = 0; i < 3; ++i) both[i] = double{objects_of[3 * sender + i]}, both[3 + i] = double{objects_of[3 * receiver + i]};
        matrix x = map(weights[0], both, 6, w, weights[1], false);
        for (int l = 0;; ++l) {
          for (double& v : x) v = near(std::max(v, 0.));
          h[l].push_back(x);
          if (l == 2) break;
          x = map(weights[2 * l + 2], x.data(), w, w, weights[2 * l + 3], true);
        }
        for (int j = 0; j < w; ++j) r[at(0, 0, j)] += x[at(0, 0, j)];
      }
    const matrix a = map(weights[6], r.data(), w, 4, weights[7], false);
    double sum = 0;
    for (const double v : a) sum += std::exp(v);
    loss += (std::log(sum) - a[static_cast<std::size_t>(label)]) / samples;
    matrix dr(w);
    for (int j = 0; j < w; ++j)
      for (int i = 0; i < 4; ++i)
        dr[at(0, 0, j)] += near((std::exp(a[at(0, 0, i)]) / sum - (i == label ? 1 : 0)) / samples) * near(weights[6][i * w + j]);
    matrix by_sender(at(objects, w, 0)), by_receiver(by_sender);  // of the first layer, summed in float, then operands of a product
    for (std::size_t k = 0; k < h[0].size(); ++k) {
      matrix d = dr;
      for (int l = 2; l >= 0; --l) {
        for (int j = 0; j < w; ++j) d[at(0, 0, j)] = h[l][k][at(0, 0, j)] > 0 ? near(d[at(0, 0, j)]) : 0;
        matrix below(w);
        for (int j = 0; j < w; ++j) {
          const double dj = d[at(0, 0, j)];
          gradients[2 * l + 1][at(0, 0, j)] += dj;
          if (l == 0) by_sender[at(static_cast<int>(k) % objects, w, j)] += dj, by_receiver[at(static_cast<int>(k) / objects, w, j)] += dj;
          for (int i = 0; l && i < w; ++i) {
            gradients[2 * l][at(j, w, i)] += dj * h[l - 1][k][at(0, 0, i)];
            below[at(0, 0, i)] += dj * near(weights[2 * l][j * w + i]);
          }
        }
        d = below;
      }
    }
    for (int o = 0; o < objects; ++o)
      for (int j = 0; j < w; ++j)
        for (int i = 0; i < 3; ++i) {
          gradients[0][at(j, 6, i)] += near(by_sender[at(o, w, j)]) * near(objects_of[3 * o + i]);
          gradients[0][at(j, 6, 3 + i)] += near(by_receiver[at(o, w, j)]) * near(objects_of[3 * o + i]);
        }
  }
};

}  // namespace

TEMPLATE_TEST_CASE("pair storage: products of arrays in bf16 are those of the same numbers in float, rounded once where Y is stored so", "[cuda]",
                   RELREASON_HOST_SYSTEMS) {
  using namespace product_data;
  constexpr int rows = 67, k = 26, n = 35;
  const device::plain_products<TestType> products({}, precision::bf16);
  CHECK(products.rounds_to_bf16());
  matrix w(n, k, 2), back(k, n, 3);
  const std::vector<bf16> x = rounded(numbers<float>(rows * k, 1));
  const std::vector<float> wide = widened(x), bias = numbers<float>(n, 4);
  std::vector<float> y(rows * n), plain(rows * n), sums(n), plain_sums(n), c(n * k, 1.f), plain_c = c;
  std::vector<bf16> halves(rows * n);
  std::vector<std::uint32_t> bits(rows * 4);
  std::vector<std::byte> scratch(products.scratch_bytes(rows, k, n));
  device::affine_product a{
      .rows = rows, .k = k, .n = n, .x = x.data(), .ldx = k, .w = w.data(), .ldw = w.ld, .bias = bias.data(), .y = y.data(), .ldy = n};
  a.scratch = scratch.data();
  products.affine(a);
  a.x = wide.data(), a.y = plain.data();
  products.affine(a);
  CHECK(systems_test::same_bits(y, plain));

  // Y in bf16: after ReLU, with the bias rounded as well.
  const std::vector<float> near_bias = widened(rounded(bias));
  CHECK_FALSE(systems_test::same_bits(bias, near_bias));
  a.bias = near_bias.data(), a.relu = true;
  products.affine(a);
  a.x = x.data(), a.bias = bias.data(), a.y = halves.data(), a.bits = bits.data(), a.ldbits = 4;
  products.affine(a);
  CHECK(same(halves, rounded(plain)));
  CHECK_FALSE(systems_test::same_bits(widened(halves), plain));
  for (int i = 0; i < rows; ++i)
    for (int j = 0; j < n; ++j) CHECK(bit(bits.data(), 4, i, j) == (halves[static_cast<std::size_t>(i * n + j)] > 0));

  // Backward: the gate, and float sums of what is stored.
  std::vector<bf16> below(rows * n);
  device::affine_product g{
      .rows = rows, .k = k, .n = n, .x = x.data(), .ldx = k, .w = back.data(), .ldw = back.ld, .transposed = true, .y = plain.data(), .ldy = n};
  g.gate_bits = bits.data(), g.ldgate = 4, g.scratch = scratch.data();
  products.affine(g);
  g.y = below.data(), g.gate_sum = sums.data();
  products.affine(g);
  CHECK(same(below, rounded(plain)));
  const std::vector<float> stored_below = widened(below);
  device::column_sums(TestType{}, rows, n, stored_below.data(), n, scratch.data(), plain_sums.data());
  CHECK(systems_test::same_bits(sums, plain_sums));

  device::outer_product o{.rows = rows, .m = n, .n = k, .a = below.data(), .lda = n, .b = x.data(), .ldb = k, .c = c.data(), .ldc = k};
  o.a_sum = sums.data(), o.scratch = scratch.data();
  products.outer(o);
  o.a = stored_below.data(), o.b = wide.data(), o.c = plain_c.data(), o.a_sum = plain_sums.data();
  products.outer(o);
  CHECK(systems_test::same_bits(c, plain_c));
  CHECK(systems_test::same_bits(sums, plain_sums));
  CHECK_FALSE(representable(c[0]));

  const device::plain_products<TestType> full;
  CHECK_THROWS_WITH(full.affine(a), Catch::Matchers::Contains("wanted precision bf16"));
  CHECK_THROWS_WITH(
      full.outer(device::outer_product{.rows = 1, .m = 1, .n = 1, .a = x.data(), .lda = 1, .b = wide.data(), .ldb = 1, .c = c.data(), .ldc = 1}),
      Catch::Matchers::Contains("wanted precision bf16"));
  g.gate_bits = nullptr, g.gate_sum = nullptr, g.accumulate = true;
  CHECK_THROWS_WITH(products.affine(g), Catch::Matchers::Contains("accumulate into bf16"));
}

TEMPLATE_TEST_CASE("pair storage: passes over arrays in bf16 compute in float and round what they store", "[cuda]", RELREASON_HOST_SYSTEMS) {
  const TestType on;
  constexpr std::size_t rows = 150, width = 37, all = rows * width;
  const std::vector<float> a = numbers<float>(20 * width, 1), by = numbers<float>(rows, 2);
  const std::vector<int> ia = systems_test::indices(rows, 20, 1), ib = systems_test::indices(rows, 20, 2);
  std::vector<float> x(all);
  std::vector<bf16> h(all);
  device::gather_pairs(on, rows, width, x.data(), a.data(), ia.data(), a.data(), ib.data(), true);
  device::gather_pairs(on, rows, width, h.data(), a.data(), ia.data(), a.data(), ib.data(), true);
  CHECK(same(h, rounded(x)));
  x = widened(h);  // from here on both begin with the same numbers

  const auto both_round = [&](const auto& pass) {
    auto y = x;
    auto z = h;
    pass(y.data());
    pass(z.data());
    CHECK(same(z, rounded(y)));
    CHECK_FALSE(systems_test::same_bits(y, x));
  };
  both_round([&](auto* to) { device::dropout(on, all, to, 20, {.seed = 3}, 5); });
  both_round([&](auto* to) { device::scale_rows(on, rows, width, to, by.data()); });
  std::vector<std::uint32_t> bits(rows * 2), same_bits(rows * 2);
  device::make_bits(on, rows, width, x.data(), bits.data());
  device::make_bits(on, rows, width, h.data(), same_bits.data());
  CHECK(bits == same_bits);
  both_round([&](auto* to) { device::select_rows(on, rows, width, to, bits.data(), a.data(), ia.data(), by.data()); });

  const auto agree = [&](std::size_t n, const auto& pass) {
    std::vector<float> y(n, .5f), z(n, .5f);
    pass(x.data(), y.data());
    pass(h.data(), z.data());
    CHECK(systems_test::same_bits(y, z));
    CHECK(y[0] != .5f);
  };
  std::vector<int> start{0, 70, 70, 150}, best(3 * width), same_best(3 * width);
  std::vector<std::byte> scratch(1 << 20);
  const device::row_lists lists{3, start.data(), nullptr, rows, 80};
  agree(rows, [&](auto* from, float* to) { device::dot_rows(on, rows, width, from, a.data(), ia.data(), to); });
  agree(width, [&](auto* from, float* to) { device::sum_rows(on, rows, width, from, to, scratch.data()); });
  agree(3 * width, [&](auto* from, float* to) { device::sum_groups(on, lists, width, from, width, to, width, by.data(), scratch.data()); });
  std::vector<float> y(3 * width), z(3 * width);
  device::max_groups(on, lists, width, x.data(), y.data(), best.data(), false, scratch.data());
  device::max_groups(on, lists, width, h.data(), z.data(), same_best.data(), false, scratch.data());
  CHECK(systems_test::same_bits(y, z));
  CHECK(best == same_best);
}

TEST_CASE("pair storage: numbers in bf16 are rounded when they are set, and refused as floats", "[cuda]") {
  bf16 halves[3]{};
  const stored<float> h = halves;
  h.set(1, 1 + 0x1p-8f), (h + 1).set(1, 3);
  CHECK(h.get(1) == 1);  // to even
  CHECK(h.get(2) == 3);
  CHECK(stored<const float>(h).get(2) == 3);
  CHECK_THROWS_WITH(static_cast<float*>(h), Catch::Matchers::Contains("were asked for as numbers of 4 bytes"));
  float x[2]{};
  const stored<float> f = x;
  f.set(1, 1 + 0x1p-8f);
  CHECK(f.get(1) == 1 + 0x1p-8f);
  CHECK(static_cast<float*>(f + 1) == x + 1);
}

TEMPLATE_TEST_CASE("pair storage: a step in bf16 rounds what lies between the layers and nothing else, and has the same bits again", "[cuda]",
                   RELREASON_HOST_SYSTEMS) {
  using M = relations<mlp<relu<8>, relu<8>, relu<8>>>;
  const auto at = planned<M>(6, 5);
  const auto b = scenes<M>(6, 5);
  const parameters<M> p(3);
  cuda_test::on_system<TestType, M> there(at, precision::bf16), again(at, precision::bf16);
  for (auto* one : {&there, &again}) one->program.send(p), one->run(b, {.seed = 5});
  CHECK(std::equal(there.program.gradients(), there.program.gradients() + parameters<M>::table().learned, again.program.gradients()));
  const by_definition wanted(p, b, 6, 5);
  // One number in fp32 between the layers would move these by 1e-3: bf16 has 8 bits. Sums in float and a softmax in double are within:
  constexpr double most = 1e-6;
  CHECK(std::abs(there.program.loss() / wanted.loss - 1) < most);
  for (int k = 0; k < 6; ++k) {
    const auto& e = p.entry("r.g." + std::to_string(k / 2) + (k % 2 ? ".bias" : ".weight"));
    INFO(e.path);
    const std::vector<float> of(wanted.gradients[k].begin(), wanted.gradients[k].end());
    CHECK(distance(of.data(), there.program.gradients() + e.offset, e.count) < most);
  }
}

TEST_CASE("pair storage: the sum over one pair is a number of bf16 in that precision, and none in fp32", "[cuda]") {
  using M = relations<mlp<relu<40>, relu<33>>>;
  using values = device::batch_program<M, device::serial_system, device::plain_products<device::serial_system>, false, "r">;
  const auto b = scenes<M>(7, 1);
  const parameters<M> p(3);
  for (const precision of : {precision::full, precision::bf16}) {
    device::plain_products<device::serial_system> products({}, of);
    values program(planned<M>(7, 1), {}, products);
    program.send(p);
    std::vector<float> r(7 * 33);
    program.run(b, {}, {r.data()}, [](const auto&, auto&& work) { work(); });
    CHECK(std::all_of(r.begin(), r.end(), representable) == (of == precision::bf16));
    CHECK(std::count(r.begin(), r.end(), 0.f) < 200);
  }
}

namespace {

// A step on a device's code in bf16, beside the CPU's in bf16, which stores floats, and in fp32: apart by what bf16 costs.
template <class M>
void check_in_bf16(const limits<M>& at, const batch<M>& b, double most) {
  serial_executor serial;
  parameters<M> p(3);
  cuda_test::on_system<device::serial_system, M> there(at, precision::bf16);
  there.program.send(p);
  there.run(b, {.seed = 5, .step = 2});
  for (const precision beside : {precision::bf16, precision::full}) {
    gradient_program<M> cpu(at, serial, select_kernels<float>(isa::portable, beside));
    cpu.run(b, p, {.seed = 5, .step = 2});
    CHECK(std::abs(there.program.loss() / cpu.loss() - 1) < most / 4);
    CHECK(distance(cpu.gradients().data(), there.program.gradients(), p.learned()) < most);
  }
}
template <class... Options>
void check_shared_prefix(double most) {
  using M = questions_of_scenes::shared_prefix<Options...>;
  check_in_bf16<M>(questions_of_scenes::planned<M>(), questions_of_scenes::several_each<M, float>(), most);
}

}  // namespace

TEST_CASE("pair storage: gradients in bf16 are those of the CPU, but for the rounding, for every aggregation", "[cuda]") {
  constexpr double most = 1e-2;
  check_shared_prefix<>(most);
  check_shared_prefix<by_mean>(most);
  check_shared_prefix<by_max>(most);
  check_shared_prefix<by_weights<16>>(most);
  using asked = questions_of_scenes::single_question<>;
  check_in_bf16<asked>(questions_of_scenes::planned<asked>(), questions_of_scenes::one_each<asked, float>(), most);
  using single = relations<mlp<relu<20>>>;
  check_in_bf16<single>(planned<single>(8, 6), scenes<single>(8, 6), most);
  check_in_bf16<small::net>(small::planned(), small::scenes(0, 40), most);
  // Scenes of all labels nearly cancel here: the CPU's own gradient in bf16 is 2e-2 from that in fp32.
  using dropped = relations<mlp<relu<40>, relu<32>, dropout<20>, relu<24>>, by_mean>;
  check_in_bf16<dropped>(planned<dropped>(8, 6), scenes<dropped>(8, 6), 4 * most);
}
