// tests/train/picture_task.test.cpp -- questions about pictures as a task: what lies in a batch, and runs that stop and go on with the same bits.
#include <csignal>
#include <vector>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/small_pictures.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using namespace small_pictures;

namespace {

std::vector<std::uint8_t> filled(const net_task& task, std::vector<std::int32_t> items, int epoch) {
  batch<net> b;
  task.fill(b, items, items, epoch);
  return b.values<"image">();
}
std::vector<std::uint8_t> part(const std::vector<std::uint8_t>& all, std::size_t k) {
  return {all.begin() + static_cast<std::ptrdiff_t>(k * bytes), all.begin() + static_cast<std::ptrdiff_t>((k + 1) * bytes)};
}

// Asks the run to stop, as Ctrl-C does, before the `after`-th parallel call.
struct interrupting_pool final : executor {
  interrupting_pool(int n, int after) : pool(n), left(after) {}
  int threads() const override { return pool.threads(); }
  void run(int n, void (*call)(void*, int), void* context) override {
    if (left-- == 0) std::raise(SIGINT);
    pool.parallel_for(n, [&](int i) { call(context, i); });
  }
  thread_pool pool;
  int left;
};

// Stopped after every `calls` parallel calls until it is done; says how often.
int run_with_stops(const run_options& o, int threads, int calls) {
  const data d;
  const auto task = d.task();
  for (int stops = 0;; ++stops) {
    interrupting_pool pool(threads, calls);
    training t(task, o, pool);
    CHECK(t.resume_if_present() == (stops > 0));
    if (t.run()) return stops;
  }
}

}  // namespace

TEST_CASE("picture task: a question's picture is its scene's, augmented by seed, question and epoch alone", "[train]") {
  static_assert(training_task<net_task>);
  const data d;
  const auto task = d.task();
  const auto third = filled(task, {5, 17, 4}, 3);
  REQUIRE(third.size() == 3 * bytes);

  std::vector<std::uint8_t> wanted(bytes);
  change.apply(d.train.pictures[8], 17, 3, wanted.data());  // question 17 is about scene 8
  CHECK((part(third, 1) == wanted));
  CHECK((part(filled(task, {17}, 3), 0) == wanted));  // alone too
  CHECK((part(filled(task, {17}, 4), 0) != wanted));  // another epoch
  CHECK((part(filled(task, {16}, 3), 0) != wanted));  // another question about the same scene
  CHECK((part(third, 0) != part(third, 2)));          // 4 and 5 are about scene 2

  const auto plain = d.task(std::nullopt);
  const auto view = d.train.pictures[8];
  CHECK((part(filled(plain, {5, 17}, 3), 1) == std::vector<std::uint8_t>(view.pixels, view.pixels + bytes)));
}

TEST_CASE("picture task: pictures are validated as they are", "[train]") {
  data d;
  d.train = d.validation;  // the same pictures, so that filling would change them
  const auto task = d.task();
  int asked = 0;
  task.validate({4, [&](const batch<net>& b, float* rows) {
                   for (int s = 0; s < b.samples; ++s, ++asked) {
                     const auto view = d.validation.pictures[static_cast<std::size_t>(asked / 2)];
                     CHECK(std::equal(view.pixels, view.pixels + bytes, b.values<"image">().data() + static_cast<std::size_t>(s) * bytes));
                   }
                   std::fill_n(rows, 3 * b.samples, 0.f);
                 }});
  CHECK(asked == 18);
}

TEST_CASE("picture task: a run that was stopped, with any number of threads, leaves the bytes of one that was not", "[train][threads]") {
  const temporary_folder whole;
  const data d;
  const auto task = d.task();
  serial_executor serial;
  training t(task, options(whole / "run"), serial);
  REQUIRE(t.run());
  CHECK(t.record().settings.at("augmentation") == "border 2, degrees 5, seed 7");
  for (const int threads : {1, 3}) {
    INFO(threads << " threads");
    const temporary_folder parts;
    CHECK(run_with_stops(options(parts / "run"), threads, 30) > 1);
    for (const char* file : {"run/last.safetensors", "run/best.safetensors", "run/log.jsonl"})
      CHECK((content_of(parts / file) == content_of(whole / file)));
  }
}

TEST_CASE("picture task: it learns, and a run with augmentation cannot be resumed without", "[train]") {
  const temporary_folder folder;
  const data d;
  const auto task = d.task();
  serial_executor serial;
  training t(task, options(folder / "run", 40), serial);
  REQUIRE(t.run());
  CHECK(t.record().best > .9);
  const auto plain = d.task(std::nullopt);
  training other(plain, options(folder / "run", 40), serial);
  CHECK(contains(message_of([&] { other.resume_if_present(); }), "augmentation: border 2, degrees 5, seed 7 in the checkpoint, now none"));
}

TEST_CASE("picture task: scenes without pictures and pictures of another size are refused", "[train]") {
  data d;
  const auto refused = [&] { return message_of([&] { d.task(); }); };
  const auto pictures = d.train.pictures;
  d.train.pictures = {};
  CHECK(contains(refused(), "scene_task: training: found 0 pictures of 24 scenes, and the model looks at pictures"));
  d.train.pictures = pictures;
  d.validation.pictures = picture_list(std::vector<image>(9, image(15, 16, 3)));
  CHECK(contains(refused(), "scene_task: validation: found pictures of 15 x 16 x 3, 720 numbers each; the model wants 768"));
  CHECK(contains(message_of([] { picture_list({image(4, 4, 3), image(4, 5, 3)}); }), "found pictures of 4 x 4 x 3 and 4 x 5 x 3, wanted one size"));
  CHECK(contains(message_of([&] { pictures[24]; }), "found picture 24, wanted one of 24"));
}
