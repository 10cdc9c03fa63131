// tests/cuda/task_tables.test.cpp -- tasks whose pictures stay on the device: a run has the bytes of one that copies them.
#include <string>

#include "catch.hpp"
#include "relreason/backend/cuda/trainer.cuh"
#include "relreason/nn/conv2d.hpp"
#include "relreason/nn/mlp.hpp"
#include "relreason/nn/pool2d.hpp"
#include "relreason/nn/unit_range.hpp"
#include "relreason/train/attribute_task.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/sort_of_clevr_task.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

template <class M, class Optimizer, name... Wanted>
using on_serial = device::trainer_on<device::serial_system, M, Optimizer, Wanted...>;

struct picture : sample {};
struct shown : model<input<"image", pixels<3, 75, 75>, picture>, input<"q", features<18>, picture>, input<"answer", label<10>, picture>,
                     let<"x", unit_range, of<"image">>, let<"c", conv2d<4, kernel<5>, stride<5>>, of<"x">>, let<"h", global_pool<by_mean>, of<"c">>,
                     let<"a", mlp<relu<12>, linear<10>>, of<"h", "q">>, minimize<cross_entropy<>, of<"a", "answer">>> {};
struct tagged : model<input<"image", pixels<3, 8, 8>, picture>, input<"attributes", features<15>, picture>, let<"x", unit_range, of<"image">>,
                      let<"c", conv2d<4, kernel<3>, stride<2>, padding<1>>, of<"x">>, let<"h", global_pool<by_mean>, of<"c">>,
                      let<"a", mlp<relu<12>, linear<15>>, of<"h">>, minimize<multi_label, of<"a", "attributes">>> {};

// Weights, log and note of a run of two epochs whose tables may take so many bytes.
struct outcome {
  std::string weights, log, held;
  bool operator==(const outcome& o) const { return weights == o.weights && log == o.log; }
};
template <class Task>
outcome run_with(const Task& task, const std::string& sampler, std::size_t memory) {
  using M = typename Task::model;
  const temporary_folder folder;
  serial_executor serial;
  run_options o{.folder = folder / "run", .epochs = 2, .batch = 10, .schedule = make_schedule("constant", {.base = 1e-2}), .sampler = sampler};
  o.quiet = true;
  o.training.table_memory = memory;
  training_run<Task, adam, on_serial> run(task, o, serial);
  REQUIRE(run.run());
  const auto file = safetensors::open(folder / "run/last.safetensors");
  parameters<M> found;
  load_weights(file, found, {.allow_extra = true});
  outcome out{{reinterpret_cast<const char*>(found.data()), found.learned() * sizeof(float)}, "", "none"};
  if (file.metadata().count("note.held")) out.held = file.metadata().at("note.held");
  for (const auto& e : read_log(folder / "run/log.jsonl"))
    out.log += e.event + " " + std::to_string(e.find("loss").value()) + " " + std::to_string(e.find("accuracy").value()) + "\n";
  return out;
}

}  // namespace

TEST_CASE("tables of tasks: Sort-of-CLEVR's pictures and question vectors stay on the device, within the budget, with the same bytes", "[cuda]") {
  serial_executor serial;
  using soc = sort_of_clevr::kind;
  const sort_of_clevr_task<shown> task({.seed = 5, .n_test = 3, .n_train = 6}, {soc::unary, soc::ternary}, serial);
  const auto both = run_with(task, "in-turn", std::size_t{1} << 20), questions = run_with(task, "in-turn", 100'000),
             none = run_with(task, "in-turn", 0);
  CHECK(both.held == "q (1 MiB), image (1 MiB)");
  CHECK(questions.held == "q (1 MiB)");  // six pictures are 101250 bytes
  CHECK(none.held == "none");
  CHECK((both == none));
  CHECK((questions == none));
  CHECK(both.log.find("validation") != std::string::npos);
}

TEST_CASE("tables of tasks: pictures that are not augmented stay beside their attributes, of a share of the pictures too", "[cuda]") {
  clevr::dataset d;
  std::vector<image> pictures;
  for (int i = 0; i < 30; ++i) {
    clevr::object one;
    one.attributes = {0, static_cast<std::uint8_t>(i % 8), static_cast<std::uint8_t>(i % 2), 0};
    clevr::object second = one;
    second.attributes[1] = static_cast<std::uint8_t>((i + 3) % 8);
    d.scenes.emplace_back();
    d.scenes.back().objects.push_back(one);
    if (i % 3) d.scenes.back().objects.push_back(second);
    image p(8, 8, 3);
    for (std::size_t k = 0; k < p.pixels.size(); ++k) p.pixels[k] = static_cast<std::uint8_t>(k * k * static_cast<std::size_t>(i + 1));
    pictures.push_back(p);
  }
  d.pictures = picture_list(pictures);
  const attribute_task<tagged> plain(d, d, .7);
  const auto held = run_with(plain, "shuffle", std::size_t{1} << 20), copied = run_with(plain, "shuffle", 0);
  CHECK(held.held == "attributes (1 MiB), image (1 MiB)");
  CHECK(copied.held == "none");
  CHECK((held == copied));
  const attribute_task<tagged> changed(d, d, .7, augmentation{.border = 1, .degrees = 3, .seed = 2});
  const auto some = run_with(changed, "shuffle", std::size_t{1} << 20), all_copied = run_with(changed, "shuffle", 0);
  CHECK(some.held == "attributes (1 MiB)");
  CHECK((some == all_copied));
  CHECK_FALSE((some == held));
}
