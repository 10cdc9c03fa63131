// examples/rn_clevr_options.hpp -- the command line of rn_clevr: one table says which commands take an option and what it may be; and the recipe.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cxxopts.hpp>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>

#include "command_line.hpp"
#include "relreason/train/clevr_model.hpp"
#include "relreason/train/run.hpp"

namespace rn_clevr {

using namespace relreason;
using arguments_type = cxxopts::ParseResult;

template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw usage(text.str());
}

enum : unsigned { in_train = 1, in_evaluate = 2, in_predict = 4, in_export = 8, anywhere = 15 };
inline constexpr std::array<std::string_view, 4> commands{"train", "evaluate", "predict", "export"};

// What an option may be. Numbers: least to most. Names: one of those listed, as "a, b".
struct rule {
  enum { flag, text, whole, real, name } kind;
  std::uint64_t least = 0, most = 0;
  std::string_view names{};
};
struct option {
  const char *group, *name;
  unsigned where;  // commands that take it
  rule may_be;
  const char *standard, *help;  // "": no default
};

inline constexpr rule flag{rule::flag}, any_text{rule::text};
constexpr rule whole_from(std::uint64_t least, std::uint64_t most) { return {rule::whole, least, most}; }
constexpr rule one_of(std::string_view names) { return {rule::name, 0, 0, names}; }
inline constexpr rule rate_rule{rule::real, 0, 1};
inline constexpr std::uint64_t many = 1'000'000;  // epochs, steps, scenes: beyond every real use, far below an int's end

inline constexpr std::string_view model_names =
    "rn, two-stage, medium, small, small-mlp, rn-pixels, two-stage-pixels, avf-pixels, small-pixels, cnn-lstm, cnn-multilabel";
inline bool is_picture_model(std::string_view name) { return name.ends_with("-pixels") || name.starts_with("cnn-"); }

// clang-format off
inline constexpr option options[] = {
    {"", "h,help", anywhere, flag, "", "print this text"},
    {"", "command", anywhere, any_text, "", "train, evaluate, predict, or export (weights only, as PyTorch's load_state_dict takes them)"},
    {"", "run", anywhere, any_text, "runs/rn", "folder of the run: checkpoints, log.jsonl, report.html; training goes on from what it finds there"},
    {"", "weights", anywhere - in_train, any_text, "best.safetensors", "which checkpoint of the run; with --images, a file of weights"},
    {"", "threads", anywhere - in_export, whole_from(0, 1024), "0", "0: all; results do not depend on it"},
    {"Data", "data", in_train | in_evaluate, any_text, "", "folder with the files of CLEVR_v1.0; without it a blocks world is made"},
    {"Data", "blocks-world", in_train, whole_from(1, many), "2000", "scenes of the blocks world, 10 questions each"},
    {"Data", "blocks-world-val", in_train | in_evaluate, whole_from(1, many), "200", "scenes to validate on"},
    {"Data", "families", in_train | in_evaluate, one_of("all, one-hop"), "all",
     "questions of the blocks world: all (90 families), or one-hop (the 6 about one relation)"},
    {"Data", "most-objects", in_train | in_evaluate, whole_from(3, 10), "10", "in a scene of the blocks world, 3 to 10"},
    {"Data", "split", in_evaluate, any_text, "val", "which split"},
    {"Data", "scenes", in_predict, any_text, "", "scene file, .json or .json.gz"},
    {"Data", "images", in_predict, any_text, "", "folder of the pictures that the questions are about, for weights of a network that sees them"},
    {"Data", "questions", in_predict, any_text, "", "question file, .json or .json.gz"},
    {"Data", "out", in_predict | in_export, any_text, "", "file to write"},
    {"Data", "weights-only", in_export, flag, "", "what export writes, said aloud"},
    {"Data", "require-objects", in_predict, flag, "", "refuse scenes without objects"},
    {"Data", "pad-to", in_evaluate | in_predict, whole_from(0, 1000), "0",
     "question length to pad to, answers depend on it (0: the checkpoint's)"},
    {"Data", "image-cache", in_train | in_evaluate, any_text, "",
     "folder for pictures as networks read them, 49 kB each, made once (that of --data, or of the run)"},
    {"Model", "model", in_train, one_of(model_names), "rn",
     "of descriptions: rn (widths 512 and 256), two-stage (question at the third layer), medium (rn, 256), small (rn, 128), small-mlp (128, no "
     "pairs); of pictures: rn-pixels, two-stage-pixels, avf-pixels (AVF-RN), small-pixels (rn, 64), cnn-lstm (no pairs), cnn-multilabel "
     "(attributes alone)"},
    {"Model", "init", in_train, any_text, "", "weights to begin with: a checkpoint or an export of another run, or published ones"},
    {"Model", "init-parts", in_train, any_text, "",
     "what of them: all, cnn, beginnings of paths, as in cnn,v.g.0.,v.g.1. (all where they fit; else cnn, and for avf-pixels two layers of g)"},
    {"Model", "tokenization", in_train, one_of("punctuation, words, iep"), "punctuation",
     "punctuation (marks are tokens), words (split at blanks) or iep; the last two: rn only"},
    {"Model", "dictionary", in_train | in_predict, any_text, "",
     "closed (CLEVR's 82 words) or scan (words of the training questions); closed where it can be; or, with pictures, a JSON file of "
     "published words and answers"},
    {"Model", "encoder", in_train, one_of("ordinal7, rgb-one-hot"), "ordinal7",
     "objects as ordinal7 (position, ids) or rgb-one-hot (13 numbers, rn only)"},
    {"Recipe", "recipe", in_train, one_of("published, paper-text"), "published",
     "published, or paper-text: rate 1e-6 to 1e-4, doubled every 20 epochs, all else as published"},
    {"Recipe", "epochs", in_train, whole_from(1, many), "350", "times through the training questions"},
    {"Recipe", "batch", in_train, whole_from(1, 100'000), "640", "questions per step"},
    {"Recipe", "batch-doubling", in_train, flag, "", "batch 32, doubled every 45 epochs up to 640; goes with --schedule constant"},
    {"Recipe", "micro-batches", in_train, whole_from(1, 4096), "1", "compute a step in so many parts: less memory, other dropout masks"},
    {"Recipe", "schedule", in_train,
     one_of("constant, doubling, doubling-legacy, paper-text, cosine, cosine-restarts, exponential, step, step-restarts, plateau"), "",
     "of the rate: constant, doubling, doubling-legacy, paper-text, cosine, cosine-restarts, exponential, step, step-restarts, plateau "
     "(the recipe's: doubling, 5e-6 to 5e-4)"},
    {"Recipe", "rate", in_train, rate_rule, "", "first rate (the schedule's)"},
    {"Recipe", "cap", in_train, rate_rule, "", "largest rate (the schedule's)"},
    {"Recipe", "every", in_train, whole_from(1, many), "", "epochs between changes of the rate (the schedule's)"},
    {"Recipe", "period", in_train, whole_from(1, many), "", "cosine, cosine-restarts, step-restarts: epochs (cosine's: one more than --epochs)"},
    {"Recipe", "growth", in_train, whole_from(1, 1000), "", "cosine-restarts: each period is so many times the one before"},
    {"Recipe", "minimum", in_train, rate_rule, "", "cosine, cosine-restarts, plateau: least rate"},
    {"Recipe", "factor", in_train, rate_rule, "", "exponential, step, plateau: the rate is multiplied by it"},
    {"Recipe", "decay", in_train, rate_rule, "", "cosine-restarts: the peak is multiplied by it at each restart"},
    {"Recipe", "patience", in_train, whole_from(0, many), "", "plateau: validations without a lower loss"},
    {"Recipe", "no-augmentation", in_train, flag, "",
     "pictures as they are (else moved by up to 8 pixels and turned by up to 2.8 degrees in training)"},
    {"Recipe", "plainest", in_train | in_evaluate, rate_rule, "0.05", "cnn-multilabel: share of the pictures, those with the fewest attributes"},
    {"Recipe", "sampler", in_train, one_of("shuffle, answer-balanced, single-class"), "shuffle", "shuffle, answer-balanced or single-class"},
    {"Recipe", "stop-early", in_train, flag, "", "end 50 epochs after the lowest validation loss"},
    {"Recipe", "save-every", in_train, whole_from(1, many), "1000", "steps between checkpoints; there is one at every epoch's end too"},
    {"Recipe", "seed", in_train | in_evaluate, whole_from(0, UINT64_MAX), "1", "of weights, order, dropout and blocks world"},
    {"Recipe", "device", in_train, any_text, "cpu", "where steps run: cpu, cuda or cuda:N; checkpoints fit both"},
    {"Recipe", "device-memory", in_train, whole_from(0, 1 << 24), "0", "MiB that a step may take on the device (0: what is free)"},
    {"Recipe", "table-memory", in_train, whole_from(0, 1 << 24), "256", "MiB of scenes or pictures that may stay on the device"},
    {"Recipe", "bf16", in_train, flag, "", "products of bf16 numbers, sums of fp32"},
    {"Recipe", "tf32", in_train, flag, "", "products of tf32 numbers, sums of fp32 (--device cuda)"},
    {"Recipe", "lanes", in_train, whole_from(0, most_lanes), "0",
     "gradients summed apart, and most threads that can work on a step; other last digits (0: 4 to 16, by the model's size)"},
    {"Recipe", "compare", in_train, any_text, "", "folder of a finished run to show beside this one in the report"},
};
// clang-format on

inline std::string names_of(unsigned where) {
  std::string out;
  for (std::size_t c = 0; c < commands.size(); ++c)
    if (where >> c & 1u) out.append(out.empty() ? "" : ", ").append(commands[c]);
  return out;
}

inline cxxopts::Options all_options() {
  cxxopts::Options all("rn_clevr",
                       "Relation Networks on questions about scenes.\n  rn_clevr train|evaluate|predict|export [options]\nRecipe's defaults: "
                       "those of the published code, which gave 97.9 % on CLEVR (Adam, decay 1e-4, clipping at 50).\n"
                       "Exit status: 0 done, 1 an error, 2 a wrong command line, 130 stopped by Ctrl-C after a checkpoint.");
  for (const option& o : options) {
    const auto text = cxxopts::value<std::string>();
    const std::shared_ptr<cxxopts::Value> value = o.may_be.kind == rule::flag ? std::shared_ptr<cxxopts::Value>(cxxopts::value<bool>())
                                                  : *o.standard               ? text->default_value(o.standard)
                                                                              : text;
    all.add_options(o.group)(o.name, (o.where == anywhere ? "" : names_of(o.where) + ": ") + o.help, value);
  }
  all.parse_positional("command");
  return all;
}

// The text of an option that has no default: "" where it was not given.
inline std::string text(const arguments_type& o, const char* name) { return o.count(name) ? o[name].as<std::string>() : ""; }
inline bool is_set(const arguments_type& o, const char* name) { return o.count(name) && o[name].as<bool>(); }

// The number that fills the whole text, or nothing.
template <class T>
std::optional<T> number(const std::string& text) {
  T n{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (wrong != std::errc{} || end != text.data() + text.size()) return {};
  return n;
}
inline int whole(const arguments_type& o, const char* name) { return number<int>(o[name].as<std::string>()).value(); }
inline double real(const arguments_type& o, const char* name) { return number<double>(o[name].as<std::string>()).value(); }
inline std::uint64_t seed_of(const arguments_type& o) { return number<std::uint64_t>(o["seed"].as<std::string>()).value(); }

inline void check_value(const option& o, const std::string& given) {
  const rule& r = o.may_be;
  const auto wrong = [&](const auto&... wanted) { refuse("--", o.name, " is \"", given, "\"; wanted ", wanted...); };
  if (r.kind == rule::text && given.empty()) wrong("some text");
  if (r.kind == rule::whole)
    if (const auto n = number<std::uint64_t>(given); !n || *n < r.least || *n > r.most) wrong("a whole number from ", r.least, " to ", r.most);
  if (r.kind == rule::real)
    if (const auto x = number<double>(given); !x || !(*x > 0 && *x <= static_cast<double>(r.most))) wrong("a number above 0, at most ", r.most);
  if (r.kind == rule::name && (", " + std::string(r.names) + ",").find(", " + given + ",") == std::string::npos) wrong("one of ", r.names);
}

// Options that would be without effect, or against each other.
inline void check_together(const arguments_type& o) {
  for (const char* of_the_world : {"blocks-world", "blocks-world-val", "families", "most-objects"})
    if (o.count("data") && o.count(of_the_world)) refuse("--", of_the_world, " is about the blocks world, but --data names files; leave one out");
  const auto model = o["model"].as<std::string>();
  if (text(o, "command") == "train") {
    for (const char* of_pictures : {"no-augmentation", "image-cache"})
      if (o.count(of_pictures) && !is_picture_model(model)) refuse("--", of_pictures, " is about pictures, which --model ", model, " does not see");
    if (o.count("plainest") && model != "cnn-multilabel") refuse("--plainest chooses pictures for --model cnn-multilabel; ", model, " sees all");
  }
  if (o.count("init-parts") && !o.count("init")) refuse("--init-parts says what to take from the file of --init, which is missing");
  if (is_set(o, "batch-doubling") && o.count("batch")) refuse("--batch and --batch-doubling both set the batch; leave one out");
  const auto tokens = o["tokenization"].as<std::string>(), encoder = o["encoder"].as<std::string>();
  if (const auto words = text(o, "dictionary"); text(o, "command") == "train" && !words.empty() && words != "closed" && words != "scan")
    if (const bool pictures = is_picture_model(model); !pictures || !words.ends_with(".json"))
      refuse("--dictionary is \"", words, "\"; wanted one of closed, scan", pictures ? ", FILE.json" : "");
  if (tokens != "punctuation" && text(o, "dictionary") == "closed")
    refuse("--dictionary closed has punctuation as words; --tokenization ", tokens, " wants --dictionary scan");
  if (encoder != "ordinal7" && model != "rn") refuse("--encoder ", encoder, " makes 13 numbers an object; use --model rn");
}

// The command; every option was checked.
inline std::string checked_command(const arguments_type& o) {
  const auto what = text(o, "command");
  const auto c = static_cast<std::size_t>(std::find(commands.begin(), commands.end(), what) - commands.begin());
  if (c == commands.size()) refuse("command \"", what, "\"; wanted train, evaluate, predict or export");
  if (!o.unmatched().empty()) refuse("\"", o.unmatched()[0], "\" is one word too many");
  for (const auto& given : o.arguments())
    for (const option& known : options) {
      if (given.key() != known.name) continue;
      if (!(known.where >> c & 1u)) refuse("--", known.name, " belongs to ", names_of(known.where), "; ", what, " does not take it");
      check_value(known, given.value());
    }
  check_together(o);
  if (what == "predict" && o.count("images")) {
    if (!(o.count("weights") && o.count("dictionary") && o.count("questions") && o.count("out")))
      refuse("predict --images DIR wants --weights F --dictionary F --questions F --out F");
    for (const char* other : {"run", "scenes", "require-objects"})
      if (o.count(other)) refuse("--", other, " is for scene descriptions, --images for pictures; leave one out");
  } else if (what == "predict") {
    if (!(o.count("scenes") && o.count("questions") && o.count("out"))) refuse("predict wants --scenes F --questions F --out F");
    if (o.count("dictionary")) refuse("--dictionary belongs to train, and to predict with --images");
  }
  if (what == "export" && !o.count("out")) refuse("export wants --out F");
  return what;
}

// Which blocks world: the options', or where none is given the one that a checkpoint's network was trained on.
struct world_settings {
  explicit world_settings(const arguments_type& o, const std::map<std::string, std::string>& trained = {})
      : families(o["families"].as<std::string>()), most_objects(whole(o, "most-objects")), seed(seed_of(o)) {
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

inline any_schedule schedule_of(const arguments_type& o) try {
  schedule_options s;
  if (o.count("cap")) s.cap = real(o, "cap");
  const auto recipe = o["recipe"].as<std::string>();
  const auto model = o["model"].as<std::string>();
  const std::string usual = model == "cnn-multilabel" ? "constant" : model == "avf-pixels" ? "step-restarts" : "doubling";
  const auto name = o.count("schedule") ? text(o, "schedule") : recipe == "paper-text" ? recipe : usual;
  if (model == "cnn-multilabel") s.base = 2.5e-4;
  if (o.count("rate")) s.base = real(o, "rate");
  if (o.count("minimum")) s.minimum = real(o, "minimum");
  if (o.count("factor")) s.factor = real(o, "factor");
  if (o.count("decay")) s.decay = real(o, "decay");
  if (o.count("every")) s.every = whole(o, "every");
  if (o.count("period")) s.period = whole(o, "period");
  else if (name == "cosine") s.period = whole(o, "epochs") + 1;  // so that the last epoch still learns
  if (o.count("growth")) s.growth = whole(o, "growth");
  if (o.count("patience")) s.patience = whole(o, "patience");
  const any_schedule made = make_schedule(name, s);
  if (const double first = made.rate(0); o.count("rate") && first < real(o, "rate"))
    refuse("--rate is ", text(o, "rate"), ", but schedule ", name, " would begin at its cap, ", first, "; give a larger --cap");
  return made;
} catch (const error& e) {  // settings that this schedule does not have, or that contradict each other
  throw usage(e.what());
}

inline device::device_name device_of(const arguments_type& o) try {
  return device::parse_device(o["device"].as<std::string>());
} catch (const error& e) {
  refuse("--device: ", e.what());
}

// The CNN alone is trained on 64 pictures a step.
inline int batch_of(const arguments_type& o) {
  return o["model"].as<std::string>() == "cnn-multilabel" && !o.count("batch") ? 64 : whole(o, "batch");
}

inline run_options recipe(const arguments_type& o) {
  run_options r{.folder = o["run"].as<std::string>(),
                .epochs = whole(o, "epochs"),
                .batch = batch_of(o),
                .micro_batches = whole(o, "micro-batches"),
                .schedule = schedule_of(o),
                .sampler = o["sampler"].as<std::string>(),
                .save_every = whole(o, "save-every")};
  if (is_set(o, "stop-early")) r.stopping = early_stopping{};
  if (is_set(o, "batch-doubling")) r.growing = batch_size_doubling{};
  else if (r.micro_batches > r.batch) refuse("--micro-batches is ", r.micro_batches, "; wanted at most ", r.batch, ", the batch: one sample each");
  r.training.seed = seed_of(o);
  r.training.lanes = whole(o, "lanes");
  r.training.device = device_of(o);
  r.training.device_memory = static_cast<std::size_t>(whole(o, "device-memory")) << 20;
  r.training.table_memory = static_cast<std::size_t>(whole(o, "table-memory")) << 20;
  if (is_set(o, "bf16")) r.training.arithmetic = precision::bf16;
  if (is_set(o, "tf32")) {
    if (is_set(o, "bf16")) refuse("--tf32 and --bf16 are given; wanted one of them");
    if (!r.training.device.cuda) refuse("--tf32 needs --device cuda");
    r.training.arithmetic = precision::tf32;
  }
  r.settings["model"] = o["model"].as<std::string>();
  if (o.count("init")) r.settings["init"] = text(o, "init") + (o.count("init-parts") ? ", " + text(o, "init-parts") : "");
  r.settings["data"] = o.count("data") ? text(o, "data") : "blocks world";
  if (!o.count("data")) {
    r.settings["families"] = o["families"].as<std::string>();
    r.settings["most_objects"] = std::to_string(whole(o, "most-objects"));
  }
  return r;
}

}  // namespace rn_clevr
