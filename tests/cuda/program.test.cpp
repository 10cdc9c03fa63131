// tests/cuda/program.test.cpp -- every operation and loss of the library on a device's code, beside the CPU.
#include "relreason/backend/cuda/program.cuh"

#include "agreement.hpp"
#include "relreason/core/block.hpp"
#include "relreason/graph/pick.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/loss/multi_label.hpp"
#include "relreason/message/pool.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/add.hpp"
#include "relreason/nn/dropout.hpp"
#include "relreason/nn/gelu.hpp"
#include "relreason/nn/lstm.hpp"
#include "relreason/nn/mlp.hpp"
#include "support/message_of.hpp"
#include "support/small_relations.hpp"
#include "systems.hpp"

using namespace relreason;
using cuda_test::check_agreement;

namespace {

// ---- a relation network with its variants
struct scene : sample {};
struct object : each<scene> {};
struct word : each<scene> {};
struct pair : all_pairs<object> {};

template <class Cell, class Padding, class G, class... Options>
using asked = model<input<"x", features<3>, object>, input<"w", ids<6>, word>, input<"label", label<3>, scene>, let<"o", linear<4>, of<"x">>,
                    let<"q", last_state<Cell, embedding<5>, Padding>, of<"w">>, let<"r", sum_over<pair, G, Options...>, of<"o", "o", "q">>,
                    let<"a", linear<3>, of<"r">>, minimize<cross_entropy<10>, of<"a", "label">>>;

template <class M>
batch<M> questions() {
  batch<M> b;
  random_stream random{7, 1};
  b.template space<word>().padded = 7;
  int s = 0;
  for (const auto& [objects, words] : {std::pair{3, 4}, {1, 7}, {0, 2}, {4, 0}, {2, 4}}) {
    b.add_sample();
    b.template count<object>(objects);
    for (int i = 0; i < 3 * objects; ++i) b.template push<"x">(2 * random.uniform() - 1);
    b.template count<word>(words);
    for (int i = 0; i < words; ++i) b.template push<"w">(1 + static_cast<int>(random.below(6)));
    b.template push<"label">(s++ % 3);
  }
  return b;
}
template <class System, class Cell, class Padding, class G, class... Options>
void check_questions() {
  using M = asked<Cell, Padding, G, Options...>;
  limits<M> at{.samples = 5};
  at.template set<object>(4).template set<word>(7);
  check_agreement<System>(at, questions<M>());
}

// ---- pairs whose parent lies below the question's space
struct view : each<scene> {};
struct thing : each<view> {};
struct things : all_pairs<thing> {};
using nested = model<input<"x", features<3>, thing>, input<"w", features<2>, scene>, input<"label", label<3>, view>, let<"q", linear<3>, of<"w">>,
                     let<"r", sum_over<things, mlp<relu<9>, linear<6>>, by_mean, padded<5>>, of<"x", "x", "q">>, let<"a", linear<3>, of<"r">>,
                     minimize<cross_entropy<>, of<"a", "label">>>;

// ---- everything else
struct masked : some<thing> {};
struct prompt : once {};
using stack = block<of<"x">, let<"h", mlp<relu<6>>, of<"x">>, let<"y", add, of<"x", "h">>>;
using others = model<input<"x", features<3>, thing>, input<"id", ids<4>, thing>, input<"seed", features<2>, prompt>, input<"label", label<3>, masked>,
                     input<"weight", features<1>, masked>, input<"tags", features<4>, scene>, let<"p", linear<4>, of<"seed">>,
                     let<"e", shared<"e", embedding<3>>, of<"id">>, frozen<"f", linear<2>, of<"x">>, let<"h", linear<6>, of<"x", "e", "f", "p">>,
                     let<"d", dropout<30>, of<"h">>, let<"s", repeat<2, stack>, of<"d">>, let<"m", pick<masked>, of<"s">>,
                     let<"v", pool<thing, by_mean>, of<"s">>, let<"u", pool<view>, of<"v">>, let<"b", linear<4>, of<"u">>,
                     let<"a", linear<3>, of<"m", "u">>, minimize<cross_entropy<>, of<"a", "label", "weight">, weight<1>, per_entry>,
                     minimize<multi_label, of<"b", "tags">, weight<1, 2>, per_sample>>;

template <class M, class Inner>
batch<M> scenes(Inner&& inner) {
  batch<M> b;
  random_stream random{9, 4};
  for (const auto& views : {std::vector{2, 0, 3}, std::vector<int>{}, std::vector{1}, std::vector{5, 2}}) {
    b.add_sample();
    b.template count<view>(static_cast<int>(views.size()));
    for (const int n : views) {
      b.template count<thing>(n);
      for (int i = 0; i < 3 * n; ++i) b.template push<"x">(2 * random.uniform() - 1);
    }
    inner(b, views, random);
  }
  return b;
}

// ---- GELUs: hidden, last, behind dropout, of a width that is no multiple of 8, and by themselves
using smooth = model<input<"x", features<5>, scene>, input<"label", label<3>, scene>, let<"h", mlp<gelu_tanh<16>, gelu_tanh<8>, gelu<7>>, of<"x">>,
                     let<"d", mlp<gelu<9>, dropout<30>, gelu_tanh<6>, dropout<20>>, of<"h">>, let<"g", gelu<>, of<"d">>,
                     let<"t", gelu_tanh<>, of<"g">>, let<"a", linear<3>, of<"t">>, minimize<cross_entropy<>, of<"a", "label">>>;

// A system with little memory.
struct crowded : device::serial_system {};

}  // namespace
template <>
struct device::storage<crowded> : device::storage<device::serial_system> {
  static inline std::size_t free = 0;
  static block make(const crowded&, std::size_t bytes, const char*, const std::string& = {}) { return block(bytes); }
  static std::size_t available(const crowded&) { return free; }
};

TEMPLATE_TEST_CASE("device: a step agrees with the CPU's, dropout, pads and all", "[cuda]", RELREASON_HOST_SYSTEMS) {
  check_agreement<TestType>(small::planned(), small::scenes(0, 40));
  check_agreement<TestType>(small::planned(), small::scenes(3, 4));
}

TEST_CASE("device: LSTMs in every padding mode and both directions, and every aggregator, agree with the CPU", "[cuda]") {
  using system = device::serial_system;
  check_questions<system, lstm<5>, leading, mlp<relu<9>, relu<7>>, padded<6>>();
  check_questions<system, bi_lstm<5>, trailing, mlp<relu<9>, relu<7>>, by_max, question_at<1>>();
  check_questions<system, bi_lstm<5>, packed, mlp<relu<9>, linear<40>>, by_weights<4>>();
  check_questions<system, bi_lstm<4>, leading, mlp<relu<9>, dropout<40>, relu<7>, dropout<20>>, by_mean>();
  check_questions<system, lstm<4>, trailing, mlp<relu<9>>, by_weights<4>>();
}

TEMPLATE_TEST_CASE("device: GELUs as layers and by themselves agree with the CPU", "[cuda]", RELREASON_HOST_SYSTEMS) {
  batch<smooth> b;
  random_stream random{5, 2};
  b.add_sample(30);
  for (int i = 0; i < 150; ++i) b.push<"x">(4 * random.uniform() - 2);
  for (int i = 0; i < 30; ++i) b.push<"label">(i % 3);
  check_agreement<TestType>({.samples = 30}, b);
}

TEST_CASE("device: pairs below the question's space agree with the CPU", "[cuda]") {
  limits<nested> at{.samples = 4};
  at.set<view>(3).set<thing>(5);
  check_agreement<device::serial_system>(at, scenes<nested>([](auto& b, const std::vector<int>& views, random_stream& random) {
                                           for (int i = 0; i < 2; ++i) b.template push<"w">(2 * random.uniform() - 1);
                                           for (const int n : views) b.template push<"label">(n % 3);
                                         }));
}

TEST_CASE("device: embedding, concat, pick, pool, blocks, frozen and once lines, weighted and summed losses agree with the CPU", "[cuda]") {
  limits<others> at{.samples = 4};
  at.set<view>(3).set<thing>(5).set<masked>(4);
  int thing_row = 0;
  auto b = scenes<others>([&](auto& to, const std::vector<int>& views, random_stream& random) {
    for (const int n : views) {
      to.template count<masked>(std::min(n, 2));
      for (int i = 0; i < n; ++i) to.template push<"id">(static_cast<int>(random.below(5)));
      for (int i = 0; i < std::min(n, 2); ++i) {
        to.template space<masked>().index.push_back(thing_row + n - 1);  // the last one, twice where there are two
        to.template push<"label">(i);
        to.template push<"weight">(.5 + i);
      }
      thing_row += n;
    }
    for (int i = 0; i < 4; ++i) to.template push<"tags">(random.uniform());
  });
  for (const double x : {.3, -.7}) b.push<"seed">(x);
  check_agreement<device::serial_system>(at, b);
}

TEST_CASE("device: wanted values are those of the CPU, and a second, smaller batch leaves nothing of the first", "[cuda]") {
  serial_executor serial;
  parameters<small::net> p(3);
  gradient_program<small::net, float, "a", "q"> cpu(small::planned(), serial, select_kernels<float>());
  cuda_test::on_system<device::serial_system, small::net, "a", "q"> there(small::planned());
  there.program.send(p);
  for (const int last : {40, 9}) {
    std::vector<float> a(4 * 40), q(9 * 40), found_a = a, found_q = q;
    cpu.run(small::scenes(0, last), p, {}, {a.data(), q.data()});
    there.run(small::scenes(0, last), {}, {found_a.data(), found_q.data()});
    CHECK(cuda_test::apart(a.data(), found_a.data(), a.size()) < cuda_test::agreement);
    CHECK(cuda_test::apart(q.data(), found_q.data(), q.size()) < cuda_test::agreement);
    CHECK(cuda_test::apart(cpu.gradients().data(), there.program.gradients(), p.learned()) < cuda_test::agreement);
  }
}

TEST_CASE("device: the same bits run after run", "[cuda]") {
  parameters<small::net> p(3);
  std::vector<float> first;
  for (int run = 0; run < 2; ++run) {
    cuda_test::on_system<device::serial_system, small::net> there(small::planned());
    there.program.send(p);
    there.run(small::scenes(0, 40), {.seed = 5});
    const std::vector<float> g(there.program.gradients(), there.program.gradients() + p.learned());
    if (run == 0) first = g;
    else CHECK(systems_test::same_bits(first, g));
  }
}

TEST_CASE("device: a batch beyond the limits, an empty one and a number that is not finite are named as on the CPU", "[cuda]") {
  serial_executor serial;
  parameters<small::net> p(3);
  gradient_program<small::net> cpu(small::planned(), serial, select_kernels<float>());
  cuda_test::on_system<device::serial_system, small::net> there(small::planned());
  there.program.send(p);
  CHECK_THROWS_WITH(there.run(small::scenes(0, 41), {}), message_of([&] { cpu.run(small::scenes(0, 41), p, {}); }));
  CHECK_THROWS_WITH(there.run(batch<small::net>{}, {}), "device::batch_program: the batch has no samples");
  auto b = small::scenes(0, 40);
  b.values<"o">()[3 * 7 + 1] = NAN;  // scenes 0 to 3 have 6 objects: the second of scene 4
  cpu.run(b, p, {});
  there.run(b, {});
  int sample = -1, wanted = -1;
  const std::string text = there.program.find_non_finite(&sample);
  CHECK(text == cpu.find_non_finite(&wanted));
  CHECK(text == "input \"o\" of sample 4 of the batch (number 1 of row 1 is nan)");
  CHECK(sample == wanted);
}

TEST_CASE("device: too little memory is refused when it is planned, with the number of samples that would fit", "[cuda]") {
  using there = cuda_test::on_system<crowded, small::net>;
  auto at = small::planned();
  at.samples = 1000;
  device::storage<crowded>::free = std::size_t{1} << 20;
  const std::string text = message_of([&] { there refused(at); });
  CHECK(text.rfind("device memory for 1000 samples: asked for ", 0) == 0);
  CHECK(text.find("free are 1 MiB; ") != std::string::npos);
  const int fit = std::stoi(text.substr(text.find("MiB; ") + 5));
  CHECK(fit > 10);
  CHECK(fit < 500);
  at.samples = fit;
  CHECK_NOTHROW(there(at));
  device::storage<crowded>::free = 1000;
  CHECK(message_of([&] { there refused(at); }).find("not even one sample would fit") != std::string::npos);
}

TEST_CASE("device: where tables hold the memory that a step needs, the error says how many bytes they hold and what lowers them", "[cuda]") {
  using Catch::Matchers::Contains;
  using program = device::batch_program<small::net, crowded, device::plain_products<crowded>, true>;
  device::plain_products<crowded> products;
  const std::vector<float> objects(3 * 1000);
  const std::vector<input_table> tables{{"o", {objects.data(), 1000, 3}}};
  const char* const hint = "inputs that stay on the device hold 12032 bytes: lower trainer_options::table_memory (--table-memory)";  // of 64
  auto at = small::planned();
  const auto there = [&](std::size_t most, std::size_t held_already = 0, bool with = true) {
    return message_of([&] { program(at, {}, products, most, 0, with ? tables : std::vector<input_table>{}, held_already); });
  };
  at.samples = 1000;
  device::storage<crowded>::free = std::size_t{1} << 20;
  const std::string text = there(0);
  CHECK_THAT(text, Catch::Matchers::StartsWith("device memory for 1000 samples: asked for "));
  CHECK_THAT(text, Contains("or take a step in micro-batches; ") && Catch::Matchers::EndsWith(hint));
  CHECK_THAT(text, !Contains("without them"));
  CHECK_THAT(there(0, 0, false), !Contains("stay on the device"));
  CHECK_THAT(there(1 << 19), !Contains("stay on the device"));  // what bounds the step is not what is free
  // What is free is too little for any sample by less than the tables hold: of this program, or of another.
  at.samples = 1;
  std::size_t least = 1 << 10;
  for (device::storage<crowded>::free = least; !there(0, 0, false).empty();) device::storage<crowded>::free = least += 1 << 10;
  device::storage<crowded>::free = least - (1 << 10);
  CHECK_THAT(there(0, 12032, false), Contains("choose another; without them all samples would fit: ") && Catch::Matchers::EndsWith(hint));
  CHECK_THAT(there(0, 0, false), Catch::Matchers::EndsWith("choose another"));
  device::storage<crowded>::free = 1000;
  CHECK_THAT(there(0), Contains("inputs that stay there: asked for 0 MiB") && Contains("lower trainer_options::table_memory"));
}

TEST_CASE("device: with less memory than pair layers take they are computed again, some pairs at a time, and the step is the same", "[cuda]") {
  serial_executor serial;
  parameters<small::net> p(3);
  gradient_program<small::net> cpu(small::planned(), serial, select_kernels<float>());
  const auto b = small::scenes(0, 40);
  cpu.run(b, p, {.seed = 5});
  device::plain_products<device::serial_system> products;
  using program = device::batch_program<small::net, device::serial_system, device::plain_products<device::serial_system>, true>;
  program kept(small::planned(), {}, products);
  REQUIRE_FALSE(kept.computes_again());
  const std::size_t all = kept.bytes();
  std::size_t least = all;
  for (int eighths = 7; eighths > 0; --eighths) {
    INFO(eighths << " eighths of " << all << " bytes");
    std::string refused;
    try {
      program there(small::planned(), {}, products, all * static_cast<std::size_t>(eighths) / 8);
      CHECK(there.computes_again());
      CHECK(there.bytes() < all);
      least = there.bytes();
      there.send(p);
      there.run(b, {.seed = 5}, {}, [](const auto&, auto&& work) { work(); });
      for (const auto& e : p.table().entries)
        CHECK(cuda_test::apart(cpu.gradients().data() + e.offset, there.gradients() + e.offset, e.count) < cuda_test::agreement);
    } catch (const error& e) {
      refused = e.what();
    }
    CHECK((refused.empty() || refused.rfind("device memory for", 0) == 0));
  }
  CHECK(least < all * 7 / 8);
}
