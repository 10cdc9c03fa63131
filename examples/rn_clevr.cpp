// examples/rn_clevr.cpp -- trains a Relation Network on questions about scenes, from CLEVR's files or the blocks world; evaluates; predicts.
// Paper: 97.9 % on CLEVR's validation split from scene descriptions, after 350 epochs (docs/reproduce.md says what that takes).
#include <filesystem>
#include <iostream>

#include "relreason/data/blocks_world.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/clevr_report.hpp"
#include "relreason/train/device_trainer.hpp"
#include "rn_clevr_options.hpp"
#include "rn_clevr_pictures.hpp"

using namespace relreason;
using namespace rn_clevr;
using models::object, models::word;

static clevr::dataset load(const arguments_type& o, const std::string& split, int scenes, const world_settings& like, executor& threads) {
  clevr::dataset d;
  if (o.count("data")) {
    d = clevr::open(text(o, "data"), split);
  } else {
    auto families = blocks::own_families();
    if (like.families == "one-hop") families = {families.begin() + 25, families.begin() + 31};
    else if (like.families != "all") fail("the run's questions are of the families \"", like.families, "\"; wanted all or one-hop");
    auto world = blocks::generate({.seed = like.seed, .split = split, .n_scenes = scenes, .max_objects = like.most_objects}, threads, families);
    d = {std::move(world.scenes), std::move(world.questions), {}, {"blocks world", "blocks world"}};
    d.scene_of = clevr::join(d.scenes, d.questions, d.from);
  }
  require_answers(d);
  return d;
}

// RN_CLEVR_CUDA: linked with rn_clevr_cuda.cu, which has the CUDA part of each model.
#if defined(RN_CLEVR_CUDA)
template <class M, class Optimizer, name... Wanted>
using trainer_type = device_trainer<M, Optimizer, Wanted...>;
#else
template <class M, class Optimizer, name... Wanted>
using trainer_type = trainer<M, Optimizer, Wanted...>;
#endif

// Calls f with the model of that name. rn comes in two sizes of input: as published, and with room for any words and encoder.
// `where`: the file that decided on name or words.
template <class F>
static int with_model(const std::string& where, const std::string& name, const clevr_vocabulary& v, F&& f) {
  if (constexpr int most = 127; v.words.size() > most) fail(where, ": found ", v.words.size(), " words; the models have room for ", most);
  const bool wide = v.object_width() > models::object_width || v.words.size() > models::words;
  if (wide && name == "rn") return f.template operator()<models::rn_state_of<127, clevr::rgb_one_hot::width, 512, 256, 5>>();
  if (wide)
    fail(where, ": model ", name, " reads ordinal7 and up to ", models::words, " words (here ", v.encoder, ", ", v.words.size(), "); use --model rn");
  if (name == "rn") return f.template operator()<models::rn_state<>>();
  if (name == "two-stage") return f.template operator()<models::two_stage_rn_state<>>();
  if (name == "medium") return f.template operator()<models::rn_state<256, 256>>();
  if (name == "small") return f.template operator()<models::rn_state<128, 128>>();
  if (name == "small-mlp") return f.template operator()<models::mlp_state<128, 128>>();
  fail(where, ": found model \"", name, "\"; wanted rn, two-stage, medium, small or small-mlp");
}

static int train(const arguments_type& o, executor& threads) {
  if (o.count("compare")) read_shares(text(o, "compare") + "/shares.tsv");  // refused now, not after the training
  run_options run = recipe(o);
#if !defined(RN_CLEVR_CUDA)
  if (run.training.device.cuda) fail("--device ", device::text_of(run.training.device), ": this rn_clevr was built without CUDA; see docs/gpu.md");
#endif
  const world_settings world(o);
  const auto train = load(o, "train", whole(o, "blocks-world"), world, threads), val = load(o, "val", whole(o, "blocks-world-val"), world, threads);
  const auto v = clevr_vocabulary::make(o["tokenization"].as<std::string>(), text(o, "dictionary"), o["encoder"].as<std::string>(), train.questions);
  v.save(run.settings);
  return with_model(train.from.questions, o["model"].as<std::string>(), v, [&]<class M>() {
    const auto train_set = v.encode_for<M>(train), val_set = v.encode_for<M>(val);
    const scene_task<M, object, word> task(train_set, val_set, clevr::scheme_of(v.answers));
    training_run<scene_task<M, object, word>, adam, trainer_type> t(task, run, threads);
    std::cerr << (t.resume_if_present() ? "resuming in " : "training in ") << t.path("") << ": " << train_set.size() << " questions, "
              << t.weights().count() << " parameters, " << t.inner().instructions() << " kernels, " << threads.threads() << " threads\n";
    if (threads.threads() > t.inner().lanes()) std::cerr << "no more than " << t.inner().lanes() << " threads work on a step; see --lanes\n";
    if (!t.run()) return std::cerr << "stopped after a checkpoint; run the same command to go on\n", 130;
    write_clevr_report(t, val, text(o, "compare"));
    std::cerr << "report: " << t.path("report.html") << "\n";
    return 0;
  });
}

static int answer(const std::string& what, const arguments_type& o, const std::string& checkpoint, executor& threads) {
  for (const char* in : {"scenes", "questions"})
    if (std::error_code none; what == "predict" && std::filesystem::equivalent(text(o, in), text(o, "out"), none))
      refuse("--out ", text(o, "out"), " is the file of --", in, ", which would be lost");
  const auto settings = read_record(safetensors::open(checkpoint)).settings;
  const auto name = settings.find("model");
  return with_model(checkpoint, name == settings.end() ? "" : name->second, clevr_vocabulary::load(settings, checkpoint), [&]<class M>() {
    const clevr_model<M, object, word> m(checkpoint, threads, whole(o, "pad-to"));
    if (what == "evaluate") {
      const world_settings world(o, settings);
      std::cout << accuracy_table(m.evaluate(load(o, o["split"].as<std::string>(), whole(o, "blocks-world-val"), world, threads)));
      return 0;
    }
    m.predict(clevr::open_files(text(o, "scenes"), text(o, "questions")), text(o, "out"), is_set(o, "require-objects"));
    return 0;
  });
}

int main(int argc, char** argv) try {
  auto all = all_options();
  const auto o = all.parse(argc, argv);
  if (is_set(o, "help")) return std::cout << all.help(), 0;
  const auto what = checked_command(o);
  const std::string checkpoint = o["run"].as<std::string>() + "/" + o["weights"].as<std::string>();
  thread_pool threads(whole(o, "threads") > 0 ? whole(o, "threads") : static_cast<int>(std::thread::hardware_concurrency()));
  if (what == "train") return train(o, threads);
  if (what == "predict" && o.count("images"))
    return predict_from_pictures(text(o, "weights"), text(o, "dictionary"), text(o, "images"), text(o, "questions"), text(o, "out"),
                                 whole(o, "pad-to"), threads),
           0;
  if (what != "export") return answer(what, o, checkpoint, threads);
  return export_weights(checkpoint, text(o, "out")), 0;
} catch (const usage& e) {
  std::cerr << "rn_clevr: " << e.what() << "; rn_clevr --help lists the options\n";
  return 2;
} catch (const cxxopts::exceptions::parsing& e) {
  std::cerr << "rn_clevr: " << e.what() << "; rn_clevr --help lists the options\n";
  return 2;
} catch (const std::exception& e) {
  std::cerr << "rn_clevr: " << e.what() << '\n';
  return 1;
}
