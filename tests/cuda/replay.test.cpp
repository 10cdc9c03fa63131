// tests/cuda/replay.test.cpp -- a step captured for one batch and launched again for others: played on the host, where a launch is a list of calls.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "relreason/backend/cuda/storage.cuh"
#include "relreason/core/step_options.hpp"

namespace relreason::device {

// Does what it is asked at once, or writes it down, as a stream does that is captured.
struct recording_system {
  static constexpr bool on_host = true;
  static constexpr const char* name = "recording";
  struct tape {
    bool capturing = false;
    std::vector<std::function<void()>> calls;
  };
  tape* to = nullptr;
  auto policy() const { return thrust::cpp::par; }
  void take(std::function<void()> call) const {
    if (to->capturing) to->calls.push_back(std::move(call));
    else call();
  }
};
template <class F>
void each(const recording_system& on, std::size_t n, const F& f) {
  on.take([n, f] {
    for (std::size_t i = 0; i < n; ++i) f(i);
  });
}
template <>
struct storage<recording_system> : storage<serial_system> {
  static memory make(const recording_system&, std::size_t bytes, const char*) { return memory(bytes); }
  static std::size_t available(const recording_system&) { return std::size_t{1} << 40; }
  static void copy(const recording_system& on, void* to, const void* from, std::size_t bytes) {
    on.take([=] { storage<serial_system>::copy({}, to, from, bytes); });
  }
  static void wait(const recording_system&) {}
  struct ahead {
    void start(const recording_system&, void* to, const void* from, std::size_t bytes) { std::memcpy(to, from, bytes); }
    void finish(const recording_system&) {}
  };
};

}  // namespace relreason::device

#include "relreason/backend/cuda/session.cuh"

namespace relreason::device {

template <>
class session<recording_system> {
 public:
  using products_type = plain_products<recording_system>;
  using graphs = std::map<std::vector<int>, std::vector<std::function<void()>>>;
  session(int, precision p) : products_(system(), p) {}
  recording_system system() { return {&tape_}; }
  products_type& products() { return products_; }
  const char* name() const { return "recording"; }
  void use() const {}
  template <class Work>
  void run(graphs& known, const std::vector<int>& shape, Work&& work, scratch_memory<recording_system>& scratch) {
    ++launches;
    if (scratch.bytes() == 0) return work();
    if (!known.count(shape)) {
      tape_ = {true, {}};
      scratch.capturing(true);
      work();
      scratch.capturing(false);
      tape_.capturing = false;
      if (scratch.too_small()) {  // as on a GPU: not captured this time
        known.clear();
        scratch.grow(system());
        return work();
      }
      ++captures;
      known.emplace(shape, std::move(tape_.calls));
    }
    for (const auto& call : known.at(shape)) call();
  }
  int launches = 0, captures = 0;

 private:
  recording_system::tape tape_;
  products_type products_;
};

}  // namespace relreason::device

#include "agreement.hpp"
#include "relreason/backend/cuda/trainer.cuh"
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
