// tests/train/checkpoint.test.cpp -- everything comes back, and what is damaged, foreign or of another time is refused by name.
#include "relreason/train/checkpoint.hpp"

#include <limits>

#include "catch.hpp"
#include "support/message_of.hpp"
#include "support/small_run.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;

namespace {

using training = trainer<small_run::net, adam, "a">;
struct wider : model<input<"o", features<2>, small_run::object>, input<"answer", label<4>, small_run::scene>,
                     let<"r", sum_over<small_run::pair, mlp<relu<8>>>, of<"o", "o">>, let<"a", linear<4>, of<"r">>,
                     minimize<cross_entropy<>, of<"a", "answer">>> {};

limits<small_run::net> planned() {
  limits<small_run::net> at;
  at.samples = 10;
  at.set<small_run::object>(4).set<small_run::word>(5);
  return at;
}
batch<small_run::net> five(const scene_questions& q) {
  batch<small_run::net> b;
  const std::int32_t order[] = {0, 5, 9, 14, 20};
  q.fill<small_run::object, small_run::word>(b, order, 5);
  return b;
}
// A trainer after three steps, its checkpoint in the folder.
struct fixture {
  temporary_folder folder;
  serial_executor serial;
  scene_questions q = small_run::questions(8);
  training t{planned(), serial, {}};
  run_state_record r;
  std::string path = folder / "c";
  fixture() {
    for (int i = 0; i < 3; ++i) t.step(five(q), 1e-2);
    r.epoch = 4, r.batch = 17, r.right = 5, r.seen = 9, r.loss_sum = 1.0 / 3, r.best = .25;
    r.schedule = {.1, std::numeric_limits<double>::infinity(), 1e-300};
    r.settings = {{"batch", "10"}, {"words", "a\nb \"c\" \\ \xc3\xa4"}};
    r.notes = {{"machine", "m"}};
    save_checkpoint(path, t, r);
  }
  // The same file with one metadata value changed or (empty) left out, with a right checksum.
  std::string with(const std::string& key, const std::string& value) {
    const auto file = safetensors::open(path);
    safetensors::writer w;
    for (const auto& x : file.tensors()) w.add(x.name, x.type, x.shape, x.bytes);
    for (const auto& [k, v] : file.metadata())
      if (k != key && k != "checksum") w.metadata(k, v);
    if (!value.empty()) w.metadata(key, value);
    if (key != "checksum") w.metadata("checksum", detail::checksum(w));
    w.write(folder / "changed");
    return folder / "changed";
  }
};
std::string reading(const std::string& path) {
  return message_of([&] { read_record(safetensors::open(path)); });
}

}  // namespace

TEST_CASE("checkpoint: the record comes back exactly", "[train][checkpoint]") {
  fixture f;
  const auto r = read_record(safetensors::open(f.path));
  CHECK(r.epoch == 4);
  CHECK(r.batch == 17);
  CHECK(r.right == 5);
  CHECK(r.seen == 9);
  CHECK(r.loss_sum == 1.0 / 3);
  CHECK(r.best == .25);
  CHECK(r.schedule == f.r.schedule);
  CHECK(r.stopping.empty());
  CHECK(r.settings == f.r.settings);
  CHECK(r.notes == f.r.notes);
}

TEST_CASE("checkpoint: a trainer that was loaded takes the same steps, byte for byte", "[train][checkpoint]") {
  fixture f;
  training other(planned(), f.serial, {});
  other.load(safetensors::open(f.path));
  CHECK(other.steps == 3);
  CHECK(other.step(five(f.q), 1e-2) == f.t.step(five(f.q), 1e-2));
  save_checkpoint(f.folder / "a", f.t, f.r);
  save_checkpoint(f.folder / "b", other, f.r);
  CHECK((content_of(f.folder / "a") == content_of(f.folder / "b")));
}

TEST_CASE("checkpoint: cut short at any length it is refused", "[train][checkpoint]") {
  fixture f;
  const auto whole = content_of(f.path);
  for (std::size_t length = 0; length < whole.size(); length += 1 + whole.size() / 97) {
    put_content(f.folder / "cut", whole.substr(0, length));
    REQUIRE(contains(reading(f.folder / "cut"), f.folder / "cut"));
  }
}

TEST_CASE("checkpoint: any byte changed is noticed", "[train][checkpoint]") {
  fixture f;
  const auto whole = content_of(f.path);
  for (std::size_t at = 0; at < whole.size(); at += 1 + whole.size() / 997) {
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 4);
    put_content(f.folder / "bad", changed);
    const auto said = reading(f.folder / "bad");
    INFO("byte " << at);
    REQUIRE(contains(said, f.folder / "bad"));
  }
  auto changed = whole;
  changed[whole.size() - 3] = static_cast<char>(changed[whole.size() - 3] ^ 1);
  put_content(f.folder / "bad", changed);
  CHECK(contains(reading(f.folder / "bad"), "is damaged: its checksum is"));
}

TEST_CASE("checkpoint: foreign files, other formats and impossible values are named with what was wanted", "[train][checkpoint]") {
  fixture f;
  CHECK(contains(reading(f.folder / "none"), "cannot open"));
  put_content(f.folder / "text", "this is no checkpoint at all");
  CHECK(contains(reading(f.folder / "text"), f.folder / "text"));
  safetensors::writer w;
  add_weights(w, f.t.weights);
  w.write(f.folder / "weights");
  CHECK(contains(reading(f.folder / "weights"), "has no \"format\"; is it a checkpoint of relreason? Weights alone are loaded with load_weights"));
  CHECK(contains(reading(f.with("format", "2")), "has format 2; this program reads format 1"));
  CHECK(contains(reading(f.with("format", "one")), "format is \"one\"; wanted a whole number"));
  CHECK(contains(reading(f.with("epoch", "0")), "epoch is 0; wanted 1 to"));
  CHECK(contains(reading(f.with("epoch", "99999999999999999999999")), "epoch is \"99999999999999999999999\""));
  CHECK(contains(reading(f.with("loss_sum", "0x")), "loss_sum is \"0x\"; wanted a number"));
  CHECK(contains(reading(f.with("schedule", "0x1p0 two")), "schedule is \"two\""));
  for (const char* key : {"model", "instructions", "steps", "optimizer", "epoch", "batch", "best", "checksum"})
    CHECK(contains(reading(f.with(key, "")), "has no \"" + std::string(key) + "\""));
}

TEST_CASE("checkpoint: another model is refused, with both hashes", "[train][checkpoint]") {
  fixture f;
  const auto file = safetensors::open(f.path);
  CHECK(model_hash<wider>() != model_hash<small_run::net>());
  const auto said = message_of([&] { check_record<wider>(file, read_record(file), {}); });
  CHECK(contains(said, "model: " + model_hash<small_run::net>() + " in the checkpoint, now " + model_hash<wider>()));
  CHECK(message_of([&] { check_record<small_run::net>(file, read_record(file), {{"batch", "10"}}); }).empty());
}

TEST_CASE("trainer::load: another optimizer, a missing or broken moment are refused, and nothing changes", "[train][checkpoint]") {
  fixture f;
  training other(planned(), f.serial, {.seed = 5}, adam{.weight_decay = .5});
  const std::vector<float> before(other.weights.data(), other.weights.data() + other.weights.learned());
  const auto loading = [&](const std::string& path, training& t) { return message_of([&] { t.load(safetensors::open(path)); }); };
  CHECK(contains(loading(f.path, other), "was made with optimizer " + f.t.optimizer().text() + ", now " + other.optimizer().text()));
  CHECK(contains(loading(f.with("steps", "-1"), f.t), "steps is \"-1\"; wanted a whole number"));
  CHECK(contains(loading(f.with("steps", ""), f.t), "use load_weights"));
  const auto file = safetensors::open(f.path);
  safetensors::writer w;
  std::vector<float> broken(3, std::numeric_limits<float>::infinity());
  std::string name;
  for (const auto& x : file.tensors()) {
    if (name.empty() && x.name.starts_with("optimizer.") && x.count() == 4) {
      name = x.name;
      broken.resize(4);
      w.add(name, broken.data(), x.shape);
    } else {
      w.add(x.name, x.type, x.shape, x.bytes);
    }
  }
  for (const auto& [k, v] : file.metadata()) w.metadata(k, v);
  w.write(f.folder / "broken");
  REQUIRE(!name.empty());
  CHECK(contains(loading(f.folder / "broken", f.t), "value 0 of " + name + " is not finite"));
  CHECK(std::equal(before.begin(), before.end(), other.weights.data()));
  CHECK(f.t.steps == 3);
}

TEST_CASE("export_weights: the model's tensors alone, under PyTorch's names, byte for byte", "[train][checkpoint]") {
  fixture f;
  export_weights(f.path, f.folder / "out");
  const auto whole = safetensors::open(f.path), out = safetensors::open(f.folder / "out");
  CHECK(out.tensors().size() == f.t.weights.table().entries.size());
  CHECK(out.find("q.lstm.weight_ih_l0"));
  for (const auto& x : out.tensors()) CHECK(std::equal(x.bytes.begin(), x.bytes.end(), whole.at(x.name).bytes.begin()));
  CHECK(out.metadata().at("setting.batch") == "10");
  CHECK(!out.metadata().contains("steps"));
  parameters<small_run::net> p(9);
  load_weights(out, p);
  CHECK(std::equal(p.data(), p.data() + p.learned(), f.t.weights.data()));
  CHECK(contains(message_of([&] { export_weights(f.folder / "out", f.folder / "again"); }), "holds weights only"));
}
