// tests/train/run.test.cpp -- a run that stops anywhere ends in the bits of one that did not; what makes it impossible is said.
#include "relreason/train/run.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <limits>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/small_run.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

constexpr const char* files[] = {"last.safetensors", "best.safetensors", "log.jsonl"};

void check_same(const std::string& a, const std::string& b) {
  for (const char* file : files) {
    INFO(file);
    const auto content = content_of(a + "/" + file);
    CHECK(!content.empty());
    CHECK((content == content_of(b + "/" + file)));
  }
}

// Asks the run to stop, as Ctrl-C does, when batch `at` of the whole run is filled: while the step before it runs.
struct interrupting_pool final : executor {
  explicit interrupting_pool(int n, int after) : pool(n), left(after) {}
  int threads() const override { return pool.threads(); }
  void run(int n, void (*call)(void*, int), void* context) override {
    if (left-- == 0) std::raise(SIGINT);
    pool.parallel_for(n, [&](int i) { call(context, i); });
  }
  thread_pool pool;
  int left;
};

// Stopped once after every `calls` parallel calls until it is done; says how often.
int run_with_stops(const run_options& o, int threads, int calls) {
  const small_run::data d;
  const auto task = d.task();
  for (int stops = 0;; ++stops) {
    interrupting_pool pool(threads, calls);
    small_run::training t(task, o, pool);
    CHECK(t.resume_if_present() == (stops > 0));
    if (t.run()) return stops;
  }
}

// What a piece of code writes to stderr.
template <class Code>
std::string stderr_of(const std::string& file, Code&& code) {
  std::fflush(stderr);
  const int kept = ::dup(2);
  REQUIRE(std::freopen(file.c_str(), "w", stderr));
  code();
  std::fflush(stderr);
  ::dup2(kept, 2);
  ::close(kept);
  return content_of(file);
}

// While it lives, files end at `bytes`; the signal that would end the program is ignored.
struct file_size_limit {
  explicit file_size_limit(rlim_t bytes) : handler(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before);
    const rlimit now{bytes, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &now);
  }
  ~file_size_limit() {
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handler);
  }
  rlimit before{};
  void (*handler)(int);
};

}  // namespace

TEST_CASE("run: stopped in the middle of epochs and going on, it leaves the bytes of a run that was not", "[train][threads]") {
  temporary_folder whole;
  REQUIRE(small_run::run(small_run::options(whole.path)));
  for (const int threads : {1, 2, 3}) {
    INFO(threads << " threads");
    temporary_folder parts;
    CHECK(run_with_stops(small_run::options(parts.path), threads, 24) > 3);
    check_same(whole.path, parts.path);
  }
}

TEST_CASE("run: stopped in every step, the ends of epochs among them, it leaves the bytes of a run that was not", "[train]") {
  temporary_folder whole, parts;
  REQUIRE(small_run::run(small_run::options(whole.path)));
  CHECK(run_with_stops(small_run::options(parts.path), 1, 0) >= 36);
  check_same(whole.path, parts.path);
}

TEST_CASE("run: after it ended, the same command changes nothing", "[train]") {
  temporary_folder folder;
  REQUIRE(small_run::run(small_run::options(folder.path, 1)));
  std::string before[3];
  for (int i = 0; i < 3; ++i) before[i] = content_of(folder / files[i]);
  REQUIRE(small_run::run(small_run::options(folder.path, 1)));
  for (int i = 0; i < 3; ++i) CHECK((content_of(folder / files[i]) == before[i]));
}

TEST_CASE("run: a run that ended may be asked for more epochs, and leaves the bytes of one that was asked at once", "[train]") {
  temporary_folder more, once;
  for (const int epochs : {1, 3}) REQUIRE(small_run::run(small_run::options(more.path, epochs)));
  REQUIRE(small_run::run(small_run::options(once.path, 3)));
  check_same(more.path, once.path);
}

TEST_CASE("run: early stopping is remembered", "[train]") {
  temporary_folder folder;
  auto o = small_run::options(folder.path, 200);
  o.schedule = make_schedule("constant", {.base = .3});  // too high to go on improving
  o.stopping = early_stopping{};
  REQUIRE(small_run::run(o));
  const auto before = content_of(folder / "last.safetensors");
  const auto ended = read_record(safetensors::open(folder / "last.safetensors")).epoch;
  CHECK(ended <= 200);
  REQUIRE(small_run::run(o));
  CHECK((content_of(folder / "last.safetensors") == before));
}

TEST_CASE("run: micro-batches and a growing batch stop and go on with the same bytes", "[train]") {
  temporary_folder whole, parts;
  const auto with = [](const std::string& folder) {
    auto o = small_run::options(folder);
    o.micro_batches = 3;
    o.growing = batch_size_doubling{.initial = 8, .factor = 2, .every = 2, .largest = 16};
    o.sampler = "answer-balanced";
    return o;
  };
  REQUIRE(small_run::run(with(whole.path)));
  CHECK(run_with_stops(with(parts.path), 1, 40) > 1);
  check_same(whole.path, parts.path);
}

TEST_CASE("run: it learns, and keeps the best and the last", "[train]") {
  temporary_folder folder;
  auto o = small_run::options(folder.path, 12);
  o.schedule = make_schedule("constant", {.base = 1e-2});
  REQUIRE(small_run::run(o));
  const auto log = read_log(folder / "log.jsonl");
  std::vector<double> losses;
  double best = 0;
  for (const auto& e : log)
    if (e.event == "validation") {
      losses.push_back(*e.find("loss"));
      best = std::max(best, *e.find("accuracy"));
    }
  REQUIRE(losses.size() == 12);
  CHECK(losses.back() < .8 * losses.front());
  CHECK(read_record(safetensors::open(folder / "best.safetensors")).best == best);
  CHECK(read_record(safetensors::open(folder / "last.safetensors")).epoch == 13);
}

TEST_CASE("run: another instruction set goes on, with a warning that names both", "[train]") {
  temporary_folder folder;
  auto o = small_run::options(folder.path, 1);
  o.training.instructions = isa::portable;
  REQUIRE(small_run::run(o));
  o.training.instructions = isa::automatic;
  const std::string now = select_kernels<float>(isa::automatic).name, before = select_kernels<float>(isa::portable).name;
  const auto said = stderr_of(folder / "stderr", [&] { CHECK(small_run::run(o)); });
  if (now == before) {
    CHECK(said.empty());
    return;
  }
  CHECK(contains(said, "warning: " + folder.path + "/last.safetensors was made with " + before + " kernels, now " + now));
}

TEST_CASE("run: other settings are refused, naming what was and what is now", "[train]") {
  temporary_folder folder;
  REQUIRE(small_run::run(small_run::options(folder.path, 1)));
  auto o = small_run::options(folder.path, 2);
  o.batch = 11;
  o.training.seed = 9;
  const auto said = message_of([&] { small_run::run(o); });
  CHECK(contains(said, folder.path + "/last.safetensors was made with other settings"));
  CHECK(contains(said, "\n  batch: 10 in the checkpoint, now 11"));
  CHECK(contains(said, "\n  seed: 1 in the checkpoint, now 9"));
  CHECK(!contains(said, "schedule"));
  CHECK(!contains(said, "epochs"));  // more of them may be asked for
}

TEST_CASE("run: a loss that is not finite stops it, naming step, value, sample and question; the last checkpoint stays", "[train]") {
  temporary_folder folder;
  small_run::data d;
  serial_executor serial;
  auto o = small_run::options(folder.path, 1);
  std::size_t bad = 0;  // the question of step 8 whose scene has objects
  const auto order = make_sampler("shuffle", {d.train.label.begin(), d.train.label.end()}, {0, 0, 0, 1}).order(1, 1, 10);
  for (std::size_t i = 70; i < 80; ++i)
    if (d.train.label[static_cast<std::size_t>(order[i])] > 0) bad = static_cast<std::size_t>(order[i]);
  // Its scene becomes one of its own, with an object at infinity.
  const float rows[] = {std::numeric_limits<float>::infinity(), 0};
  d.train.add_scene(rows);
  d.train.scene[bad] = static_cast<std::int32_t>(d.train.scenes()) - 1;
  const auto task = d.task();
  small_run::training t(task, o, serial);
  const auto said = message_of([&] { t.run(); });
  CHECK(contains(said, "the loss of step 8 is not finite: input \"o\" of sample"));
  CHECK(contains(said, "(number 0 of row 0 is inf)"));
  CHECK(contains(said, "the weights are those of step 7"));
  CHECK(contains(said, "(that sample is training question " + std::to_string(bad) + ")"));
  CHECK(safetensors::open(folder / "last.safetensors").metadata().at("steps") == "5");
}

TEST_CASE("run: a full disk is an error that names the file, and the old checkpoint stays", "[train]") {
  temporary_folder folder;
  REQUIRE(small_run::run(small_run::options(folder.path, 1)));
  const auto before = content_of(folder / "last.safetensors");
  small_run::data d;
  serial_executor serial;
  auto o = small_run::options(folder.path, 1);
  const auto task = d.task();
  small_run::training t(task, o, serial);
  REQUIRE(t.resume_if_present());
  std::string said;
  {
    const file_size_limit limit(4096);
    said = message_of([&] { save_checkpoint(folder / "last.safetensors", t.inner(), t.record()); });
  }
  CHECK(contains(said, folder.path + "/last.safetensors"));
  CHECK(contains(said, "File too large"));
  CHECK((content_of(folder / "last.safetensors") == before));
  CHECK(!std::filesystem::exists(folder / "last.safetensors.partial"));
}

TEST_CASE("run: impossible options and questions are refused before anything is made", "[train]") {
  temporary_folder parent;
  const std::string folder = parent / "run";
  small_run::data d;
  serial_executor serial;
  const auto refused = [&](auto change) {
    auto o = small_run::options(folder);
    auto changed = d;
    change(o, changed);
    return message_of([&] {
      const auto task = changed.task();
      small_run::training t(task, o, serial);
    });
  };
  CHECK(contains(refused([](auto& o, auto&) { o.batch = 0; }), "the batch is 0; wanted at least 1"));
  CHECK(contains(refused([](auto& o, auto&) { o.epochs = -1; }), "the number of epochs is -1"));
  CHECK(contains(refused([](auto& o, auto&) { o.micro_batches = 0; }), "micro-batches is 0"));
  CHECK(contains(refused([](auto& o, auto&) { o.micro_batches = o.batch + 1; }), "one sample each"));
  CHECK(contains(refused([](auto& o, auto&) { o.save_every = 0; }), "steps between saves is 0"));
  CHECK(contains(refused([](auto& o, auto&) { o.sampler = "best"; }), "best"));
  const auto rarely = [](auto& o, auto&) {
    o.stopping = early_stopping{};
    o.validate_every = 4;
  };
  CHECK(contains(refused(rarely), "early stopping looks every 5 epochs, validation is every 4; wanted a multiple of that"));
  CHECK(contains(refused([](auto&, auto& x) { x.train.label[7] = -1; }), "training question 7 has label -1; wanted an answer, 0 to 3"));
  CHECK(contains(refused([](auto&, auto& x) { x.validation.label[2] = 4; }), "validation question 2 has label 4"));
  CHECK(contains(refused([](auto&, auto& x) { x.train = scene_questions{}; }), "there are no training questions"));
  CHECK(contains(refused([](auto&, auto& x) { x.train.object_width = 3; }), "training objects have 3 numbers; the model wants 2"));
  CHECK(!std::filesystem::exists(folder));
}

TEST_CASE("run: a folder that cannot be made or written is named", "[train]") {
  temporary_folder folder;
  put_content(folder / "file", "x");
  std::string said;
  try {
    small_run::run(small_run::options(folder / "file/run"));
  } catch (const std::exception& e) {
    said = e.what();
  }
  CHECK(contains(said, folder.path + "/file/run"));
}
