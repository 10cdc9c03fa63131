// tests/train/clevr_report.test.cpp -- a run of a few steps makes a page whose numbers are those of metric::accuracy, of the log and of the network.
#include "relreason/train/clevr_report.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>

#include "catch.hpp"
#include "relreason/data/blocks_world.hpp"
#include "relreason/models/relation_network.hpp"
#include "support/markup.hpp"
#include "support/message_of.hpp"
#include "support/temporary_folder.hpp"

using namespace relreason;
using models::object, models::word;
using nlohmann::json;

namespace {

using network = models::rn_state<8, 8>;
using baseline = models::mlp_state<8, 8>;

clevr::dataset world(const std::string& split, int scenes) {
  serial_executor threads;
  auto w = blocks::generate({.seed = 3, .split = split, .n_scenes = scenes}, threads, blocks::own_families());
  clevr::dataset d{std::move(w.scenes), std::move(w.questions), {}};
  d.scene_of = clevr::join(d.scenes, d.questions);
  return d;
}

struct task {
  clevr_vocabulary vocabulary;
  clevr::dataset train = world("train", 12), validation = world("val", 8);
  scene_questions train_set = vocabulary.encode(train), set = vocabulary.encode(validation);
  metric::answer_scheme scheme = clevr::scheme_of(vocabulary.answers);

  run_options options(const std::string& folder) const {
    run_options o;
    o.folder = folder;
    o.epochs = 2;
    o.batch = 16;
    o.schedule = make_schedule("constant", {.base = 1e-3});
    o.quiet = true;
    vocabulary.save(o.settings);
    return o;
  }
};
// Trains, reports, and hands the finished run to `look`.
template <class M>
void trained(const task& t, const std::string& folder, const std::string& compare, auto&& look) {
  serial_executor threads;
  const scene_task<M, object, word> about(t.train_set, t.set, t.scheme);
  training_run run(about, t.options(folder), threads);
  REQUIRE(run.run());
  write_clevr_report(run, t.validation, compare);
  look(run);
}
const auto nothing = [](auto&) {};

json page_data(const std::vector<page_element>& page) {
  for (const auto& e : page)
    if (e.name == "script" && e.attributes.count("id")) return json::parse(e.text);
  return {};
}
std::string tally_text(const metric::tally& t) { return report::with_commas(t.right) + " of " + report::with_commas(t.total); }

}  // namespace

TEST_CASE("The page of a run shows the counts of metric::accuracy and the values of the log, beside those of the run it is compared with") {
  const temporary_folder folder;
  const task t;
  trained<baseline>(t, folder / "base", "", nothing);
  trained<network>(t, folder / "net", (folder / "base") + "/", [&](auto& run) {
    const metric::accuracy a = run.task().evaluate(run.weights(), run.planned(), run.inner().kernel(), run.threads());
    const auto page = elements_of(content_of(run.path("report.html")));
    const json data = page_data(page);

    CHECK(data["confusion"]["labels"] == t.scheme.answers);
    const auto n = t.scheme.answers.size();
    REQUIRE(data["confusion"]["counts"].size() == n * n);
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const auto count = data["confusion"]["counts"][i * n + j].get<std::int64_t>();
        CHECK(count == a.confusion(static_cast<int>(i), static_cast<int>(j)));
        sum += count;
      }
    CHECK(sum == static_cast<std::int64_t>(t.set.size()));

    // Cells of the tables, in order: all, types, classes; of each the network's, then the baseline's; cells without questions have no title.
    std::vector<std::string> wanted, found;
    const auto other = read_shares(folder / "base/shares.tsv");
    const auto add = [&](const metric::tally& own, const char* kind, const std::string& name) {
      if (own.total > 0) wanted.push_back(tally_text(own)), wanted.push_back(tally_text(other.at({kind, name})));
    };
    add(a.overall(), "all", "all");
    for (std::size_t i = 0; i < t.scheme.types.size(); ++i) add(a.by_type(static_cast<int>(i)), "type", t.scheme.types[i]);
    for (std::size_t i = 0; i < t.scheme.classes.size(); ++i) add(a.by_class(static_cast<int>(i)), "class", t.scheme.classes[i]);
    for (const auto& e : page)
      if (e.is("share")) found.push_back(e.attributes.at("title"));
    CHECK(found == wanted);
    CHECK(contains(content_of(run.path("report.html")), tally_text(a.overall()) + " validation questions"));

    // The loss of the first system in training is the log's.
    const auto& curves = data["charts"][0]["curves"];
    REQUIRE(curves.size() == 4);
    CHECK(curves[0]["name"] == "net");
    CHECK(curves[2]["name"] == "base");
    std::vector<double> log;
    for (const auto& e : read_log(run.path("log.jsonl")))
      if (e.event == "train") log.push_back(*e.find("loss"));
    REQUIRE(curves[1]["points"].size() == log.size());
    for (std::size_t i = 0; i < log.size(); ++i) CHECK(curves[1]["points"][i][1].get<double>() == log[i]);
    CHECK(data["charts"][1]["title"] == "Accuracy");
    CHECK(data["charts"][2]["y"] == "logarithmic");
  });
}

TEST_CASE("Sample questions are answered as the evaluation answers them, about different scenes, with the pairs of real objects") {
  const temporary_folder folder;
  const task t;
  trained<network>(t, folder / "net", "", [&](auto& run) {
    const auto samples = detail::sample_answers<network, object, word>(run.weights(), run.inner().kernel(), t.validation, t.set, t.scheme,
                                                                       run.task().padding_length(), 6);
    REQUIRE(!samples.empty());
    CHECK(samples.size() <= 6);
    std::map<std::string, std::string> predicted;  // by question, where the text is unique in its scene
    limits<network> at;
    at.samples = 32;
    at.set<object>(t.set.most_objects()).template set<word>(run.task().padding_length());
    serial_executor threads;
    answerer<network, object, word> answers(run.weights(), at, run.inner().kernel(), threads);
    std::vector<std::int32_t> all(t.set.size());
    std::iota(all.begin(), all.end(), 0);
    answers.answer(t.set, all, run.task().padding_length(), [&](std::int32_t q, const float* logits) {
      const auto i = static_cast<std::size_t>(q);
      predicted[t.validation.scenes[static_cast<std::size_t>(t.set.scene[i])].image_filename + t.validation.questions[i].text] =
          t.scheme.answers[static_cast<std::size_t>(metric::largest_of(logits, static_cast<int>(t.scheme.answers.size())))];
    });
    std::set<std::string> scenes;
    for (const auto& s : samples) {
      CHECK(s.prediction == predicted.at(s.scene.image_filename + s.question));
      CHECK(s.prediction == s.probabilities[0].first);
      CHECK(s.pair_weights.size() == s.scene.objects.size() * s.scene.objects.size());
      double sum = 0;
      for (const auto& [name, p] : s.probabilities) sum += p;
      CHECK(sum == Approx(1));
      for (const double w : s.pair_weights) CHECK((std::isfinite(w) && w >= 0));
      CHECK(scenes.insert(s.scene.image_filename).second);
    }
  });
}

TEST_CASE("A model without pairs has a page without lines of pairs") {
  const temporary_folder folder;
  const task t;
  trained<baseline>(t, folder / "base", "", [&](auto& run) {
    const auto page = elements_of(content_of(run.path("report.html")));
    CHECK(!all_of(page, "svg", "scene").empty());
    for (const auto& e : page) CHECK((!e.is("pair") && !e.is("pair-list")));
    for (const auto& e : page) CHECK((!e.attributes.count("id") || e.attributes.at("id") != "pairs"));
  });
}

TEST_CASE("A run that is the same on any day has the same page") {
  const temporary_folder one, two;
  const task t;
  trained<network>(t, one / "net", "", nothing);
  trained<network>(t, two / "net", "", nothing);
  CHECK(content_of(one / "net/report.html") == content_of(two / "net/report.html"));
}

TEST_CASE("A folder to compare with that holds no finished run is refused by the file that it lacks") {
  const temporary_folder folder;
  const task t;
  CHECK(contains(message_of([&] { trained<baseline>(t, folder / "base", folder / "none", nothing); }), folder / "none/shares.tsv"));
}
