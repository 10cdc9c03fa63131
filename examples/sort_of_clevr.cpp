// examples/sort_of_clevr.cpp -- trains the small Relation Network, or its baseline without pairs, on Sort-of-CLEVR; or writes pictures and questions.
// Expect 99 % of the non-relational and 89 % of the binary questions after the full 20 epochs, and 66 % of both from the baseline.
#include <cstdio>
#include <string>
#include <thread>

#include "program_device.hpp"
#include "relreason/data/sort_of_clevr_files.hpp"
#include "relreason/models/sort_of_clevr.hpp"
#include "relreason/train/sort_of_clevr_report.hpp"
#include "sort_of_clevr_options.hpp"

using namespace relreason;
namespace soc = relreason::sort_of_clevr;
using namespace sort_of_clevr_program;

// Validation as the run asks for it after each epoch, and said aloud.
template <class M>
struct spoken_task : sort_of_clevr_task<M> {
  using sort_of_clevr_task<M>::sort_of_clevr_task;
  const run_state_record* now = nullptr;
  validation_result validate(const answers_of<M>& answers) const {
    const auto found = sort_of_clevr_task<M>::validate(answers);
    std::printf("epoch %d: ", now->epoch);
    for (const auto& [kind, share] : found.more) std::printf("%s %.2f %%, ", kind.c_str(), 100 * share);
    std::printf("loss %.4f\n", found.loss);
    return std::fflush(stdout), found;
  }
};

template <class M>
static int train(const arguments_type& o, const soc::options& world, executor& threads) {
  if (const auto other = o["compare"].as<std::string>(); !other.empty()) read_shares(other + "/shares.tsv");  // refused now, not after the training
  spoken_task<M> task(world, soc::parse_kinds(o["kinds"].as<std::string>()), threads);
  run_options r{.folder = o["folder"].as<std::string>(), .epochs = o["epochs"].as<int>(), .batch = o["batch"].as<int>()};
  const double rate = o["rate"].as<double>();
  r.schedule = o.count("cosine") ? make_schedule("cosine", {.base = rate, .period = r.epochs + 1}) : make_schedule("constant", {.base = rate});
  r.sampler = o.count("mixed") ? "shuffle" : "in-turn";
  r.training = {.seed = world.seed, .clip = 0, .device = device::parse_device(o["device"].as<std::string>())};
  r.training.table_memory = static_cast<std::size_t>(o["table-memory"].as<int>()) << 20;
  program::check(r.training.device);
  if (o.count("bf16")) r.training.arithmetic = precision::bf16;
  if (const double factor = o["sum-rate"].as<double>(); factor < 1) {
    r.training.rate_factors = {{"a.0.", factor}};
    r.settings["sum_rate"] = std::to_string(factor);
  }
  r.settings["model"] = o["model"].as<std::string>();
  training_run<spoken_task<M>, adam, program::trainer_type> t(task, r, threads, adam{.weight_decay = 0});
  task.now = &t.record();
  std::fprintf(stderr, "%s in %s: %zu questions, %zu parameters, %s, %d threads\n", t.resume_if_present() ? "resuming" : "training",
               t.path("").c_str(), task.size(), t.weights().count(), t.inner().instructions(), threads.threads());
  if (!t.run()) return std::fprintf(stderr, "stopped after a checkpoint; run the same command to go on\n"), 130;
  write_sort_of_clevr_report(t, o["compare"].as<std::string>());
  return std::fprintf(stderr, "report: %s\n", t.path("report.html").c_str()), 0;
}

int main(int argc, char** argv) try {
  const auto all = all_options();
  const auto o = parse(all, argc, argv);
  if (o.count("help")) return std::printf("%s", all.help().c_str()) < 0;
  thread_pool threads(o["threads"].as<int>() > 0 ? o["threads"].as<int>() : static_cast<int>(std::thread::hardware_concurrency()));
  soc::options world{.seed = o["seed"].as<std::uint64_t>(), .n_test = o["test-images"].as<int>(), .n_train = o["images"].as<int>()};
  world.legacy_closest = o.count("legacy");
  if (o["command"].as<std::string>() == "train") {
    const auto m = o["model"].as<std::string>();
    using namespace models::sort_of_clevr;
    return (m == "rn" ? train<rn> : m == "small" ? train<small_rn> : train<cnn_mlp>)(o, world, threads);
  }
  soc::write_files(soc::generate(world, threads), soc::parse_kinds(o["kinds"].as<std::string>()), o["folder"].as<std::string>());
} catch (const usage& wrong) {
  std::fprintf(stderr, "sort_of_clevr: %s; sort_of_clevr --help lists all options\n", wrong.what());
  return 2;
} catch (const std::exception& error) {
  std::fprintf(stderr, "sort_of_clevr: %s\n", error.what());
  return 1;
}
