// examples/rn_clevr_pixels.cpp -- rn_clevr train --model rn-pixels and its like: questions about pictures.
// Paper: 93.6 % on CLEVR's validation split for RN, about as much for 2S-RN, about 65 % for AVF-RN (docs/reproduce.md says what that takes).
#include "rn_clevr_pixels.hpp"

#include "relreason/models/picture_baselines.hpp"
#include "rn_clevr_run.hpp"

namespace rn_clevr {

// Calls f with the network of that name.
template <class F>
static int with_model(const std::string& name, const clevr_vocabulary& v, F&& f) {
  using namespace models::from_pixels;
  if (v.words.size() > words) fail("model ", name, " reads up to ", words, " words, found ", v.words.size(), "; networks without pictures read more");
  if (name == "rn-pixels") return f.template operator()<rn>();
  if (name == "two-stage-pixels") return f.template operator()<two_stage_rn>();
  if (name == "avf-pixels") return f.template operator()<avf_rn>();
  if (name == "small-pixels") return f.template operator()<small_rn>();
  if (name == "cnn-lstm") return f.template operator()<cnn_lstm>();
  fail("found model \"", name, "\"; wanted one of ", model_names);
}

static clevr_vocabulary vocabulary_of(const arguments_type& o, const std::vector<clevr::question>& training) {
  const auto dictionary = text(o, "dictionary");
  if (dictionary.ends_with(".json")) return clevr_vocabulary::published(dictionary, models::from_pixels::words, models::from_pixels::answers);
  return clevr_vocabulary::make(o["tokenization"].as<std::string>(), dictionary, "ordinal7", training);
}

int train_on_pictures(const arguments_type& o, run_options run, executor& threads) {
  const auto name = o["model"].as<std::string>();
  if (name == "cnn-multilabel") return train_on_attributes(o, run, threads);
  const world_settings world(o);
  const auto train = load(o, "train", whole(o, "blocks-world"), world, true, threads);
  const auto val = load(o, "val", whole(o, "blocks-world-val"), world, true, threads);
  const auto v = vocabulary_of(o, train.questions);
  v.save(run.settings);
  return with_model(name, v, [&]<class M>() { return train_on<M>(o, run, v, train, val, augmentation_of(o), threads); });
}

int evaluate_on_pictures(const arguments_type& o, const std::string& checkpoint, const std::map<std::string, std::string>& settings,
                         executor& threads) {
  const auto& name = settings.at("model");
  if (name == "cnn-multilabel") return evaluate_on_attributes(o, checkpoint, settings, threads);
  return with_model(name, clevr_vocabulary::load(settings, checkpoint),
                    [&]<class M>() { return answer_with<M>("evaluate", o, checkpoint, settings, threads); });
}

}  // namespace rn_clevr
