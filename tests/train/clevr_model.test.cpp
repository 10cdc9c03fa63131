// tests/train/clevr_model.test.cpp -- a checkpoint brings all it needs to answer, now and in years.
#include "relreason/train/clevr_model.hpp"

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/small_clevr.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using small_clevr::loaded;

namespace {

const std::string fixtures = RELREASON_SOURCE_DIR "/tests/train/fixtures/";

std::string predicted(const loaded& m, const clevr::dataset& d) {
  temporary_folder folder;
  m.predict(d, folder / "out");
  return content_of(folder / "out");
}
clevr::dataset alone(const clevr::dataset& d, std::size_t q) { return {{d.scenes[static_cast<std::size_t>(d.scene_of[q])]}, {d.questions[q]}, {0}}; }
std::string line_of(const std::string& text, std::size_t n) {
  std::size_t at = 0;
  while (n-- > 0) at = text.find('\n', at) + 1;
  return text.substr(at, text.find('\n', at) + 1 - at);
}
struct trained {
  temporary_folder folder;
  serial_executor serial;
  clevr::dataset d = small_clevr::dataset(11);
  std::string path = folder / "best.safetensors";
  trained() {
    d.from = {"s.json", "q.json"};
    small_clevr::train(folder.path);
  }
};

}  // namespace

// Writes the fixtures of the present format. Run once per released format, with the program built from that release:
//   test_train '[.make_fixtures]'
TEST_CASE("fixtures of the checkpoint format are written", "[.make_fixtures]") {
  const std::string name = fixtures + "format_" + std::to_string(checkpoint_format);
  REQUIRE(!std::filesystem::exists(name + ".safetensors"));
  temporary_folder folder;
  small_clevr::train(folder.path);
  std::filesystem::create_directories(fixtures);
  std::filesystem::copy_file(folder / "best.safetensors", name + ".safetensors");
  serial_executor serial;
  loaded(name + ".safetensors", serial, 0, isa::portable).predict(small_clevr::dataset(11), name + ".jsonl");
}

TEST_CASE("clevr_model: checkpoints of every released format are read, and predict what they did", "[train][clevr]") {
  serial_executor serial;
  for (int format = 1; format <= checkpoint_format; ++format) {
    const std::string name = fixtures + "format_" + std::to_string(format);
    INFO(name);
    const loaded m(name + ".safetensors", serial, 0, isa::portable);
    CHECK(m.vocabulary().words.size() == 82);
    CHECK((predicted(m, small_clevr::dataset(11)) == content_of(name + ".jsonl")));
  }
}

TEST_CASE("clevr_model: predictions are JSON lines, one a question, in order; the answer is the likeliest", "[train][clevr]") {
  trained t;
  const auto text = predicted(loaded(t.path, t.serial), t.d);
  for (std::size_t q = 0; q < t.d.questions.size(); ++q) {
    const auto json = nlohmann::json::parse(line_of(text, q));
    REQUIRE(json.size() == 3);
    CHECK(json["question_index"] == q);
    const auto p = json["log_probabilities"].get<std::vector<double>>();
    REQUIRE(p.size() == 28);
    double sum = 0;
    for (const double x : p) sum += std::exp(x);
    CHECK(sum == Approx(1).epsilon(28 * 1e-6));  // six digits each
    const auto answer = json["answer"].get<std::string>();
    CHECK(p[static_cast<std::size_t>(std::find(clevr::answers.begin(), clevr::answers.end(), answer) - clevr::answers.begin())] ==
          *std::max_element(p.begin(), p.end()));
  }
}

TEST_CASE("clevr_model: an answer has the same bytes alone, in any batch, in any order and with any threads", "[train][clevr][threads]") {
  trained t;
  const loaded m(t.path, t.serial);
  const auto all = predicted(m, t.d);
  REQUIRE(line_of(all, 30).substr(40) != line_of(all, 31).substr(40));  // it looks at the question
  REQUIRE(line_of(all, 30).substr(40) != line_of(all, 27).substr(40));  // and at the scene
  for (std::size_t q = 0; q < t.d.questions.size(); ++q) CHECK(predicted(m, alone(t.d, q)) == line_of(all, q));
  auto backwards = t.d;
  std::reverse(backwards.questions.begin(), backwards.questions.end());
  std::reverse(backwards.scene_of.begin(), backwards.scene_of.end());
  const auto other = predicted(m, backwards);
  for (std::size_t q = 0; q < t.d.questions.size(); ++q) CHECK(line_of(other, q) == line_of(all, t.d.questions.size() - 1 - q));
  for (const int n : {2, 3}) {
    thread_pool pool(n);
    CHECK((predicted(loaded(t.path, pool), t.d) == all));
  }
}

TEST_CASE("clevr_model: questions are padded as in training; pad_to changes answers, and too short a one is refused", "[train][clevr]") {
  trained t;
  const loaded m(t.path, t.serial), same(t.path, t.serial, m.padding_length()), longer(t.path, t.serial, m.padding_length() + 20);
  CHECK(m.padding_length() == 12);
  CHECK((predicted(m, t.d) == predicted(same, t.d)));
  CHECK((predicted(m, t.d) != predicted(longer, t.d)));
  const loaded shorter(t.path, t.serial, 3);
  CHECK(contains(message_of([&] { predicted(shorter, t.d); }),
                 "clevr_model: q.json: question 0 has 6 tokens, more than the padded length 3; give a --pad-to of at least 12"));
  CHECK(contains(message_of([&] { shorter.evaluate(t.d); }), "q.json: question 0 has 6 tokens"));
  CHECK(contains(message_of([&] { loaded(t.path, t.serial, -1); }), "padded to -1 tokens; wanted 1 to 1000"));
  CHECK(contains(message_of([&] { loaded(t.path, t.serial, 1 << 30); }), "wanted 1 to 1000"));
}

TEST_CASE("clevr_model: scenes without objects are answered, or refused where objects are required", "[train][clevr]") {
  trained t;
  const loaded m(t.path, t.serial);
  CHECK(!predicted(m, alone(t.d, 0)).empty());
  const auto said = message_of([&] { m.predict(t.d, t.folder / "out", true); });
  CHECK(contains(said, "predict: s.json: scene 100 has no objects; drop --require-objects"));
  CHECK(!std::filesystem::exists(t.folder / "out"));
}

TEST_CASE("clevr_model: evaluate counts what predict answers", "[train][clevr]") {
  trained t;
  const loaded m(t.path, t.serial);
  const auto text = predicted(m, t.d);
  int right = 0;
  for (std::size_t q = 0; q < t.d.questions.size(); ++q) right += nlohmann::json::parse(line_of(text, q))["answer"] == t.d.questions[q].answer;
  const auto a = m.evaluate(t.d);
  CHECK(a.overall().total == 33);
  CHECK(a.overall().right == right);
  CHECK(right > 0);
  CHECK(contains(accuracy_table(a), "answer: number"));
  auto unknown = t.d;
  unknown.questions[4].answer.clear();
  CHECK(contains(message_of([&] { m.evaluate(unknown); }), "q.json: question 4 has no answer; use predict"));
  CHECK(predicted(m, unknown) == text);
  const clevr::dataset none{t.d.scenes, {}, {}, t.d.from};
  CHECK(contains(message_of([&] { m.evaluate(none); }), "q.json: found no questions; wanted at least one"));
  CHECK(contains(message_of([&] { predicted(m, none); }), "q.json: found no questions, wanted at least one; nothing was written"));
}

TEST_CASE("clevr_model: another model is refused with both hashes", "[train][clevr]") {
  trained t;
  using other = small_clevr::net_of<90, 13>;
  const auto said = message_of([&] { clevr_model<other, small_clevr::object, small_clevr::word>(t.path, t.serial); });
  CHECK(contains(said, "holds model " + model_hash<small_clevr::net>() + " (\"small\"), wanted " + model_hash<other>()));
}

TEST_CASE("clevr_vocabulary: every tokenization, dictionary and encoder is kept in the settings and comes back", "[train][clevr]") {
  const auto d = small_clevr::dataset(5);
  struct {
    const char *tokenization, *dictionary, *encoder;
    int words, width;
  } const cases[] = {
      {"punctuation", "", "ordinal7", 82, 7},  // closed
      {"punctuation", "scan", "rgb-one-hot", 17, 13},
      {"words", "", "ordinal7", 16, 7},  // scan
      {"iep", "scan", "ordinal7", 21, 7},
  };
  for (const auto& c : cases) {
    INFO(c.tokenization << " " << c.dictionary << " " << c.encoder);
    const auto v = clevr_vocabulary::make(c.tokenization, c.dictionary, c.encoder, d.questions);
    CHECK(v.words.size() == c.words);
    std::map<std::string, std::string> settings;
    v.save(settings);
    CHECK(settings["tokenization"] == c.tokenization);
    CHECK(settings["encoder"] == c.encoder);
    const auto back = clevr_vocabulary::load(settings, "file");
    CHECK(back.words.words() == v.words.words());
    CHECK(back.answers.names() == v.answers.names());
    CHECK(back.object_width() == c.width);
    CHECK(back.encode(d).tokens == v.encode(d).tokens);
    CHECK(back.encode(d).objects == v.encode(d).objects);
    CHECK(back.encode(d).object_width == c.width);
    const auto wide = back.encode_for<small_clevr::net_of<127, 13>>(d);
    CHECK(wide.object_width == 13);
    CHECK(wide.tokens == v.encode(d).tokens);
  }
}

TEST_CASE("clevr_vocabulary: what does not go together, or does not fit the model, is refused by name", "[train][clevr]") {
  const auto d = small_clevr::dataset(5);
  const auto making = [&](const char* tokenization, const char* dictionary, const char* encoder) {
    return message_of([&] { clevr_vocabulary::make(tokenization, dictionary, encoder, d.questions); });
  };
  CHECK(contains(making("letters", "", "ordinal7"), "tokenization letters; wanted punctuation, words or iep"));
  CHECK(contains(making("words", "closed", "ordinal7"), "tokenization words wants dictionary scan"));
  CHECK(contains(making("words", "open", "ordinal7"), "dictionary open; wanted closed or scan"));
  CHECK(contains(making("words", "", "pixels"), "encoder pixels; wanted ordinal7 or rgb-one-hot"));
  const auto v = clevr_vocabulary::make("punctuation", "", "rgb-one-hot", d.questions);
  CHECK(contains(message_of([&] { v.encode_for<small_clevr::net>(d); }), "encoder rgb-one-hot makes 13 numbers an object; the model reads 7"));
  CHECK(contains(message_of([&] { v.encode_for<small_clevr::net_of<81, 13>>(d); }), "82 words; the model has room for 81"));
  std::map<std::string, std::string> settings;
  CHECK(contains(message_of([&] { clevr_vocabulary::load(settings, "file"); }), "file has no setting \"encoder\""));
}
