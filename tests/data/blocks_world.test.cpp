// tests/data/blocks_world.test.cpp -- the blocks world as a whole: distributions, balance, the same bytes everywhere, files.
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "relreason/core/executor.hpp"
#include "relreason/data/blocks_templates.hpp"
#include "relreason/data/blocks_world.hpp"
#include "relreason/data/blocks_writer.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/data/clevr_program.hpp"
#include "support/blocks_checks.hpp"
#include "support/message_of.hpp"
#include "support/sha256.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason::blocks;
namespace clevr = relreason::clevr;

namespace {

options small(int n_scenes) {
  options o;
  o.n_scenes = n_scenes;
  return o;
}

const world& world_of_2000() {
  static const world w = [] {
    relreason::serial_executor serial;
    return generate(small(2000), serial);
  }();
  return w;
}

std::string bytes_of(const world& w) {
  std::string out;
  for (const auto& s : w.scenes) append_scene(out, s);
  for (const auto& q : w.questions) append_question(out, q);
  return out;
}

double chi_squared(const std::vector<int>& counts) {
  double n = 0, sum = 0;
  for (const int c : counts) n += c;
  const double expected = n / static_cast<double>(counts.size());
  for (const int c : counts) sum += (c - expected) * (c - expected) / expected;
  return sum;
}

// Mean numbers of tokens: of all questions, and of those of each template file.
constexpr std::size_t n_files = 9;
struct lengths {
  double of_all = 0;
  std::array<double, n_files> of_file{};
};

lengths lengths_of(const world& w) {
  constexpr std::array<int, n_files> first_of_next{9, 25, 31, 59, 64, 72, 78, 84, 90};
  lengths sum;
  std::array<double, n_files> n{};
  for (const auto& q : w.questions) {
    const auto tokens = static_cast<double>(tokens_of(q.text).size());
    const auto file = static_cast<std::size_t>(std::upper_bound(first_of_next.begin(), first_of_next.end(), q.family) - first_of_next.begin());
    sum.of_all += tokens / static_cast<double>(w.questions.size());
    sum.of_file.at(file) += tokens;
    ++n[file];
  }
  for (std::size_t file = 0; file < n_files; ++file) sum.of_file[file] /= n[file];
  return sum;
}

}  // namespace

TEST_CASE("blocks world: number, shape, color and material are uniform", "[data][blocks]") {
  std::vector<int> n(8), shape(3), color(8), material(2);
  for (const auto& s : world_of_2000().scenes) {
    ++n.at(s.objects.size() - 3);
    for (const auto& o : s.objects) {
      ++shape.at(o.attributes[clevr::shape]);
      ++color.at(o.attributes[clevr::color]);
      ++material.at(o.attributes[clevr::material]);
    }
  }
  // The 99.9 % points of chi squared with 1, 2 and 7 degrees of freedom.
  constexpr double one_free = 10.83, two_free = 13.82, seven_free = 24.32;
  CHECK(chi_squared(n) < seven_free);
  CHECK(chi_squared(shape) < two_free);
  CHECK(chi_squared(color) < seven_free);
  CHECK(chi_squared(material) < one_free);
}

TEST_CASE("blocks world: as many large objects as in CLEVR's first 1,000 scenes", "[data][blocks]") {
  // There 3,012 of 6,455 are large: 46.7 %, below one half because the margins leave more room for small ones.
  constexpr double real_share = 3012. / 6455, real_objects = 6455;
  int large = 0, all = 0;
  for (const auto& s : world_of_2000().scenes)
    for (const auto& o : s.objects) large += o.attributes[clevr::size] == 0, ++all;
  const double standard_error = std::sqrt(real_share * (1 - real_share) / real_objects);
  CHECK(std::abs(static_cast<double>(large) / all - real_share) < 3 * standard_error);
}

TEST_CASE("blocks world: ten questions per scene, of ten families, each agreeing with its program", "[data][blocks]") {
  const world& w = world_of_2000();
  std::map<int, std::set<int>> families;
  int n = 0, agree = 0;
  for (const auto& q : w.questions) {
    CHECK(families[q.image_index].insert(q.family).second);
    agree += clevr::execute(w.scenes.at(static_cast<std::size_t>(q.image_index)), q.program) == q.answer;
    n += q.question_index == n;
  }
  CHECK(agree == static_cast<int>(w.questions.size()));
  CHECK(n == agree);
  CHECK(n > 19'990);
  CHECK(n <= 20'000);
}

TEST_CASE("blocks world: all 90 families are used alike, but for the one that can only be answered no", "[data][blocks]") {
  std::vector<int> used(90);
  for (const auto& q : world_of_2000().questions) {
    ++used.at(static_cast<std::size_t>(q.family));
    if (q.family == 0) CHECK(q.answer == "no");
  }
  CHECK(used[0] == 8);  // the balance rule admits one per run of 250 scenes
  const auto [least, most] = std::minmax_element(used.begin() + 1, used.end());
  CHECK(*least >= 200);  // 20,000 / 89 = 224.7
  CHECK(*most <= 240);
}

TEST_CASE("blocks world: the balance rule holds for every question in its run", "[data][blocks]") {
  const auto families = own_families();
  std::vector<answer_counts> counts;
  int run = -1, broken = 0;
  for (const auto& q : world_of_2000().questions) {
    if (q.image_index / scenes_per_run != run) {
      run = q.image_index / scenes_per_run;
      counts.assign(90, {});
    }
    const auto f = static_cast<std::size_t>(q.family);
    const int answer = static_cast<int>(std::find(clevr::answers.begin(), clevr::answers.end(), q.answer) - clevr::answers.begin());
    REQUIRE(answer < clevr::n_answers);
    broken += !counts[f].accepts(answers_of(families[f]), answer);
    ++counts[f].counts[static_cast<std::size_t>(answer)];
  }
  CHECK(run == 7);
  CHECK(broken == 0);
}

TEST_CASE("blocks world: questions use the 82 words, all of them, and at most 50 tokens", "[data][blocks]") {
  std::set<std::string> words;
  std::size_t longest = 0;
  for (const auto& q : world_of_2000().questions) {
    const auto tokens = tokens_of(q.text);
    words.insert(tokens.begin(), tokens.end());
    longest = std::max(longest, tokens.size());
    CHECK((q.text.front() >= 'A' && q.text.front() <= 'Z' && q.text.back() == '?'));
    CHECK(q.text.find("  ") == std::string::npos);
  }
  CHECK(words == clevr_words());
  CHECK(longest <= 50);
}

TEST_CASE("blocks world: questions are as long as those of CLEVR's own templates, file by file", "[data][blocks]") {
  const auto folder = shared_data("clevr/gen/CLEVR_1.0_templates");
  if (!folder) return;
  relreason::serial_executor serial;
  const world theirs = generate(small(1000), serial, read_templates(*folder));
  const lengths a = lengths_of(world_of_2000()), b = lengths_of(theirs);
  for (std::size_t file = 0; file < n_files; ++file) {
    // Deviations are 2 to 7 tokens of 500 questions or more, so a standard error is below 0.4; wordings may differ by half a token.
    INFO("file " << file << ": " << a.of_file[file] << " tokens, theirs " << b.of_file[file]);
    CHECK(std::abs(a.of_file[file] - b.of_file[file]) < 1);
  }
  CHECK(std::abs(a.of_all - b.of_all) < 0.42);  // 10,000 lengths with a deviation of about 7: three standard errors and 0.2
}

TEST_CASE("blocks world: the same bytes for 1, 2, 3 and 8 threads", "[data][blocks][threads]") {
  relreason::serial_executor serial;
  const std::string expected = bytes_of(generate(small(600), serial));
  for (const int n : {2, 3, 8}) {
    relreason::thread_pool threads(n);
    CHECK(bytes_of(generate(small(600), threads)) == expected);
  }
}

TEST_CASE("blocks world: a run is the same alone as in the whole, and does not know how many follow", "[data][blocks]") {
  const auto families = own_families();
  const world& whole = world_of_2000();
  const world alone = make_run(small(1'000'000), families, 3);
  REQUIRE(alone.scenes.size() == 250);
  std::string a, b;
  for (std::size_t i = 0; i < 250; ++i) {
    append_scene(a, alone.scenes[i]);
    append_scene(b, whole.scenes[750 + i]);
  }
  CHECK(a == b);
  const auto first = std::find_if(whole.questions.begin(), whole.questions.end(), [](const auto& q) { return q.image_index == 750; });
  REQUIRE(alone.questions.size() >= 2490);
  for (std::size_t i = 0; i < alone.questions.size(); ++i) CHECK(alone.questions[i].text == first[static_cast<std::ptrdiff_t>(i)].text);
}

TEST_CASE("blocks world: the same bytes as ever", "[data][blocks]") {
  // tests/blocks_bytes/run.sh compares the same numbers for several compilers and flags, and writes them anew after a deliberate change.
  const std::string expected = content_of(RELREASON_SOURCE_DIR "/tests/blocks_bytes/expected.sha256");
  relreason::thread_pool threads(2);
  temporary_folder folder;
  options o = small(300);
  o.seed = 12345;
  CHECK(write(o, threads, own_families(), folder.path) == 3000);
  for (const char* name : {"scenes/CLEVR_train_scenes.json", "questions/CLEVR_train_questions.json"}) {
    INFO(name);
    CHECK(contains(expected, sha256(content_of(folder / name)) + "  " + name + "\n"));
  }
}

TEST_CASE("blocks world: what is written is read back the same", "[data][blocks]") {
  relreason::serial_executor serial;
  temporary_folder folder;
  options o = small(260);
  o.split = "val";
  const int n = write(o, serial, own_families(), folder.path);
  const world w = generate(o, serial);
  const auto scenes = clevr::read_scenes(scenes_file(folder.path, "val"));
  const auto questions = clevr::read_questions(questions_file(folder.path, "val"));
  REQUIRE(scenes.size() == 260);
  REQUIRE(static_cast<int>(questions.size()) == n);
  CHECK(bytes_of({scenes, questions}) == bytes_of(w));
}

TEST_CASE("blocks world: no scenes are an empty list", "[data][blocks]") {
  relreason::serial_executor serial;
  temporary_folder folder;
  CHECK(write(small(0), serial, own_families(), folder.path) == 0);
  CHECK(clevr::read_scenes(scenes_file(folder.path, "train")).empty());
  CHECK(clevr::read_questions(questions_file(folder.path, "train")).empty());
}

TEST_CASE("blocks world: progress counts to the last scene", "[data][blocks]") {
  relreason::serial_executor serial;
  temporary_folder folder;
  std::vector<int> seen;
  write(small(1100), serial, own_families(), folder.path, [&](int done) { seen.push_back(done); });
  CHECK(seen == std::vector<int>{500, 1000, 1100});
}

TEST_CASE("blocks world: a failed write says where, and leaves what was there", "[data][blocks]") {
  relreason::serial_executor serial;
  const auto families = own_families();
  temporary_folder folder;

  SECTION("the folder cannot be made") {
    put_content(folder / "file", "");
    const auto message = message_of([&] { write(small(1), serial, families, folder / "file"); });
    CHECK(contains(message, "blocks::write: cannot create the folder " + (folder / "file") + "/scenes"));
  }
  SECTION("the disk is full") {
    write(small(3), serial, families, folder.path);
    const auto before = content_of(questions_file(folder.path, "train"));
    const rlimit limit = [] {
      rlimit old{};
      getrlimit(RLIMIT_FSIZE, &old);
      return old;
    }();
    rlimit low = limit;
    low.rlim_cur = 100'000;
    setrlimit(RLIMIT_FSIZE, &low);
    const auto message = message_of([&] { write(small(500), serial, families, folder.path); });
    setrlimit(RLIMIT_FSIZE, &limit);
    CHECK(contains(message, "CLEVR_train_"));
    CHECK(contains(message, "is unchanged"));
    CHECK(content_of(questions_file(folder.path, "train")) == before);
  }
  SECTION("options out of range") {
    options o = small(1);
    o.max_objects = 40;
    CHECK(contains(message_of([&] { generate(o, serial); }), "max_objects is 40"));
    CHECK(contains(message_of([&] { write(o, serial, families, folder.path); }), "max_objects is 40"));
  }
}
