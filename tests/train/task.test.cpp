// tests/train/task.test.cpp -- training_run on a task that is not about questions: another model, another optimizer, its own verdict.
#include "relreason/train/task.hpp"

#include <cmath>
#include <vector>

#include "catch.hpp"
#include "relreason/core/predictor.hpp"
#include "relreason/loss/cross_entropy.hpp"
#include "relreason/message/sum_over.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/optim/sgd.hpp"
#include "relreason/train/run.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

struct scene : sample {};
struct point : each<scene> {};
struct pair : all_pairs<point> {};
struct net : model<input<"x", features<2>, point>, input<"near", label<2>, scene>, let<"r", sum_over<pair, mlp<relu<16>, relu<16>>>, of<"x", "x">>,
                   let<"y", mlp<relu<16>, linear<2>>, of<"r">>, minimize<cross_entropy<>, of<"y", "near">>> {};

// Do two of the points lie closer than .3? Scene i is made of its number alone.
struct near_points {
  using model = net;
  static constexpr name output = "y";
  int training = 1000, validation = 200;

  static std::vector<float> points(int i) {
    random_stream random{77, static_cast<std::uint64_t>(i)};
    std::vector<float> p(2 * (2 + random.below(2)));
    for (float& x : p) x = static_cast<float>(random.uniform());
    return p;
  }
  static bool near(const std::vector<float>& p) {
    bool found = false;
    for (std::size_t i = 0; i < p.size(); i += 2)
      for (std::size_t j = 0; j < i; j += 2) found = found || std::hypot(p[i] - p[j], p[i + 1] - p[j + 1]) < .3f;
    return found;
  }
  static void add(batch<net>& to, int i) {
    const auto p = points(i);
    to.add_sample();
    to.count<point>(static_cast<int>(p.size() / 2));
    to.push<"x">(p.data(), p.size());
    to.push<"near">(near(p));
  }

  shuffle sampler(const std::string&) const { return shuffle(static_cast<std::size_t>(training)); }
  limits<net> capacity(int samples) const { return limits<net>{.samples = samples}.set<point>(3); }
  void fill(batch<net>& to, std::span<const std::int32_t> items, std::span<const std::int32_t>) const {
    to.clear();
    for (const auto i : items) add(to, i);
  }
  std::uint64_t right(const batch<net>& b, const float* y) const {
    std::uint64_t right = 0;
    for (const int near : b.values<"near">()) {
      right += (y[1] > y[0]) == near;
      y += 2;
    }
    return right;
  }
  validation_result validate(const answers_of<net>& answers) const {
    batch<net> b;
    double hits = 0;
    for (int i = 0; i < validation; ++i) {
      float y[2];
      b.clear();
      add(b, training + i);
      answers(b, y);
      hits += static_cast<double>(right(b, y));
    }
    return {1 - hits / validation, hits / validation, {{"scenes", validation}}};
  }
  std::string item(std::int32_t i) const { return "scene " + std::to_string(i); }
  void describe(std::map<std::string, std::string>& settings) const { settings["scenes"] = std::to_string(training); }
};

run_options options(const std::string& folder, int epochs) {
  return {.folder = folder, .epochs = epochs, .batch = 16, .schedule = make_schedule("constant", {.base = 3e-2}), .quiet = true};
}

}  // namespace

// The same scenes, judged by the loss.
struct judged_points {
  using model = net;
  static constexpr name output = "y";
  near_points own = {};
  auto sampler(const std::string& n) const { return own.sampler(n); }
  limits<net> capacity(int samples) const { return own.capacity(samples); }
  void fill(batch<net>& to, std::span<const std::int32_t> items, std::span<const std::int32_t> step) const { own.fill(to, items, step); }
  validation_result validate(const answers_of<net>& answers) const { return own.validate(answers); }
  std::string item(std::int32_t i) const { return own.item(i); }
  void describe(std::map<std::string, std::string>& settings) const { own.describe(settings); }
};

TEST_CASE("task: a run counts by the task's right(), or else by the loss of its output: the same log, whole or in parts", "[train][task]") {
  static_assert(judging_task<near_points> && !judging_task<judged_points> && judged_by_loss<judged_points>);
  const temporary_folder folder;
  serial_executor serial;
  for (const int parts : {1, 3}) {
    std::vector<double> logged[2];
    const auto note = [&](const auto& task, std::size_t which) {
      const std::string at = folder / (std::to_string(which) + std::to_string(parts));
      auto o = options(at, 2);
      o.micro_batches = parts;
      training_run run(task, o, serial, sgd{.momentum = .9});
      REQUIRE(run.run());
      for (const auto& e : read_log(at + "/log.jsonl"))
        if (e.event == "train") logged[which].push_back(e.find("accuracy").value());
    };
    note(near_points{}, 0);
    note(judged_points{}, 1);
    CHECK(logged[0].size() >= 6);
    CHECK(logged[0].back() > .5);
    CHECK(logged[0] == logged[1]);
  }
}

TEST_CASE("task: a run learns a task of one's own, with another optimizer, and logs its own values", "[train][task]") {
  static_assert(training_task<near_points>);
  const temporary_folder folder;
  const near_points task;
  serial_executor serial;
  training_run run(task, options(folder / "run", 30), serial, sgd{.momentum = .9});
  REQUIRE(run.run());
  CHECK(run.record().best > .9);
  CHECK(run.record().settings.at("scenes") == "1000");
  CHECK(run.record().settings.at("optimizer").find("sgd") == 0);
  const auto events = read_log(folder / "run/log.jsonl");
  CHECK(events.back().find("scenes") == 200.0);
  CHECK(events.back().find("accuracy").value() + events.back().find("loss").value() == Approx(1));

  near_points more;
  more.training = 1001;
  training_run other(more, options(folder / "run", 30), serial, sgd{.momentum = .9});
  CHECK(contains(message_of([&] { other.resume_if_present(); }), "scenes: 1000 in the checkpoint, now 1001"));
  training_run by_adam(task, options(folder / "run", 30), serial);
  CHECK(contains(message_of([&] { by_adam.resume_if_present(); }), "optimizer: sgd"));
}

TEST_CASE("task: a number that is not finite is named by the task's item", "[train][task]") {
  struct broken : near_points {
    void fill(batch<net>& to, std::span<const std::int32_t> items, std::span<const std::int32_t> step) const {
      near_points::fill(to, items, step);
      to.values<"x">()[0] = std::numeric_limits<float>::quiet_NaN();
    }
  };
  const temporary_folder folder;
  const broken task;
  serial_executor serial;
  training_run run(task, options(folder / "run", 1), serial);
  CHECK(contains(message_of([&] { run.run(); }), "(that sample is training scene "));
}
