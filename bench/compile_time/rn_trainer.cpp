// bench/compile_time/rn_trainer.cpp -- a whole trainer of one Relation Network: CLEVR's files, batches, steps, validation, checkpoints, log.
#include <iostream>

#include "relreason/data/clevr_files.hpp"
#include "relreason/models/relation_network.hpp"
#include "relreason/train/clevr_model.hpp"
#include "relreason/train/run.hpp"
#include "relreason/train/scene_task.hpp"

using namespace relreason;

int main(int argc, char** argv) try {
  if (argc != 3) fail("rn_trainer: wanted the folder of CLEVR and that of the run");
  const auto train = clevr::open(argv[1], "train"), val = clevr::open(argv[1], "val");
  const clevr_vocabulary vocabulary;
  const auto train_set = vocabulary.encode(train), val_set = vocabulary.encode(val);
  run_options options;
  options.folder = argv[2];
  vocabulary.save(options.settings);
  thread_pool threads;
  const scene_task<models::rn_state<>, models::object, models::word> task(train_set, val_set, clevr::scheme_of(vocabulary.answers));
  training_run run(task, options, threads);
  run.resume_if_present();
  return run.run() ? 0 : 130;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
