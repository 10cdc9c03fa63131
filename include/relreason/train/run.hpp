// relreason/train/run.hpp -- a training run in a folder: epochs, validation, schedule, checkpoints, log; stopped anywhere, it goes on with the same bits.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "relreason/optim/any_schedule.hpp"
#include "relreason/optim/batch_size.hpp"
#include "relreason/optim/early_stopping.hpp"
#include "relreason/train/checkpoint.hpp"
#include "relreason/train/log.hpp"
#include "relreason/train/prefetch.hpp"
#include "relreason/train/progress.hpp"
#include "relreason/train/sampler.hpp"
#include "relreason/train/stop_signal.hpp"
#include "relreason/train/task.hpp"

namespace relreason {

struct run_options {
  std::string folder;           // gets log.jsonl, last.safetensors, best.safetensors
  std::string title = "train";  // of the progress bar
  int epochs = 350;
  int batch = 640, micro_batches = 1;               // samples per step, and the number of equal parts in which they are computed
  std::optional<batch_size_doubling> growing = {};  // in place of `batch`
  any_schedule schedule = {};
  std::string sampler = "shuffle";
  std::optional<early_stopping> stopping = {};
  int validate_every = 1;  // epochs
  int save_every = 1000;   // steps; and at the end of every epoch
  bool quiet = false;      // nothing on stderr but warnings
  trainer_options training = {};
  std::map<std::string, std::string> settings = {}, notes = {};  // what else decides the result; what does not
};

// Whether a loss counts the samples whose output is right: one that judges, on the samples themselves.
template <class Task>
inline constexpr bool judged_by_loss = [] {
  using M = typename Task::model;
  constexpr int at = M::template find<Task::output>();
  if constexpr (at < 0) return false;
  else return judging_line<M, Task::output> >= 0 && spaces_of_model<M>[M::info[at].space].kind == space_kind::root;
}();

// scene_task<net, object, word> task(training, validation, scheme);  training_run run(task, options, threads);  run.resume_if_present(); run.run();
// Task and threads must outlive the run. Errors name what was found in options, task, folder or checkpoint, and leave the last checkpoint whole.
template <class Task, class Optimizer = adam, template <class, class, name...> class Trainer = trainer>
class training_run {
  static_assert(training_task<Task>, "relreason::training_run: the task lacks a member; relreason/train/task.hpp lists them");
  static_assert(
      judging_task<Task> || judged_by_loss<Task>,
      "relreason::training_run: no loss judges the samples' output (cross_entropy and multi_label do); give the task its own right(b, rows)");

 public:
  using M = typename Task::model;

  training_run(const Task& learned, run_options options, executor& threads, Optimizer optimizer = {})
      : task_(learned),
        options_(checked(std::move(options))),
        threads_(threads),
        sampler_(task_.sampler(options_.sampler)),
        limits_(task_.capacity((largest_batch() + options_.micro_batches - 1) / options_.micro_batches)),
        trainer_(limits_, threads, with_tables(options_.training), optimizer),
        outputs_(judging_task<Task> ? static_cast<std::size_t>(limits_.samples) * width : 0) {
    std::error_code refused;
    std::filesystem::create_directories(options_.folder, refused);
    if (refused) fail("training_run: the folder ", options_.folder, " cannot be made: ", refused.message(), "; give a path where you may write");
    auto& s = options_.settings;
    s["batch"] = options_.growing ? options_.growing->text() : std::to_string(options_.batch);
    s["micro_batches"] = std::to_string(options_.micro_batches);
    s["schedule"] = options_.schedule.text();
    s["sampler"] = sampler_.text();
    s["seed"] = std::to_string(options_.training.seed);
    s["clip"] = std::to_string(options_.training.clip);
    s["arithmetic"] = text_of(options_.training.arithmetic);
    s["optimizer"] = trainer_.optimizer().text();
    note_tables();
    options_.notes["lanes"] = std::to_string(trainer_.lanes());
    task_.describe(s);
  }

  training_run(Task&&, run_options, executor&, Optimizer = {}) = delete;  // the task would be gone

  std::string path(const char* file) const { return options_.folder + "/" + file; }
  const Task& task() const { return task_; }
  const parameters<M>& weights() const { return trainer_.weights; }
  const limits<M>& planned() const { return limits_; }
  const std::map<std::string, std::string>& settings() const { return options_.settings; }
  const run_state_record& record() const { return record_; }
  executor& threads() const { return threads_; }
  Trainer<M, Optimizer, Task::output>& inner() { return trainer_; }

  // Goes on from last.safetensors, if the folder has one. Says whether it did.
  bool resume_if_present() {
    if (!std::filesystem::exists(path("last.safetensors"))) return false;
    const auto file = safetensors::open(path("last.safetensors"));
    auto found = read_record(file);
    check_record<M>(file, found, options_.settings);
    trainer_.load(file);
    const auto same = [&](const char* what, const std::string& then, const std::string& now) {
      if (then != now)
        std::fprintf(stderr, "warning: %s was made with %s %s, now %s: results go on, but not with the same bits\n", file.path().c_str(),
                     then.c_str(), what, now.c_str());
    };
    same("kernels", file.metadata().at("instructions"), trainer_.instructions());
    if (const auto lanes = found.notes.find("lanes"); lanes != found.notes.end()) same("lanes", lanes->second, options_.notes["lanes"]);
    record_ = std::move(found);
    options_.schedule.restore(record_.schedule);
    if (record_.stopping.size() != 3)
      fail("training_run: ", file.path(), ": found ", record_.stopping.size(), " numbers of early stopping, wanted 3");
    if (options_.stopping) options_.stopping->restore({record_.stopping[0], record_.stopping[1]});
    done_ = record_.stopping[2] != 0;
    return true;
  }

  // True when all epochs are done (or early stopping says so), false when a signal asked to stop; both leave a checkpoint.
  bool run() {
    stop_signal stop;
    run_log log(path("log.jsonl"), trainer_.steps);
    trainer_.answers(), trainer_.verdicts();  // planned now: memory that is short shows before an epoch is done
    while (record_.epoch <= options_.epochs && !done_) {
      if (!run_epoch(log, stop)) {
        save("last.safetensors");
        return false;
      }
      finish_epoch(log);
      save("last.safetensors");
    }
    return true;
  }

 private:
  static constexpr int width = M::info[static_cast<std::size_t>(M::template find<Task::output>())].width;
  static run_options checked(run_options o) {
    const auto positive = [](const char* what, int n) {
      if (n < 1) fail("training_run: ", what, " is ", n, "; wanted at least 1");
    };
    positive("the number of epochs", o.epochs);
    positive("the batch", o.batch);
    if (o.growing) o.growing->check();
    positive("the number of micro-batches", o.micro_batches);
    if (const int most = std::min(o.growing ? o.growing->batch(1 << 20) : o.batch, 4096); o.micro_batches > most)  // 4096: see trainer::add
      fail("training_run: the number of micro-batches is ", o.micro_batches, "; wanted at most ", most, ", one sample each");
    positive("steps between saves", o.save_every);
    positive("epochs between validations", o.validate_every);
    if (o.stopping) {
      o.stopping->check();
      if (o.stopping->every % o.validate_every != 0)
        fail("training_run: early stopping looks every ", o.stopping->every, " epochs, validation is every ", o.validate_every,
             "; wanted a multiple of that");
    }
    o.schedule.check();
    return o;
  }
  trainer_options with_tables(trainer_options o) const {
    if constexpr (requires { task_.tables(); }) o.tables = task_.tables();
    return o;
  }
  // Says how a device keeps what pair layers computed, and which inputs stay where the steps run, if any.
  void note_tables() {
    if (const std::string text = trainer_.memory_text(); !text.empty() && !options_.quiet) std::fprintf(stderr, "%s\n", text.c_str());
    batch<M> asked;
    trainer_.prepare(asked);
    std::string held;
    for (const input_table& t : with_tables(options_.training).tables)
      if (asked.held[static_cast<std::size_t>(line_named(t.input))])
        held += (held.empty() ? "" : ", ") + std::string(t.input.view()) + " (" + std::to_string((t.size_bytes() + (1u << 20) - 1) >> 20) + " MiB)";
    if (held.empty()) return;
    options_.notes["held"] = held;
    if (!options_.quiet) std::fprintf(stderr, "stay on the device, of at most %zu MiB: %s\n", options_.training.table_memory >> 20, held.c_str());
  }
  static int line_named(name n) {
    for (int i = 0; i < M::n; ++i)
      if (M::info[static_cast<std::size_t>(i)].id == n) return i;
    return 0;
  }
  float* wanted_rows() { return judging_task<Task> ? outputs_.data() : nullptr; }  // else they stay where the step ran
  int largest_batch() const { return options_.growing ? options_.growing->batch(1 << 20) : options_.batch; }

  bool run_epoch(run_log& log, const stop_signal& stop) {
    const int size = options_.growing ? options_.growing->batch(record_.epoch) : options_.batch;
    const double rate = options_.schedule.rate(record_.epoch);
    const int epoch = record_.epoch;
    const auto order = sampler_.order(options_.training.seed, record_.epoch, size);
    const batch_offsets batches{order.size(), static_cast<std::size_t>(size)};
    if (batches.count() == 0) fail("training_run: sampler ", sampler_.text(), " makes no batch of ", size, "; choose a smaller one");
    const auto parts = static_cast<std::size_t>(options_.micro_batches);
    // Micro-batch k of the epoch: part k % parts of batch k / parts.
    const auto whole = [&](std::size_t k) {
      return std::span<const std::int32_t>(order).subspan(batches.first(k / parts), batches.last(k / parts) - batches.first(k / parts));
    };
    const auto part = [&](std::size_t k) {
      const std::size_t n = whole(k).size(), first = n * (k % parts) / parts;
      return whole(k).subspan(first, n * (k % parts + 1) / parts - first);
    };
    trainer_.drop_parts();  // of an epoch that was left
    prefetcher<batch<M>> next([&](batch<M>& to, std::size_t k) {
      trainer_.prepare(to);
      if constexpr (requires { task_.fill(to, part(k), whole(k), record_.epoch); }) task_.fill(to, part(k), whole(k), epoch);
      else task_.fill(to, part(k), whole(k));
      if (to.samples > 0) trainer_.stage(to);
    });
    progress bar(options_.title + " " + std::to_string(record_.epoch) + "/" + std::to_string(options_.epochs),
                 static_cast<long long>(batches.count()));
    const std::size_t last = batches.count() * parts;
    if (record_.batch * parts < last) next.start(record_.batch * parts);
    for (std::size_t k = record_.batch * parts; k < last; ++k) {
      const batch<M>& b = next.take();
      if (k + 1 < last) next.start(k + 1);
      const double share = static_cast<double>(b.samples) / static_cast<double>(whole(k).size());
      if (!step(b, part(k), share, (k + 1) % parts == 0, rate)) continue;
      const double loss = record_.loss_sum / static_cast<double>(record_.batch),
                   right = static_cast<double>(record_.right) / static_cast<double>(record_.seen);
      if (!options_.quiet) bar.update(static_cast<long long>(record_.batch), {.loss = loss, .accuracy = right, .rate = rate});
      if (record_.batch % 20 == 0 || record_.batch == batches.count())
        log.write("train", trainer_.steps,
                  {{"epoch", record_.epoch}, {"loss", loss}, {"accuracy", right}, {"rate", rate}, {"gradient", trainer_.gradient_size()}});
      if (stop.asked()) return false;
      // Not at the epoch's end, where validation comes first: one save for both, so that no line of the log is written twice.
      if (record_.batch < batches.count() && trainer_.steps % static_cast<std::uint64_t>(options_.save_every) == 0) save("last.safetensors");
    }
    return true;
  }
  // One part of a step; true where the step is done. An error about a number that is not finite names the item.
  bool step(const batch<M>& b, std::span<const std::int32_t> items, double share, bool ends, double rate) {
    try {
      double loss = 0;
      if (options_.micro_batches == 1) loss = trainer_.step(b, rate, {wanted_rows()});
      else if (b.samples > 0) trainer_.add(b, share, {wanted_rows()});
      if constexpr (judging_task<Task>) record_.right += task_.right(b, outputs_.data());
      record_.seen += static_cast<std::uint64_t>(b.samples);
      if (!ends) return false;
      if constexpr (!judging_task<Task>) record_.right += trainer_.template right<Task::output>();
      record_.loss_sum += options_.micro_batches == 1 ? loss : trainer_.update(rate);
      ++record_.batch;
      return true;
    } catch (const error& e) {
      if (trainer_.not_finite() < 0) throw;
      fail(e.what(), " (that sample is training ", task_.item(items[static_cast<std::size_t>(trainer_.not_finite())]), ")");
    }
  }

  void finish_epoch(run_log& log) {
    const bool last = record_.epoch == options_.epochs;
    if (last || record_.epoch % options_.validate_every == 0) {
      const auto computed = trainer_.answers();
      const validation_result found = task_.validate(
          {limits_.samples, [&](const batch<M>& b, float* rows) { computed(b, {rows}); }, trainer_.verdicts(), M::template find<Task::output>()});
      std::vector<std::pair<std::string, double>> values{{"epoch", record_.epoch}, {"loss", found.loss}, {"accuracy", found.accuracy}};
      values.insert(values.end(), found.more.begin(), found.more.end());
      log.write("validation", trainer_.steps, values);
      options_.schedule.observe(found.loss);
      if (options_.stopping && options_.stopping->validates(record_.epoch)) done_ = options_.stopping->observe(record_.epoch, found.loss);
      if (!options_.quiet)
        std::fprintf(stderr, "epoch %d: validation accuracy %.2f %%, loss %.4f\n", record_.epoch, 100 * found.accuracy, found.loss);
      if (found.accuracy > record_.best) {
        record_.best = found.accuracy;
        save("best.safetensors");
      }
    }
    ++record_.epoch;
    record_.batch = record_.right = record_.seen = 0;
    record_.loss_sum = 0;
  }

  void save(const char* file) {
    record_.settings = options_.settings;
    record_.notes = options_.notes;
    record_.schedule = options_.schedule.state();
    const auto stopping = options_.stopping.value_or(early_stopping{}).state();
    record_.stopping = {stopping[0], stopping[1], done_ ? 1.0 : 0.0};
    save_checkpoint(path(file), trainer_, record_);
  }

  const Task& task_;
  run_options options_;
  executor& threads_;
  decltype(std::declval<const Task&>().sampler(std::string())) sampler_;
  limits<M> limits_;
  Trainer<M, Optimizer, Task::output> trainer_;
  std::vector<float> outputs_;
  run_state_record record_;
  bool done_ = false;
};

}  // namespace relreason
