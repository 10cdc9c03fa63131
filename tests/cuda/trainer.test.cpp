// tests/cuda/trainer.test.cpp -- trainers on a device's code: they follow the CPU's, and share its checkpoints.
#include "relreason/backend/cuda/trainer.cuh"

#include "agreement.hpp"
#include "relreason/optim/adamw.hpp"
#include "relreason/optim/sgd.hpp"
#include "support/message_of.hpp"
#include "support/small_relations.hpp"
#include "support/small_run.hpp"
#include "support/temporary_folder.hpp"
#include "systems.hpp"

using namespace relreason;

namespace {

template <class Optimizer>
using on_host = device::trainer_on<device::serial_system, small::net, Optimizer>;

// Weights of a trainer after `steps` steps of batches of their own.
template <class Trainer>
std::vector<float> trained(Trainer& t, int first, int steps) {
  for (int k = first; k < first + steps; ++k) t.step(small::scenes(k % 7, 40), 1e-3);
  t.refresh();
  return {t.weights.data(), t.weights.data() + t.weights.learned()};
}
template <class Optimizer>
void follow(const Optimizer& optimizer) {
  thread_pool two(2);
  const trainer_options options{.seed = 3, .clip = .8, .rate_factors = {{"q.", .5}, {"r.g.0", 0}}};
  trainer<small::net, Optimizer> cpu(small::planned(), two, options, optimizer);
  on_host<Optimizer> there(small::planned(), two, options, optimizer);
  const parameters<small::net> start(3);
  // Within these parts of the largest weight after 1, 10 and 100 steps: each step adds roundings of its own.
  for (const auto& [steps, most] : {std::pair{1, 2e-7}, {9, 1e-6}, {90, 1e-5}}) {
    const int first = static_cast<int>(cpu.steps);
    const auto wanted = trained(cpu, first, steps), found = trained(there, first, steps);
    INFO(cpu.steps << " steps");
    CHECK(cuda_test::apart(wanted.data(), found.data(), wanted.size()) < most);
    CHECK(std::abs(there.gradient_size() / cpu.gradient_size() - 1) < 1e-4);
  }
  const auto& held = start.entry("r.g.0.weight");
  CHECK(std::equal(start.data() + held.offset, start.data() + held.offset + held.count, there.weights.data() + held.offset));
}

}  // namespace

TEST_CASE("device trainer: 1, 10 and 100 steps of adam, adamw and sgd follow the CPU's", "[cuda]") {
  follow(adam{});
  follow(adamw{});
  follow(sgd{.nesterov = true});
}

TEST_CASE("device trainer: a checkpoint of the CPU goes on there, and the other way round", "[cuda]") {
  const temporary_folder folder;
  thread_pool two(2);
  trainer<small::net> cpu(small::planned(), two, {.seed = 3});
  on_host<adam> there(small::planned(), two, {.seed = 3});
  trained(cpu, 0, 5);
  trained(there, 3, 2);  // elsewhere, until it loads
  const auto pass_on = [&](auto& from, auto& to, const char* file) {
    safetensors::writer w;
    from.save(w);
    w.write(folder / file);
    to.load(safetensors::open(folder / file));
  };
  pass_on(cpu, there, "from_cpu.safetensors");
  CHECK(there.steps == 5);
  trained(there, 5, 5);
  trainer<small::net> back(small::planned(), two, {.seed = 3});
  pass_on(there, back, "from_device.safetensors");
  const auto found = trained(back, 10, 5);
  const auto wanted = trained(cpu, 5, 10);
  CHECK(cuda_test::apart(wanted.data(), found.data(), wanted.size()) < 1e-6);
}

TEST_CASE("device trainer: parts of a step add up to it, and a refused one leaves weights as they were", "[cuda]") {
  serial_executor serial;
  on_host<adam> whole(small::planned(), serial, {.seed = 3}), parts(small::planned(), serial, {.seed = 3});
  for (on_host<adam>* t : {&whole, &parts}) {
    t->add(small::scenes(0, 20), .5);
    t->add(small::scenes(20, 40), .5);
    t->update(1e-3);
    t->refresh();
  }
  CHECK(std::equal(whole.weights.data(), whole.weights.data() + whole.weights.learned(), parts.weights.data()));
  auto b = small::scenes(0, 40);
  b.values<"o">()[0] = INFINITY;
  CHECK_THROWS_WITH(parts.step(b, 1e-3), Catch::Matchers::StartsWith("trainer: the loss of step 2 is not finite: input \"o\" of sample 1"));
  const auto wanted = trained(whole, 3, 1), found = trained(parts, 3, 1);
  CHECK(systems_test::same_bits(wanted, found));
}

// What a program's .cu file provides, here by a host system.
template <>
std::unique_ptr<any_stepper<small::net, adam>> cuda_training<small::net, adam>::make(const limits<small::net>& at, executor& threads,
                                                                                     const trainer_options& options,
                                                                                     parameters<small::net>& weights) {
  return std::make_unique<stepper_as_any<device::stepper<device::serial_system, small::net, adam>, small::net, adam>>(at, threads, options, weights);
}

TEST_CASE("device trainer: answers() are those of a prediction with the weights of the moment, and do not disturb training", "[cuda]") {
  serial_executor serial;
  trainer<small::net, adam, "a"> cpu(small::planned(), serial, {.seed = 3});
  device::trainer_on<device::serial_system, small::net, adam, "a"> there(small::planned(), serial, {.seed = 3});
  const auto b = small::scenes(0, 40);
  std::vector<float> before(160), wanted(160), found(160);
  there.answers()(b, {before.data()});
  trained(cpu, 0, 3);
  trained(there, 0, 3);
  cpu.answers()(b, {wanted.data()});
  there.answers()(b, {found.data()});
  CHECK(cuda_test::apart(wanted.data(), found.data(), wanted.size()) < cuda_test::agreement);
  CHECK(cuda_test::apart(wanted.data(), before.data(), wanted.size()) > .01);
  const auto after = trained(cpu, 3, 2), there_after = trained(there, 3, 2);
  CHECK(cuda_test::apart(after.data(), there_after.data(), after.size()) < 1e-6);
}

TEST_CASE("device_trainer: its options choose the device; trainer refuses one", "[cuda]") {
  thread_pool two(2);
  trainer<small::net> cpu(small::planned(), two, {.seed = 3});
  device_trainer<small::net> chosen(small::planned(), two, {.seed = 3}), there(small::planned(), two, {.seed = 3, .device = {.cuda = true}});
  const auto wanted = trained(cpu, 0, 4);
  CHECK(systems_test::same_bits(wanted, trained(chosen, 0, 4)));
  CHECK(cuda_test::apart(wanted.data(), trained(there, 0, 4).data(), wanted.size()) < 1e-6);
  CHECK(chosen.instructions() == std::string(cpu.instructions()));
  CHECK(there.instructions() == std::string("thrust serial fp32"));
  CHECK_THROWS_WITH(trainer<small::net>(small::planned(), two, {.device = {true, 1}}), Catch::Matchers::Contains("asked for cuda:1"));
}

namespace {
template <class M, class Optimizer, name... Wanted>
using on_serial = device::trainer_on<device::serial_system, M, Optimizer, Wanted...>;
}

TEST_CASE("device trainer: a run whose scenes stay there has the bytes of one that copies them, and says what stays", "[cuda]") {
  const temporary_folder folder;
  serial_executor serial;
  const small_run::data d;
  const auto task = d.task();
  std::string last[2];
  for (const int parts : {1, 2}) {
    for (const std::size_t memory : {std::size_t{1} << 20, std::size_t{0}}) {
      const auto at = folder / (std::to_string(parts) + std::to_string(memory));
      auto o = small_run::options(at, 2);
      o.micro_batches = parts;
      o.training.table_memory = memory;
      training_run<small_run::net_task, adam, on_serial> run(task, o, serial);
      REQUIRE(run.run());
      parameters<small_run::net> found;
      const auto file = safetensors::open(at + "/last.safetensors");
      load_weights(file, found, {.allow_extra = true});
      last[memory == 0].assign(reinterpret_cast<const char*>(found.data()), found.learned() * sizeof(float));
      CHECK((file.metadata().count("note.held") ? file.metadata().at("note.held") : "none") == (memory ? "o (1 MiB)" : "none"));
    }
    CHECK((last[0] == last[1]));
  }
}

TEST_CASE("device trainer: a run in a folder learns, stops and goes on there as on the CPU", "[cuda]") {
  const temporary_folder folder;
  serial_executor serial;
  const small_run::data d;
  const auto task = d.task();
  training_run<small_run::net_task, adam, on_serial> there(task, small_run::options(folder / "there"), serial);
  training_run<small_run::net_task> cpu(task, small_run::options(folder / "cpu"), serial);
  REQUIRE(there.run());
  REQUIRE(cpu.run());
  const auto a = safetensors::open(folder / "cpu/last.safetensors"), b = safetensors::open(folder / "there/last.safetensors");
  parameters<small_run::net> wanted, found;
  load_weights(a, wanted, {.allow_extra = true});
  load_weights(b, found, {.allow_extra = true});
  CHECK(cuda_test::apart(wanted.data(), found.data(), wanted.learned()) < 1e-5);
  CHECK(b.metadata().at("instructions") == "thrust serial fp32");
  const auto there_log = read_log(folder / "there/log.jsonl"), cpu_log = read_log(folder / "cpu/log.jsonl");
  REQUIRE(there_log.back().event == "validation");
  CHECK(there_log.back().find("loss").value() == Approx(cpu_log.back().find("loss").value()).epsilon(1e-5));
  CHECK(there_log.back().find("accuracy") == cpu_log.back().find("accuracy"));
}
