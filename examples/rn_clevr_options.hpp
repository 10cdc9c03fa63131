// examples/rn_clevr_options.hpp -- the command line of rn_clevr, and the recipe it asks for.
#pragma once

#include <cstdlib>
#include <cxxopts.hpp>
#include <map>
#include <stdexcept>
#include <string>

#include "relreason/train/clevr_model.hpp"
#include "relreason/train/run.hpp"

namespace rn_clevr {

using namespace relreason;
using arguments_type = cxxopts::ParseResult;

// A wrong command line: exit status 2.
struct usage : std::runtime_error {
  using std::runtime_error::runtime_error;
};
inline std::string text(const arguments_type& o, const char* name) { return o.count(name) ? o[name].as<std::string>() : ""; }
inline int whole(const arguments_type& o, const char* name) { return o[name].as<int>(); }

inline cxxopts::Options all_options() {
  cxxopts::Options all("rn_clevr",
                       "Relation Networks on questions about scenes.\n  rn_clevr train|evaluate|predict|export [options]\nRecipe's defaults: "
                       "those of the published code, which gave 97.9 % on CLEVR (Adam, decay 1e-4, clipping at 50).\n"
                       "Exit status: 0 done, 1 an error, 2 a wrong command line, 130 stopped by Ctrl-C after a checkpoint.");
  const auto add = [&]<class T>(const char* group, const char* name, const char* help, const char* standard, T) {
    const auto value = cxxopts::value<T>();
    all.add_options(group)(name, help, *standard ? value->default_value(standard) : value);
  };
  const std::string s;
  // clang-format off
  add("", "h,help", "print this text", "", false);
  add("", "command", "train, evaluate, predict, or export (weights only, as PyTorch's load_state_dict takes them)", "", s);
  add("", "run", "folder of the run: checkpoints, log.jsonl, report.html; training goes on from what it finds there", "runs/rn", s);
  add("", "weights", "not train: which checkpoint of the run", "best.safetensors", s);
  add("", "threads", "0: all; results do not depend on it", "0", 0);
  add("Data", "data", "folder with the files of CLEVR_v1.0; without it a blocks world is made", "", s);
  add("Data", "blocks-world", "train: scenes of the blocks world, 10 questions each", "2000", 0);
  add("Data", "blocks-world-val", "train, evaluate: scenes to validate on", "200", 0);
  add("Data", "families", "questions of the blocks world: all (90 families), or one-hop (the 6 about one relation)", "all", s);
  add("Data", "most-objects", "in a scene of the blocks world, 3 to 10", "10", 0);
  add("Data", "split", "evaluate: which split", "val", s);
  add("Data", "scenes", "predict: scene file, .json or .json.gz", "", s);
  add("Data", "questions", "predict: question file, .json or .json.gz", "", s);
  add("Data", "out", "predict, export: file to write", "", s);
  add("Data", "require-objects", "predict: refuse scenes without objects", "", false);
  add("Data", "pad-to", "evaluate, predict: question length to pad to, answers depend on it (0: the longest in training)", "0", 0);
  add("Model", "model", "train: rn, two-stage (question at the third layer), small (rn, width 128), small-mlp (no pairs)", "rn", s);
  add("Model", "tokenization", "train: punctuation (marks are tokens), words (split at blanks) or iep; the last two: rn only", "punctuation", s);
  add("Model", "dictionary", "train: closed (CLEVR's 82 words) or scan (words of the training questions); closed where it can be", "", s);
  add("Model", "encoder", "train: objects as ordinal7 (position, ids) or rgb-one-hot (13 numbers, rn only)", "ordinal7", s);
  add("Recipe", "recipe", "published, or paper-text: rate 1e-6 to 1e-4, doubled every 20 epochs, all else as published", "published", s);
  add("Recipe", "epochs", "times through the training questions", "350", 0);
  add("Recipe", "batch", "questions per step", "640", 0);
  add("Recipe", "batch-doubling", "batch 32, doubled every 45 epochs up to 640; goes with --schedule constant", "", false);
  add("Recipe", "micro-batches", "compute a step in so many parts: less memory, other dropout masks", "1", 0);
  add("Recipe", "schedule", "of the rate: constant, doubling, doubling-legacy, paper-text, cosine, cosine-restarts, exponential, step, "
                            "step-restarts, plateau (the recipe's: doubling, 5e-6 to 5e-4)", "", s);
  add("Recipe", "rate", "first rate (the schedule's)", "", 0.0);
  add("Recipe", "cap", "largest rate (the schedule's)", "", 0.0);
  add("Recipe", "every", "epochs between changes of the rate (the schedule's)", "", 0);
  add("Recipe", "sampler", "shuffle, answer-balanced or single-class", "shuffle", s);
  add("Recipe", "stop-early", "end 50 epochs after the lowest validation loss", "", false);
  add("Recipe", "save-every", "steps between checkpoints; there is one at every epoch's end too", "1000", 0);
  add("Recipe", "seed", "of weights, order, dropout and blocks world", "1", std::uint64_t{});
  add("Recipe", "bf16", "products of bf16 numbers, sums of fp32", "", false);
  add("Recipe", "compare", "folder of a finished run to show beside this one in the report", "", s);
  // clang-format on
  all.parse_positional("command");
  return all;
}

// Which blocks world: the options', or where none is given the one that a checkpoint's network was trained on.
struct world_settings {
  explicit world_settings(const arguments_type& o, const std::map<std::string, std::string>& trained = {})
      : families(o["families"].as<std::string>()), most_objects(whole(o, "most-objects")), seed(o["seed"].as<std::uint64_t>()) {
    const auto take = [&](const char* option, const char* key, auto&& set) {
      if (const auto at = trained.find(key); at != trained.end() && !o.count(option)) set(at->second);
    };
    take("families", "families", [&](const std::string& v) { families = v; });
    take("most-objects", "most_objects", [&](const std::string& v) { most_objects = std::atoi(v.c_str()); });
    take("seed", "seed", [&](const std::string& v) { seed = std::strtoull(v.c_str(), nullptr, 10); });
  }
  std::string families;
  int most_objects;
  std::uint64_t seed;
};

inline run_options recipe(const arguments_type& o, const clevr_vocabulary& vocabulary) {
  const auto name = o["recipe"].as<std::string>();
  if (name != "published" && name != "paper-text") throw usage("--recipe " + name + "; wanted published or paper-text");
  run_options r{.folder = o["run"].as<std::string>(),
                .epochs = whole(o, "epochs"),
                .batch = whole(o, "batch"),
                .micro_batches = whole(o, "micro-batches"),
                .sampler = o["sampler"].as<std::string>(),
                .stop_early = o.count("stop-early") > 0,
                .save_every = whole(o, "save-every")};
  if (o.count("batch-doubling")) r.growing = batch_size_doubling{};
  schedule_options s;
  if (o.count("rate")) s.base = o["rate"].as<double>();
  if (o.count("cap")) s.cap = o["cap"].as<double>();
  if (o.count("every")) s.every = whole(o, "every");
  r.schedule = make_schedule(o.count("schedule") ? text(o, "schedule") : name == "paper-text" ? name : "doubling", s);
  r.training.seed = o["seed"].as<std::uint64_t>();
  if (o.count("bf16")) r.training.arithmetic = precision::bf16;
  r.settings["model"] = o["model"].as<std::string>();
  r.settings["data"] = o.count("data") ? text(o, "data") : "blocks world";
  if (!o.count("data")) {
    r.settings["families"] = o["families"].as<std::string>();
    r.settings["most_objects"] = std::to_string(whole(o, "most-objects"));
  }
  vocabulary.save(r.settings);
  return r;
}

}  // namespace rn_clevr
