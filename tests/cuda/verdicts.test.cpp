// tests/cuda/verdicts.test.cpp -- validation on a device's code: rows of logits are judged there, to the numbers of rows that are copied.
#include "recording.hpp"

#include <vector>

#include "agreement.hpp"
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/loss/multi_label.hpp"
#include "support/message_of.hpp"
#include "support/small_relations.hpp"
#include "support/small_run.hpp"
#include "support/temporary_folder.hpp"
#include "systems.hpp"

using namespace relreason;

namespace {

template <class System, class M = small::net>
using with_logits = device::trainer_on<System, M, adam, "a">;
template <class Trainer>
answers_of<small::net> copies_of(Trainer& t) {
  return {small::samples, [computed = t.answers()](const batch<small::net>& b, float* rows) { computed(b, {rows}); }};
}
using judge = row_judge<small::net, "a", "label">;
bool same(const std::vector<metric::verdict>& a, const std::vector<metric::verdict>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](auto x, auto y) { return x.largest == y.largest && x.rank == y.rank; });
}
// Sums of at most 40 losses in another order.
constexpr double order_of_sums = 1e-14;

struct item : sample {};
struct part : each<item> {};
struct other : model<input<"x", features<2>, item>, input<"u", features<2>, part>, input<"tags", features<3>, item>, input<"kind", label<3>, item>,
                     input<"side", label<2>, part>, let<"t", linear<3>, of<"x">>, let<"a", linear<3>, of<"x">>, let<"few", linear<2>, of<"x">>,
                     let<"p", linear<2>, of<"u">>, minimize<multi_label, of<"t", "tags">>, minimize<cross_entropy<>, of<"a", "kind">>,
                     minimize<cross_entropy<>, of<"p", "side">>, output<"few">> {};
static_assert(judging_label<other, "a"> == other::find<"kind">() && judging_label<other, "p"> == other::find<"side">());
static_assert(judging_label<other, "t"> == -1 && judging_label<other, "few"> == -1);  // targets are no labels; nothing judges

}  // namespace

TEMPLATE_TEST_CASE("verdicts: on a device they are those of the rows that it copies, whatever the batch", "[cuda]", RELREASON_HOST_SYSTEMS) {
  serial_executor serial;
  with_logits<TestType> t(small::planned(), serial, {.seed = 3});
  std::int64_t right = 0, first_two = 0;
  for (int k = 0; k < 12; ++k) {
    t.step(small::scenes(k, k + 30), 1e-2);
    const auto here = copies_of(t);
    auto there = here;
    there.judge = t.verdicts(), there.judged = small::net::find<"a">();
    REQUIRE(there.judge);
    judge copied(here), judged(there);
    const auto b = small::scenes(k, 40 - k);
    double wanted = k, found = k;
    CHECK(same(copied(b, &wanted), judged(b, &found)));
    CHECK(found == Approx(wanted).epsilon(order_of_sums));
    CHECK(found > k);
    const auto& again = judged(b);
    REQUIRE(again.size() == static_cast<std::size_t>(b.samples));
    for (std::size_t i = 0; i < again.size(); ++i) right += again[i].rank == 0, first_two += again[i].rank < 2;
  }
  CHECK(right > 10);  // of 348: some are right, some are not
  CHECK(first_two > right);
  CHECK(first_two < 340);
}

TEST_CASE("verdicts: captured for one batch and launched for others, and two integers a row are what is copied back", "[cuda]") {
  serial_executor serial;
  with_logits<device::recording_system> recorded(small::planned(), serial, {.seed = 3});
  with_logits<device::serial_system> direct(small::planned(), serial, {.seed = 3});
  const auto judge_there = recorded.verdicts(), judge_here = direct.verdicts();
  const auto rows_there = recorded.answers();
  const auto copied_by = [&](auto&& call) {
    const std::size_t before = recorded.stepper().opened().copied();
    call();
    return recorded.stepper().opened().copied() - before;
  };
  std::size_t of[41] = {};
  std::vector<metric::verdict> there(40), here(40);
  std::vector<float> rows(160);
  for (int round = 0; round < 3; ++round)
    for (const int n : {40, 8, 23, 40}) {
      const auto b = small::scenes(round, round + n);
      double loss = 0;
      of[n] = copied_by([&] { loss = judge_there(b, there.data()); });
      CHECK(loss == judge_here(b, here.data()));
      CHECK(same(there, here));
      CHECK(copied_by([&] { rows_there(b, {rows.data()}); }) > static_cast<std::size_t>(n) * 4 * sizeof(float));  // a row has 4 logits
    }
  CHECK(of[40] - of[8] == 32 * (sizeof(metric::verdict) + sizeof(int)));  // and a label goes there
  CHECK(of[23] - of[8] == 15 * (sizeof(metric::verdict) + sizeof(int)));
}

TEST_CASE("verdicts: labels that the model does not know, or too few of them, are refused", "[cuda]") {
  serial_executor serial;
  with_logits<device::serial_system> t(small::planned(), serial, {.seed = 3});
  const auto judge_there = t.verdicts();
  std::vector<metric::verdict> to(41);
  auto b = small::scenes(0, 20);
  b.values<"label">()[7] = 4;
  CHECK_THROWS_WITH(judge_there(b, to.data()), "batch: entry 7 of input \"label\" is 4; wanted 0 to 3");
  b.values<"label">().resize(19);
  CHECK_THROWS_WITH(judge_there(b, to.data()), Catch::Matchers::StartsWith("batch: input \"label\" has 19 values; wanted 20 rows"));
  CHECK_THROWS_WITH(judge_there(small::scenes(0, 41), to.data()), "batch: 41 samples, but 40 were planned; raise limits::samples");
  CHECK(judge_there(batch<small::net>{}, to.data()) == 0);
  judge here(copies_of(t));
  CHECK_THROWS_WITH(here(b), "row_judge: input \"label\" has 19 labels for 20 rows of logits");
  b.values<"label">().push_back(0);
  CHECK_THROWS_WITH(here(b), "row_judge: entry 7 of input \"label\" is 4; wanted 0 to 3");
  CHECK_FALSE(trainer<small::net, adam, "a">(small::planned(), serial, {}).verdicts());
  CHECK_FALSE(device::trainer_on<device::serial_system, small::net>(small::planned(), serial, {}).verdicts());
  CHECK_FALSE(device::trainer_on<device::serial_system, other, adam, "t">(limits<other>{}.set<part>(1), serial, {}).verdicts());
}

TEST_CASE("verdicts: those of one value are not taken for another's", "[cuda]") {
  batch<other> b;
  b.add_sample();
  b.count<part>(5);
  for (const int side : {1, 0, 1, 1, 0}) b.push<"side">(side);
  int copied = 0, judged = 0;
  row_judge<other, "p", "side"> of_p({1, [&](const batch<other>&, float* rows) { ++copied, std::fill_n(rows, 10, 0.f); },
                                      [&](const batch<other>&, metric::verdict*) { return ++judged, 0.0; }, other::find<"a">()});
  CHECK(of_p(b).size() == 5);
  CHECK(copied == 1);
  CHECK(judged == 0);
}

TEST_CASE("verdicts: a task's accuracies by type, class and rank are the same whoever judges", "[cuda]") {
  serial_executor serial;
  const small_run::data d;
  const auto task = d.task();
  const auto at = task.capacity(7);
  with_logits<device::serial_system, small_run::net> t(at, serial, {.seed = 3});
  const auto computed = t.answers();
  answers_of<small_run::net> copied{7, [&](const batch<small_run::net>&b, float*rows) { computed(b, {rows}); }},
      judged{7, {}, t.verdicts(), small_run::net::find<"a">()};
  double wanted_loss = 0, found_loss = 0;
  const auto wanted = task.evaluate(copied, &wanted_loss), found = task.evaluate(judged, &found_loss);
  CHECK(found_loss == Approx(wanted_loss).epsilon(order_of_sums));
  CHECK(wanted.overall().total == 30);
  CHECK(wanted.overall().right == found.overall().right);
  for (int type = 0; type < 2; ++type) {
    CHECK(wanted.by_type(type).right == found.by_type(type).right);
    CHECK(wanted.by_class(type).right == found.by_class(type).right);
    CHECK(wanted.invalid_of_type(type).right == found.invalid_of_type(type).right);
  }
  for (int k = 1; k <= 4; ++k) CHECK(wanted.top(k).right == found.top(k).right);
  CHECK(found.top(4).right == 30);
  for (int label = 0; label < 4; ++label)
    for (int p = 0; p < 4; ++p) CHECK(wanted.confusion(label, p) == found.confusion(label, p));
  CHECK(task.validate(judged).accuracy == task.validate(copied).accuracy);
}

TEST_CASE("verdicts: rows without a number are refused as where they are copied", "[cuda]") {
  serial_executor serial;
  const small_run::data d;
  const auto task = d.task();
  with_logits<device::serial_system, small_run::net> t(task.capacity(7), serial, {.seed = 3});
  std::fill_n(t.weights.find("a.1.bias"), 4, NAN);
  t.weights_changed();
  const auto computed = t.answers();
  const auto said = [&](const answers_of<small_run::net>& a) { return message_of([&] { task.validate(a); }); };
  const std::string text = said({7, {}, t.verdicts(), small_run::net::find<"a">()});
  CHECK(text.starts_with("accuracy::add: no logit of a question with label "));
  CHECK(text == said({7, [&](const batch<small_run::net>& b, float* rows) { computed(b, {rows}); }}));
}
