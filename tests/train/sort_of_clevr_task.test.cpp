// tests/train/sort_of_clevr_task.test.cpp
#include "relreason/train/sort_of_clevr_task.hpp"

#include <cmath>
#include <set>

#include "catch.hpp"
#include "relreason/models/sort_of_clevr.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/sort_of_clevr_report.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
namespace soc = relreason::sort_of_clevr;

namespace {

using net = models::sort_of_clevr::cnn_mlp;
using net_task = sort_of_clevr_task<net>;
static_assert(training_task<net_task> && training_task<sort_of_clevr_task<models::sort_of_clevr::rn>>);

constexpr auto unary = soc::kind::unary, binary = soc::kind::binary, ternary = soc::kind::ternary;

soc::options world(int train = 6, int test = 3) { return {.seed = 5, .n_test = test, .n_train = train}; }

// Logits that name the answer, wrong (the next one) where `wrong` says so.
template <class Wrong>
answers_of<net> told(int samples, Wrong wrong) {
  return {samples, [=](const batch<net>& b, float* rows) {
            REQUIRE(b.samples <= samples);
            const auto& q = b.values<"q">();
            for (std::size_t i = 0; i < static_cast<std::size_t>(b.samples); ++i) {
              std::fill_n(rows + 10 * i, 10, 0.f);
              const int answer = b.values<"answer">()[i];
              rows[10 * i + static_cast<std::size_t>(wrong(q.data() + 18 * i) ? (answer + 1) % 10 : answer)] = 5;
            }
          }};
}

run_options options(const std::string& folder, int epochs) {
  run_options o{.folder = folder, .epochs = epochs, .batch = 16, .schedule = make_schedule("constant", {.base = 1e-3}), .sampler = "in-turn"};
  o.quiet = true;
  return o;
}

}  // namespace

TEST_CASE("sort of clevr task: a batch holds pictures as bytes, question vectors and answers of its items", "[train][sort_of_clevr]") {
  serial_executor one;
  const net_task task(world(), {unary, binary}, one);
  CHECK(task.size() == 6 * 20);
  batch<net> b;
  const std::vector<std::int32_t> items{0, 27, 119};
  task.fill(b, items, items);
  task.fill(b, items, items);  // what was there before is gone
  REQUIRE(b.samples == 3);
  b.check(task.capacity(3));
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto e = soc::make_example(world(), 3 + items[i] / 20);
    const auto& q = e.questions[static_cast<std::size_t>(items[i] % 20)];
    const auto vector = soc::question_vector(q);
    CHECK(std::equal(vector.begin(), vector.end(), b.values<"q">().begin() + static_cast<std::ptrdiff_t>(18 * i)));
    CHECK(std::equal(e.picture.pixels.begin(), e.picture.pixels.end(), b.values<"image">().begin() + static_cast<std::ptrdiff_t>(75 * 75 * 3 * i)));
    CHECK(b.values<"answer">()[i] == q.answer);
  }
  CHECK(task.item(27) == "question 7 about picture 1");
}

TEST_CASE("sort of clevr task: the rows of its tables that a batch names are what it would copy", "[train][sort_of_clevr]") {
  serial_executor one;
  const net_task task(world(), {unary, binary, ternary}, one);
  const auto tables = task.tables();
  REQUIRE(tables.size() == 2);
  CHECK(tables[0].input == name("q"));
  CHECK(tables[0].rows() == 9 * 36);  // types, and colors a and b
  CHECK(tables[1].rows() == 6);
  batch<net> copied, named;
  std::vector<std::int32_t> items(task.size());
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = static_cast<std::int32_t>(items.size() - 1 - i);
  task.fill(copied, items, items);
  constexpr auto q = static_cast<std::size_t>(net::find<"q">()), image = static_cast<std::size_t>(net::find<"image">());
  named.held[q] = named.held[image] = true;
  task.fill(named, items, items);
  REQUIRE(named.row_numbers[q].size() == 180);
  CHECK(named.values<"q">().empty());
  CHECK(named.values<"answer">() == copied.values<"answer">());
  for (std::size_t i = 0; i < 180; ++i) {
    const float* row = tables[0].numbers.data + 18 * named.row_numbers[q][i];
    CHECK(std::equal(row, row + 18, copied.values<"q">().data() + 18 * i));
    CHECK(named.row_numbers[image][i] == items[i] / 30);
  }
  CHECK(std::equal(tables[1].bytes.data, tables[1].bytes.data + 75 * 75 * 3, copied.values<"image">().data() + 75 * 75 * 3 * 179));
}

TEST_CASE("sort of clevr task: in turn, every batch is of one kind, the last kind first, and no item comes twice", "[train][sort_of_clevr]") {
  serial_executor one;
  const net_task task(world(), {unary, binary, ternary}, one);
  const auto s = task.sampler("in-turn");
  CHECK(s.text() == "in-turn");
  constexpr int size = 16;
  const auto order = s.order(3, 1, size);
  REQUIRE(order.size() == 3 * 3 * size);  // 60 questions of a kind: three whole batches, 12 left out
  CHECK(std::set<std::int32_t>(order.begin(), order.end()).size() == order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto k = (order[i] % 30) / 10;  // ten questions of each kind, one kind after another
    CHECK(k == 2 - static_cast<int>(i / size) % 3);
  }
  CHECK(s.order(3, 1, size) == order);
  CHECK(s.order(3, 2, size) != order);
  CHECK(s.order(4, 1, size) != order);
  CHECK(s.order(3, 1, 60).size() == 180);
  CHECK(contains(message_of([&] { s.order(3, 1, 61); }), "fewer than 61 samples"));
  CHECK(contains(message_of([&] { s.order(3, 1, 0); }), "a batch of 0 items"));
  const auto mixed = task.sampler("shuffle").order(3, 1, size);
  CHECK(std::set<std::int32_t>(mixed.begin(), mixed.end()).size() == 180);
  CHECK(contains(message_of([&] { task.sampler("answer-balanced"); }), "choose one of in-turn, shuffle"));
}

TEST_CASE("sort of clevr task: validation counts by kind and subtype, whatever the size of its batches", "[train][sort_of_clevr]") {
  serial_executor one;
  const net_task task(world(2, 30), {unary, binary}, one);
  const auto wrong = [](const float* q) { return q[12 + 1] == 1 && q[15 + 2] == 1; };  // binary questions of subtype 2
  int count = 0;
  for (int i = 0; i < 30; ++i)
    for (const auto& q : soc::make_example(world(2, 30), i).questions) count += q.what == binary && q.subtype == 2;
  REQUIRE(count > 0);
  for (const int samples : {1, 7, 600, 1000}) {
    const auto found = task.validate(told(samples, wrong));
    CHECK(found.accuracy == Approx(1 - count / 600.));
    REQUIRE(found.more.size() == 2);
    CHECK(found.more[0] == std::pair<std::string, double>("non-relational", 1.));
    CHECK(found.more[1].first == "binary");
    CHECK(found.more[1].second == Approx(1 - count / 300.));
    // -log of e^5 / (e^5 + 9), and of 1 / (e^5 + 9) where the 5 stands at another answer
    const double all = std::log(std::exp(5.) + 9);
    CHECK(found.loss == Approx(all - 5 + 5 * count / 600.).epsilon(1e-6));
  }
  const auto a = task.evaluate(told(64, wrong));
  CHECK(a.by_type(5).right == 0);
  CHECK(a.by_type(5).total == count);
  CHECK(a.by_type(4).right == a.by_type(4).total);
  CHECK(of_kind(a, ternary).total == 0);
}

TEST_CASE("sort of clevr task: what cannot be learned from is refused", "[train][sort_of_clevr]") {
  serial_executor one;
  CHECK(contains(message_of([&] { net_task(world(), {}, one); }), "no kind of question is chosen"));
  CHECK(contains(message_of([&] { net_task(world(0), {unary}, one); }), "there are no training questions"));
  CHECK(contains(message_of([&] { net_task(world(1, 0), {unary}, one); }), "there are no validation questions"));
  CHECK(contains(message_of([&] { net_task(world(-1), {unary}, one); }), "n_train is -1"));
}

TEST_CASE("sort of clevr task: a stopped run goes on, another world is refused, and the report stands alone", "[train][sort_of_clevr]") {
  const temporary_folder folder;
  serial_executor one;
  const net_task task(world(), {unary, binary}, one);
  const auto train = [&](const std::string& to, int epochs) {
    training_run run(task, options(folder / to, epochs), one, adam{.weight_decay = 0});
    run.resume_if_present();
    REQUIRE(run.run());
  };
  train("whole", 2);
  train("parts", 1);
  train("parts", 2);
  CHECK(content_of(folder / "whole/last.safetensors") == content_of(folder / "parts/last.safetensors"));
  const auto last = read_log(folder / "whole/log.jsonl").back();
  CHECK(last.event == "validation");
  CHECK(last.step == 2 * 6);  // 60 questions of a kind are three batches of 16
  CHECK(last.find("accuracy").value() == Approx((last.find("non-relational").value() + last.find("binary").value()) / 2));

  auto other = world();
  other.legacy_closest = true;
  const net_task legacy(other, {unary, binary}, one);
  training_run foreign(legacy, options(folder / "whole", 2), one, adam{.weight_decay = 0});
  CHECK(contains(message_of([&] { foreign.resume_if_present(); }), "closest: fixed in the checkpoint, now legacy"));

  training_run run(task, options(folder / "whole", 2), one, adam{.weight_decay = 0});
  run.resume_if_present();
  write_sort_of_clevr_report(run);
  training_run beside(task, options(folder / "parts", 2), one, adam{.weight_decay = 0});
  beside.resume_if_present();
  write_sort_of_clevr_report(beside, folder / "whole");
  const auto page = content_of(folder / "parts/report.html");
  for (const char* part : {"Accuracy, non-relational", "Accuracy, binary", "binary: shape of closest", ">whole<", ">parts<", "conv 3 x 3"})
    CHECK(contains(page, part));
  CHECK_FALSE(contains(page, "Accuracy, ternary"));
  CHECK_FALSE(contains(page, "ternary: count in box"));
}

TEST_CASE("sort of clevr task: a small Relation Network learns the questions about two pictures by heart", "[train][sort_of_clevr][trains]") {
  const temporary_folder folder;
  thread_pool threads(2);
  const sort_of_clevr_task<models::sort_of_clevr::small_rn> task(world(2, 1), {unary}, threads);
  auto o = options(folder / "run", 90);
  o.batch = 10;
  o.validate_every = 90;
  training_run run(task, o, threads, adam{.weight_decay = 0});
  REQUIRE(run.run());
  const auto events = read_log(folder / "run/log.jsonl");
  CHECK(events.front().find("accuracy").value() < .6);
  CHECK(events[events.size() - 2].find("accuracy").value() > .85);  // guessing by the kind of question: .5
}
