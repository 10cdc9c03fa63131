// examples/rn_clevr_run.hpp -- rn_clevr's data, and a whole training run or evaluation of one network: with descriptions of scenes, or with pictures.
#pragma once

#include <filesystem>
#include <iostream>
#include <string>

#include "program_device.hpp"
#include "relreason/data/blocks_world.hpp"
#include "relreason/data/scene_pictures.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/models/relation_network_pixels.hpp"
#include "relreason/train/clevr_report.hpp"
#include "relreason/train/transfer.hpp"
#include "rn_clevr_options.hpp"

namespace rn_clevr {

// A network that sees pictures has spaces of its own.
template <class M>
using word_of = std::conditional_t<has_input<M, "image">, models::from_pixels::word, models::word>;
template <class M>
using task_of = scene_task<M, models::object, word_of<M>>;

// Pictures of 128 x 128 pixels, decoded or rendered once and opened afterwards: DIR/{train,val}_128x128.images and the like.
inline std::string cache_of(const arguments_type& o, const std::string& usual_folder, const std::string& name) {
  const auto folder = o.count("image-cache") ? text(o, "image-cache") : usual_folder;
  std::error_code refused;
  std::filesystem::create_directories(folder, refused);
  if (refused) fail("the folder ", folder, " for pictures cannot be made: ", refused.message(), "; give --image-cache a path where you may write");
  return folder + "/" + name + "_128x128.images";
}

inline clevr::dataset load(const arguments_type& o, const std::string& split, int scenes, const world_settings& like, bool pictures,
                           executor& threads) {
  clevr::dataset d;
  if (o.count("data")) {
    d = clevr::open(text(o, "data"), split);
    const auto folder = text(o, "data") + "/images/" + split;
    if (pictures) d.pictures = clevr::pictures_of_files(d.scenes, folder, cache_of(o, text(o, "data"), split), threads, {}, d.from.scenes);
  } else {
    auto families = blocks::own_families();
    if (like.families == "one-hop") families = {families.begin() + 25, families.begin() + 31};
    else if (like.families != "all") fail("the run's questions are of the families \"", like.families, "\"; wanted all or one-hop");
    const blocks::options made{.seed = like.seed, .split = split, .n_scenes = scenes, .max_objects = like.most_objects};
    auto world = blocks::generate(made, threads, families);
    d = {std::move(world.scenes), std::move(world.questions), {}, {"blocks world", "blocks world"}};
    d.scene_of = clevr::join(d.scenes, d.questions, d.from);
    const auto name =
        "blocks_" + split + "_" + std::to_string(scenes) + "_seed" + std::to_string(like.seed) + "_objects" + std::to_string(like.most_objects);
    if (pictures) d.pictures = blocks::pictures_of_world(made, cache_of(o, o["run"].as<std::string>(), name), threads);
  }
  require_answers(d);
  return d;
}

// Weights to begin with, where --init names a file. Words and answers must be those that the file's rows stand for.
template <class M>
void take_over(const arguments_type& o, const std::map<std::string, std::string>& settings, parameters<M>& weights) {
  const auto file = safetensors::open(text(o, "init"));
  const auto plan = plan_transfer<M>(file, text(o, "init-parts"));
  for (const auto& [array, what] : {std::pair("q.embedding.weight", "words"), std::pair("a.2.weight", "answers")}) {
    const auto own = settings.find(what), found = file.metadata().find(std::string("setting.") + what);
    if (own == settings.end() || !plan.has(array)) continue;
    if (found == file.metadata().end() ? !text(o, "dictionary").ends_with(".json") : found->second != own->second)
      fail("--init ", file.path(), ": its ", what,
           " stand in another order than this run's, or in one that it does not tell; give its --dictionary as ",
           "a JSON file, or --init-parts without ", array);
  }
  load_weights(file, weights, plan.how);
  std::cerr << "beginning with " << plan.taken << " of " << plan.of << " arrays from " << file.path() << " (" << plan.parts << ")\n";
}

// Begins, or goes on. 0: to the end, 130: to a Ctrl-C.
template <class Run>
int run_to_end(const arguments_type& o, Run& t, const std::string& learned, executor& threads) {
  const bool resumed = t.resume_if_present();
  std::cerr << (resumed ? "resuming in " : "training in ") << t.path("") << ": " << learned << ", " << t.weights().count() << " parameters, "
            << t.inner().instructions() << " kernels, " << threads.threads() << " threads\n";
  if (threads.threads() > t.inner().lanes()) std::cerr << "no more than " << t.inner().lanes() << " threads work on a step; see --lanes\n";
  if (!resumed && o.count("init")) {
    take_over(o, t.settings(), t.inner().weights);
    t.inner().weights_changed();
  }
  if (!t.run()) return std::cerr << "stopped after a checkpoint; run the same command to go on\n", 130;
  return 0;
}

template <class M>
int train_on(const arguments_type& o, const run_options& run, const clevr_vocabulary& v, const clevr::dataset& train, const clevr::dataset& val,
             std::optional<augmentation> change, executor& threads) {
  const auto train_set = v.encode_for<M>(train), val_set = v.encode_for<M>(val);
  const task_of<M> task(train_set, val_set, clevr::scheme_of(v.answers), change);
  training_run<task_of<M>, adam, program::trainer_type> t(task, run, threads);
  if (const int status = run_to_end(o, t, std::to_string(train_set.size()) + " questions", threads)) return status;
  write_clevr_report(t, val, text(o, "compare"));
  std::cerr << "report: " << t.path("report.html") << "\n";
  return 0;
}

template <class M>
int answer_with(const std::string& what, const arguments_type& o, const std::string& checkpoint, const std::map<std::string, std::string>& settings,
                executor& threads) {
  const clevr_model<M, models::object, word_of<M>> m(checkpoint, threads, whole(o, "pad-to"));
  if (what == "evaluate") {
    const world_settings world(o, settings);
    const auto d = load(o, o["split"].as<std::string>(), whole(o, "blocks-world-val"), world, has_input<M, "image">, threads);
    std::cout << accuracy_table(m.evaluate(d));
    return 0;
  }
  m.predict(clevr::open_files(text(o, "scenes"), text(o, "questions")), text(o, "out"), is_set(o, "require-objects"));
  return 0;
}

}  // namespace rn_clevr
