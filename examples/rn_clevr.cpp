// examples/rn_clevr.cpp -- trains a Relation Network on questions about scenes, from CLEVR's files or the blocks world; evaluates; predicts.
// Paper: 97.9 % on CLEVR's validation split from scene descriptions, after 350 epochs (docs/reproduce.md says what that takes).
#include <filesystem>
#include <iostream>

#include "rn_clevr_options.hpp"
#include "rn_clevr_pictures.hpp"
#include "rn_clevr_pixels.hpp"
#include "rn_clevr_run.hpp"

using namespace relreason;
using namespace rn_clevr;

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
  program::check(run.training.device);
  const auto name = o["model"].as<std::string>();
  if (is_picture_model(name)) return train_on_pictures(o, run, threads);
  const world_settings world(o);
  const auto train = load(o, "train", whole(o, "blocks-world"), world, false, threads);
  const auto val = load(o, "val", whole(o, "blocks-world-val"), world, false, threads);
  const auto v = clevr_vocabulary::make(o["tokenization"].as<std::string>(), text(o, "dictionary"), o["encoder"].as<std::string>(), train.questions);
  v.save(run.settings);
  return with_model(train.from.questions, name, v, [&]<class M>() { return train_on<M>(o, run, v, train, val, std::nullopt, threads); });
}

static int answer(const std::string& what, const arguments_type& o, const std::string& checkpoint, executor& threads) {
  for (const char* in : {"scenes", "questions"})
    if (std::error_code none; what == "predict" && std::filesystem::equivalent(text(o, in), text(o, "out"), none))
      refuse("--out ", text(o, "out"), " is the file of --", in, ", which would be lost");
  const auto settings = read_record(safetensors::open(checkpoint)).settings;
  const auto found = settings.find("model");
  const auto name = found == settings.end() ? "" : found->second;
  if (is_picture_model(name)) {
    if (what == "predict") fail(checkpoint, ": model ", name, " sees pictures; use predict --images DIR");
    return evaluate_on_pictures(o, checkpoint, settings, threads);
  }
  return with_model(checkpoint, name, clevr_vocabulary::load(settings, checkpoint),
                    [&]<class M>() { return answer_with<M>(what, o, checkpoint, settings, threads); });
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
