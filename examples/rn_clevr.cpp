// examples/rn_clevr.cpp -- trains a Relation Network on questions about scenes, from CLEVR's files or the blocks world; evaluates; predicts.
// Paper: 97.9 % on CLEVR's validation split from scene descriptions, after 350 epochs (docs/reproduce.md says what that takes).
#include <cxxopts.hpp>
#include <fstream>
#include <iostream>

#include "relreason/data/blocks_world.hpp"
#include "relreason/data/clevr_files.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/clevr_report.hpp"
#include "relreason/train/run.hpp"

using namespace relreason;
using options_type = cxxopts::ParseResult;

static clevr::dataset load(const options_type& o, const std::string& split, int blocks, executor& threads) {
  if (o.count("data")) return clevr::open(o["data"].as<std::string>(), split);
  auto families = blocks::own_families();
  if (o["families"].as<std::string>() == "one-hop") families = {families.begin() + 25, families.begin() + 31};
  else if (o["families"].as<std::string>() != "all") fail("--families is all or one-hop");
  const blocks::options world_options{
      .seed = o["seed"].as<std::uint64_t>(), .split = split, .n_scenes = blocks, .max_objects = o["most-objects"].as<int>()};
  auto world = blocks::generate(world_options, threads, families);
  clevr::dataset d{std::move(world.scenes), std::move(world.questions), {}};
  d.scene_of = clevr::join(d.scenes, d.questions);
  return d;
}

static run_options recipe(const options_type& o) {
  run_options r;
  const bool text = o["recipe"].as<std::string>() == "paper-text";
  if (!text && o["recipe"].as<std::string>() != "published") fail("--recipe is published or paper-text");
  r.folder = o["run"].as<std::string>();
  r.epochs = o["epochs"].as<int>();
  r.batch = o["batch"].as<int>();
  r.micro_batches = o["micro-batches"].as<int>();
  if (o["batch-doubling"].as<bool>()) r.growing = batch_size_doubling{};
  schedule_options s;
  if (o.count("rate")) s.base = o["rate"].as<double>();
  if (o.count("cap")) s.cap = o["cap"].as<double>();
  if (o.count("every")) s.every = o["every"].as<int>();
  r.schedule = make_schedule(text && !o.count("schedule") ? "paper-text" : o["schedule"].as<std::string>(), s);
  r.sampler = o["sampler"].as<std::string>();
  r.training.seed = o["seed"].as<std::uint64_t>();
  if (o["bf16"].as<bool>()) r.training.arithmetic = precision::bf16;
  r.settings["model"] = o["model"].as<std::string>();
  r.settings["data"] = o.count("data") ? o["data"].as<std::string>() : "blocks world, families " + o["families"].as<std::string>();
  return r;
}

template <class M>
static int with(const std::string& what, const options_type& o, executor& threads) {
  using models::object;
  using models::word;
  const std::string run = o["run"].as<std::string>();
  clevr_vocabulary vocabulary;
  if (what == "train") {
    const auto train = load(o, "train", o["blocks-world"].as<int>(), threads), val = load(o, "val", o["blocks-world-val"].as<int>(), threads);
    run_options r = recipe(o);
    vocabulary.save(r.settings);
    const auto scheme = clevr::scheme_of(vocabulary.answers);
    const auto train_set = vocabulary.encode(train), val_set = vocabulary.encode(val);
    training_run<M, object, word> t(train_set, val_set, scheme, r, threads);
    std::cerr << (t.resume_if_present() ? "resuming in " : "training in ") << run << ": " << train_set.size() << " questions, " << t.weights().count()
              << " parameters, " << t.inner().instructions() << " kernels, " << threads.threads() << " threads\n";
    if (!t.run()) return std::cerr << "stopped after a checkpoint; run the same command to go on\n", 130;
    write_clevr_report<M, object, word>(t, val, val_set, scheme, o["compare"].as<std::string>());
    std::cerr << "report: " << run << "/report.html\n";
    return 0;
  }
  clevr_model<M, object, word> m(run + "/" + o["weights"].as<std::string>(), threads, o["pad-to"].as<int>());
  if (what == "evaluate") {
    const auto val = load(o, o["split"].as<std::string>(), o["blocks-world-val"].as<int>(), threads);
    std::cout << accuracy_table(m.evaluate(val));
    return 0;
  }
  if (!o.count("scenes") || !o.count("questions")) fail("predict: give --scenes F and --questions F");
  clevr::dataset d{clevr::read_scenes(o["scenes"].as<std::string>()), clevr::read_questions(o["questions"].as<std::string>()), {}};
  d.scene_of = clevr::join(d.scenes, d.questions);
  m.predict(d, o["out"].as<std::string>(), o["require-objects"].as<bool>());
  return 0;
}

int main(int argc, char** argv) try {
  cxxopts::Options all("rn_clevr", "Relation Networks on questions about scenes\n  rn_clevr train|evaluate|predict [options]");
  all.add_options()("command", "train, evaluate or predict", cxxopts::value<std::string>())("h,help", "this text");
  all.add_options("data")("data", "folder with CLEVR_v1.0's layout", cxxopts::value<std::string>())(
      "blocks-world", "scenes of the blocks world to train on", cxxopts::value<int>()->default_value("2000"))(
      "blocks-world-val", "and to validate on", cxxopts::value<int>()->default_value("200"))(
      "families", "questions of the blocks world: all 90 families, or one-hop, the six about one relation",
      cxxopts::value<std::string>()->default_value("all"))("most-objects", "in one of its scenes", cxxopts::value<int>()->default_value("10"))(
      "split", "evaluate: which split", cxxopts::value<std::string>()->default_value("val"))(
      "scenes", "predict: scene file", cxxopts::value<std::string>())("questions", "predict: question file", cxxopts::value<std::string>())(
      "out", "predict: JSON lines go here", cxxopts::value<std::string>()->default_value("predictions.jsonl"))(
      "require-objects", "predict: refuse scenes without objects", cxxopts::value<bool>())(
      "pad-to", "predict, evaluate: padded question length (0: the checkpoint's)", cxxopts::value<int>()->default_value("0"));
  all.add_options("model")("model", "rn, two-stage, mlp, small or small-mlp", cxxopts::value<std::string>()->default_value("rn"))(
      "run", "folder of the run", cxxopts::value<std::string>()->default_value("runs/rn"))(
      "weights", "which checkpoint of it", cxxopts::value<std::string>()->default_value("best.safetensors"))(
      "compare", "train: folder of another run, shown beside this one", cxxopts::value<std::string>()->default_value(""));
  all.add_options("recipe (defaults: spec of the published code; 97.9 %)")("recipe", "published or paper-text",
                                                                           cxxopts::value<std::string>()->default_value("published"))(
      "epochs", "", cxxopts::value<int>()->default_value("350"))("batch", "questions per step", cxxopts::value<int>()->default_value("640"))(
      "micro-batches", "parts of a step", cxxopts::value<int>()->default_value("1"))(
      "schedule", "learning rate", cxxopts::value<std::string>()->default_value("doubling"))("rate", "first rate", cxxopts::value<double>())(
      "cap", "largest rate", cxxopts::value<double>())("every", "epochs between changes", cxxopts::value<int>())(
      "batch-doubling", "grow the batch instead of the rate", cxxopts::value<bool>())("sampler", "shuffle, answer-balanced or single-class",
                                                                                      cxxopts::value<std::string>()->default_value("shuffle"))(
      "seed", "", cxxopts::value<std::uint64_t>()->default_value("1"))("threads", "0: all", cxxopts::value<int>()->default_value("0"))(
      "bf16", "bf16 products", cxxopts::value<bool>());
  all.parse_positional("command");
  const auto o = all.parse(argc, argv);
  if (o.count("help") || !o.count("command")) return std::cout << all.help(), o.count("help") ? 0 : 2;
  const auto what = o["command"].as<std::string>(), model = o["model"].as<std::string>();
  if (what != "train" && what != "evaluate" && what != "predict") fail("command \"", what, "\"; wanted train, evaluate or predict");
  thread_pool threads(o["threads"].as<int>() > 0 ? o["threads"].as<int>() : static_cast<int>(std::thread::hardware_concurrency()));
  if (model == "rn") return with<models::rn_state<>>(what, o, threads);
  if (model == "two-stage") return with<models::two_stage_rn_state<>>(what, o, threads);
  if (model == "mlp") return with<models::mlp_state<>>(what, o, threads);
  if (model == "small") return with<models::rn_state<128, 128>>(what, o, threads);
  if (model == "small-mlp") return with<models::mlp_state<128, 128>>(what, o, threads);
  fail("--model ", model, "; wanted rn, two-stage, mlp, small or small-mlp");
} catch (const std::exception& e) {
  std::cerr << "rn_clevr: " << e.what() << '\n';
  return 1;
}
