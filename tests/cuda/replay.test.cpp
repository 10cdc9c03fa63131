// tests/cuda/replay.test.cpp -- a step captured for one batch and launched again for others: played on the host, where a launch is a list of calls.
#include "recording.hpp"

#include <map>
#include <string>
#include <vector>

#include "agreement.hpp"
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/nn/add.hpp"
#include "relreason/nn/unit_range.hpp"
#include "support/small_relations.hpp"
#include "systems.hpp"

using namespace relreason;

namespace {

using recorded = cuda_test::on_system<device::recording_system, small::net>;
using plain = cuda_test::on_system<device::serial_system, small::net>;

std::vector<float> gradient_of(auto& there, const batch<small::net>& b, const step_options& o) {
  there.run(b, o);
  return {there.program.gradients(), there.program.gradients() + parameters<small::net>::table().learned};
}

}  // namespace

TEST_CASE("replay: one captured step serves batches of other lengths and counts, with the bits of steps that were not captured", "[cuda]") {
  recorded replayed(small::planned());
  plain direct(small::planned());
  const parameters<small::net> p(3);
  replayed.program.send(p);
  direct.program.send(p);
  int batches = 0;
  for (int round = 0; round < 2; ++round)
    for (int first = 0; first + 20 <= 40; ++first, ++batches) {
      const auto b = small::scenes(first, first + 20);
      for (const bool accumulate : {false, true}) {
        const step_options o{.seed = 5, .step = static_cast<std::uint64_t>(first), .scale = 1.0 / (1 + first), .accumulate = accumulate};
        INFO("batch " << first << ", round " << round);
        CHECK(systems_test::same_bits(gradient_of(direct, b, o), gradient_of(replayed, b, o)));
        CHECK(direct.program.loss() == replayed.program.loss());
      }
    }
  CHECK(replayed.session.launches == 2 * batches);
  CHECK(replayed.session.captures < batches);  // of 2 * batches: some batches of the first round met a captured step already
}

TEST_CASE("replay: a step with its update, from batches made ready ahead, has the bits of one that was not captured", "[cuda]") {
  serial_executor serial;
  const trainer_options options{.seed = 3, .clip = .8, .rate_factors = {{"q.", .5}, {"r.g.0", 0}}};
  device::trainer_on<device::recording_system, small::net> replayed(small::planned(), serial, options);
  device::trainer_on<device::serial_system, small::net> direct(small::planned(), serial, options);
  std::vector<batch<small::net>> batches;
  for (int k = 0; k < 8; ++k) batches.push_back(small::scenes(k, k + 20));
  for (int k = 0; k < 40; ++k) {
    if (k == 0) replayed.stage(batches[0]);
    replayed.stage(batches[static_cast<std::size_t>(k + 1) % 8]);
    const auto& b = batches[static_cast<std::size_t>(k) % 8];
    CHECK(replayed.step(b, 1e-3 / (1 + k)) == direct.step(b, 1e-3 / (1 + k)));
    CHECK(replayed.gradient_size() == direct.gradient_size());
  }
  replayed.refresh();
  direct.refresh();
  CHECK(std::equal(direct.weights.data(), direct.weights.data() + direct.weights.learned(), replayed.weights.data()));
  auto bad = small::scenes(0, 20);
  bad.values<"o">()[0] = INFINITY;
  CHECK_THROWS_WITH(replayed.step(bad, 1e-3), Catch::Matchers::Contains("is not finite"));
  const std::vector<float> before(replayed.weights.data(), replayed.weights.data() + replayed.weights.learned());
  replayed.refresh();
  CHECK(std::equal(before.begin(), before.end(), replayed.weights.data()));  // the update was withheld where the step ran
}

TEST_CASE("replay: a step whose pair layers are stored in bf16 has the bits of one that was not captured", "[cuda]") {
  serial_executor serial;
  const trainer_options options{.seed = 3, .arithmetic = precision::bf16};
  device::trainer_on<device::recording_system, small::net> replayed(small::planned(), serial, options);
  device::trainer_on<device::serial_system, small::net> direct(small::planned(), serial, options), in_float(small::planned(), serial, {.seed = 3});
  for (int k = 0; k < 20; ++k) {
    const auto b = small::scenes(k, k + 40 - k % 9);
    const double loss = direct.step(b, 1e-2);
    CHECK(replayed.step(b, 1e-2) == loss);
    CHECK(replayed.gradient_size() == direct.gradient_size());
    CHECK(in_float.step(b, 1e-2) != loss);
  }
  replayed.refresh();
  direct.refresh();
  CHECK(std::equal(direct.weights.data(), direct.weights.data() + direct.weights.learned(), replayed.weights.data()));
}

TEST_CASE("replay: right answers are counted in the captured step, of the batch's rows alone", "[cuda]") {
  serial_executor serial;
  device::trainer_on<device::recording_system, small::net, adam, "a"> replayed(small::planned(), serial, {.seed = 3});
  device::trainer_on<device::serial_system, small::net, adam, "a"> direct(small::planned(), serial, {.seed = 3});
  std::vector<float> logits(4 * small::samples);
  const auto said = [&](const batch<small::net>& b) {
    std::uint64_t right = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(b.samples); ++i)
      right += metric::largest_of(logits.data() + 4 * i, 4) == b.values<"label">()[i];
    return right;
  };
  std::uint64_t all = 0;
  for (int k = 0; k < 30; ++k) {
    INFO("step " << k);
    const auto b = small::scenes(k, k + 40 - k % 9), c = small::scenes(k, k + 1 + k % 5);  // 33 to 39 rows run as 34 to 40
    replayed.step(b, 1e-2);
    direct.step(b, 1e-2, {logits.data()});
    CHECK(direct.right<"a">() == said(b));
    CHECK(replayed.right<"a">() == said(b));
    all += said(b);
    if (k % 3 > 0) continue;
    std::uint64_t sum = 0;
    for (const auto* part : {&b, &c}) {
      replayed.add(*part, .5);
      direct.add(*part, .5, {logits.data()});
      CHECK(replayed.right<"a">() == (sum += said(*part)));
    }
    CHECK(replayed.update(1e-2) == direct.update(1e-2));
  }
  CHECK(all > 200);  // of about 1080
  CHECK(all < 1000);
}

namespace {

// All objects of the first scenes, as a data set has them; batches name or copy their rows, as they were prepared.
struct object_table {
  std::vector<float> numbers;
  std::vector<std::size_t> first{0};
  explicit object_table(int scenes) {
    for (int s = 0; s < scenes; ++s) {
      const auto one = small::scenes(s, s + 1);
      const auto& o = one.values<"o">();
      numbers.insert(numbers.end(), o.begin(), o.end());
      first.push_back(numbers.size() / 3);
    }
  }
  rows_view<const float> rows() const { return {numbers.data(), static_cast<int>(numbers.size() / 3), 3}; }
  template <class Trainer>
  batch<small::net> scenes(const Trainer& t, int from, int to) const {
    auto b = small::scenes(from, to);
    t.prepare(b);
    b.values<"o">().clear();
    for (auto s = static_cast<std::size_t>(from); s < static_cast<std::size_t>(to); ++s) b.push_rows<"o">(rows(), first[s], first[s + 1] - first[s]);
    return b;
  }
};

}  // namespace

TEST_CASE("replay: batches that name rows of a table on the device give the bits of batches that are copied", "[cuda]") {
  serial_executor serial;
  object_table table(80);
  device::trainer_on<device::recording_system, small::net> held(small::planned(), serial, {.seed = 3, .tables = {{"o", table.rows()}}});
  device::trainer_on<device::serial_system, small::net> copied(small::planned(), serial, {.seed = 3});
  std::vector<batch<small::net>> batches;
  for (int k = 0; k < 40; ++k) batches.push_back(table.scenes(held, k, k + 40 - k % 9));
  CHECK(batches[0].values<"o">().empty());
  CHECK(batches[1].row_numbers[0].size() == 96);  // scenes 0 to 39 have 0 to 5 objects in turn: 6 times 15, and 0 + 1 + 2 + 3
  for (int k = 0; k < 40; ++k) {
    INFO("step " << k);
    if (k == 0) held.stage(batches[0]);
    if (k < 39) held.stage(batches[static_cast<std::size_t>(k) + 1]);
    CHECK(held.step(batches[static_cast<std::size_t>(k)], 1e-2) == copied.step(small::scenes(k, k + 40 - k % 9), 1e-2));
    CHECK(held.right<"a">() == copied.right<"a">());
  }
  for (const int k : {3, 7}) held.add(table.scenes(held, k, k + 20), .5), copied.add(table.scenes(copied, k, k + 20), .5);
  CHECK(held.update(1e-2) == copied.update(1e-2));
  held.refresh();
  copied.refresh();
  CHECK(std::equal(copied.weights.data(), copied.weights.data() + copied.weights.learned(), held.weights.data()));
}

TEST_CASE("replay: a row that is not finite is named; a batch and a trainer that do not fit together are refused", "[cuda]") {
  using Catch::Matchers::Contains;
  serial_executor serial;
  object_table table(80);
  table.numbers[3 * table.first[2] + 4] = INFINITY;
  using on_serial = device::trainer_on<device::serial_system, small::net>;
  const auto with = [&](std::vector<input_table> tables, std::size_t most) {
    return std::make_unique<on_serial>(small::planned(), serial, trainer_options{.seed = 3, .tables = std::move(tables), .table_memory = most});
  };
  const std::size_t all = table.numbers.size() * sizeof(float);
  const auto held = with({{"o", table.rows()}}, all), none = with({{"o", table.rows()}}, all - 1);
  CHECK_THROWS_WITH(held->step(table.scenes(*held, 0, 20), 1e-3), Contains("input \"o\" of sample 2 of the batch (number 1 of row 1 is inf)"));
  CHECK_THROWS_WITH(none->step(table.scenes(*none, 0, 20), 1e-3), Contains("input \"o\" of sample 2 of the batch (number 1 of row 1 is inf)"));
  CHECK_THROWS_WITH(held->step(small::scenes(0, 20), 1e-3), Contains("has values, but a table of them is held here; call prepare()"));
  CHECK_THROWS_WITH(none->step(table.scenes(*held, 0, 20), 1e-3), Contains("has numbers of rows, but no table of them is held here"));
  trainer<small::net> cpu(small::planned(), serial, {.tables = {{"o", table.rows()}}});
  CHECK_THROWS_WITH(cpu.step(table.scenes(*held, 0, 20), 1e-3), Contains("has numbers of rows, but no table"));
  CHECK(cpu.step(table.scenes(cpu, 3, 20), 1e-3) > 0);
  const auto shorter = with({{"o", {table.numbers.data(), static_cast<int>(table.first[20]), 3}}}, all);
  CHECK_THROWS_WITH(shorter->step(table.scenes(*shorter, 10, 30), 1e-3), Contains("names row 46, but the table that is held has 46"));
  CHECK_THROWS_WITH(with({{"w", table.rows()}}, all), Contains("a table for \"w\", which is no input of features or pixels"));
  CHECK_THROWS_WITH(with({{"o", {table.numbers.data(), 5, 2}}}, all), Contains("has 5 rows of 2 numbers; wanted at least one, of 3 numbers"));
}

namespace {

struct picture : sample {};
// Rows of 48 bytes are copied four at a time, rows of 9 one at a time.
struct two_pictures
    : model<input<"large", pixels<3, 4, 4>, picture>, input<"odd", pixels<1, 3, 3>, picture>, input<"kind", label<3>, picture>,
            let<"x", unit_range, of<"large">>, let<"y", unit_range, of<"odd">>, let<"h", linear<5>, of<"x">>, let<"g", linear<5>, of<"y">>,
            let<"s", add, of<"h", "g">>, let<"a", linear<3>, of<"s">>, minimize<cross_entropy<>, of<"a", "kind">>> {};

}  // namespace

TEST_CASE("replay: pictures stay on the device as bytes, within the memory that is given, the first ones first", "[cuda]") {
  serial_executor serial;
  std::vector<std::uint8_t> large(48 * 50), odd(9 * 50);
  random_stream random{5, 5};
  for (auto* bytes : {&large, &odd})
    for (auto& x : *bytes) x = static_cast<std::uint8_t>(random.below(256));
  const std::vector<input_table> tables{{"large", {}, {large.data(), 50, 48}}, {"odd", {}, {odd.data(), 50, 9}}};
  const limits<two_pictures> at{.samples = 37};
  std::vector<float> losses[3];
  const std::size_t memory[]{large.size() + odd.size(), large.size() + odd.size() - 1, 0};
  for (std::size_t which = 0; which < 3; ++which) {
    device::trainer_on<device::recording_system, two_pictures> t(at, serial, {.seed = 3, .tables = tables, .table_memory = memory[which]});
    batch<two_pictures> b;
    t.prepare(b);
    CHECK(b.held[0] == (which < 2));
    CHECK(b.held[1] == (which < 1));
    for (int k = 0; k < 12; ++k) {
      b.clear();
      for (int i = 0; i < 37 - k % 5; ++i) {
        const auto row = static_cast<std::size_t>((7 * i + k) % 50);
        b.add_sample();
        b.push_rows<"large">(tables[0].bytes, row, 1);
        b.push_rows<"odd">(tables[1].bytes, 49 - row, 1);
        b.push<"kind">(static_cast<int>(row % 3));
      }
      losses[which].push_back(static_cast<float>(t.step(b, 1e-2)));
    }
  }
  CHECK(losses[0][0] != losses[0][11]);
  CHECK(losses[0] == losses[1]);
  CHECK(losses[0] == losses[2]);
}

TEST_CASE("replay: parts of steps and whole ones of any sizes share their memory, whichever is larger comes first", "[cuda]") {
  serial_executor serial;
  device::trainer_on<device::recording_system, small::net> replayed(small::planned(), serial, {.seed = 3});
  device::trainer_on<device::serial_system, small::net> direct(small::planned(), serial, {.seed = 3});
  for (int k = 0; k < 30; ++k) {
    INFO("step " << k);
    const int size = 2 + k * 7 % 17;
    double loss[2];
    int which = 0;
    const auto step = [&](auto& t) {
      if (k % 3 == 0) {
        loss[which++] = t.step(small::scenes(k % 5, k % 5 + size), 1e-3);
      } else {
        t.add(small::scenes(0, 2 * size), .5);
        t.add(small::scenes(3, 3 + size), .5);
        loss[which++] = t.update(1e-3);
      }
    };
    step(replayed);
    step(direct);
    CHECK(loss[0] == loss[1]);
    CHECK(replayed.gradient_size() == direct.gradient_size());
  }
}

TEST_CASE("replay: two batches that wait already, or one twice, are refused", "[cuda]") {
  serial_executor serial;
  device::trainer_on<device::serial_system, small::net> t(small::planned(), serial, {.seed = 3});
  const auto a = small::scenes(0, 20), b = small::scenes(1, 21), c = small::scenes(2, 22);
  t.stage(a);
  CHECK_THROWS_WITH(t.stage(a), Catch::Matchers::Contains("are staged already"));
  t.stage(b);
  CHECK_THROWS_WITH(t.stage(c), Catch::Matchers::Contains("stage one batch ahead"));
  t.step(a, 1e-3);
  t.stage(c);
  t.step(b, 1e-3);
  t.drop_parts();
  t.stage(c);
  CHECK(t.step(c, 1e-3) > 0);
}

namespace {

// Refuses, when its tables are laid out, a batch whose first number is above 1.
struct picky {
  template <class X>
  struct bind : operation {
    using out = rows<typename X::space, X::width>;
    static constexpr bool on_device = true;
    template <class C, class Tape>
    static void lay_out(C&, Tape&, const arguments<typename C::real>& in) {
      if (in.real(0)[0] > 1) fail("picky: no");
    }
    template <class C, class Tape>
    static void forward(C& ctx, const slots<typename C::real>&, Tape&, const arguments<typename C::real>& in, typename C::real* y) {
      ctx.copy(extent_product(ctx.template at<typename X::space>().rows, X::width), y, in.real(0));
    }
    template <class C, class Tape>
    static void backward(C&, const slots<typename C::real>&, Tape&, const arguments<typename C::real>&, const typename C::real*,
                         const typename C::real*) {}
  };
};
using picky_net =
    model<input<"o", features<3>, small::object>, input<"label", label<4>, small::scene>, let<"c", picky, of<"o">>,
          let<"r", sum_over<small::pair, mlp<relu<5>>>, of<"c", "c">>, let<"a", linear<4>, of<"r">>, minimize<cross_entropy<>, of<"a", "label">>>;
batch<picky_net> scenes_of(std::initializer_list<int> objects, float number) {
  batch<picky_net> b;
  for (const int n : objects) {
    b.add_sample();
    b.count<small::object>(n);
    for (int i = 0; i < 3 * n; ++i) b.push<"o">(number - .1f * static_cast<float>(i));
    b.push<"label">(n);
  }
  return b;
}

}  // namespace

TEST_CASE("replay: a batch that was refused while its tables were made leaves none of them to the next of the same counts", "[cuda]") {
  serial_executor serial;
  limits<picky_net> at{.samples = 3};
  at.set<small::object>(3);
  device::trainer_on<device::serial_system, picky_net> t(at, serial, {.seed = 3}), fresh(at, serial, {.seed = 3});
  const auto refused = scenes_of({1, 3, 2}, 2), other = scenes_of({2, 2, 1}, 1), same_counts = scenes_of({1, 3, 2}, 1);
  t.step(other, 0);
  t.step(other, 0);
  CHECK_THROWS_WITH(t.step(refused, 0), Catch::Matchers::Contains("picky: no"));
  t.step(other, 0);
  CHECK(t.step(same_counts, 0) == fresh.step(same_counts, 0));
  CHECK(t.gradient_size() == fresh.gradient_size());
}

TEST_CASE("replay: tables of pairs that are kept from one batch to the next are those of either", "[cuda]") {
  recorded replayed(small::planned());
  plain direct(small::planned());
  const parameters<small::net> p(3);
  replayed.program.send(p);
  direct.program.send(p);
  const auto a = small::scenes(0, 20), b = small::scenes(5, 25);
  auto other_words = a;  // the same counts, other ids and objects
  for (auto& w : other_words.values<"w">()) w = 1 + w % 3;
  for (auto& o : other_words.values<"o">()) o = -o;
  for (const char which : std::string("aaoobabboaa")) {
    const auto& one = which == 'a' ? a : which == 'b' ? b : other_words;
    CHECK(systems_test::same_bits(gradient_of(direct, one, {.seed = 5}), gradient_of(replayed, one, {.seed = 5})));
    plain fresh(small::planned());
    fresh.program.send(p);
    CHECK(systems_test::same_bits(gradient_of(fresh, one, {.seed = 5}), gradient_of(direct, one, {.seed = 5})));
  }
}
