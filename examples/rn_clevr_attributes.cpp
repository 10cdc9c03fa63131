// examples/rn_clevr_attributes.cpp -- rn_clevr train --model cnn-multilabel: the CNN alone learns which of 15 attributes a picture shows.
// Paper: mean average precision .99 on the plainest 5 % of CLEVR's pictures; its weights then begin RN and 2S-RN (--init).
#include "relreason/train/attribute_task.hpp"

#include "rn_clevr_pixels.hpp"
#include "rn_clevr_run.hpp"

namespace rn_clevr {

using network = models::from_pixels::cnn_multilabel;
using task = attribute_task<network>;

static std::string precision_table(const metric::label_ranking& found) {
  std::string out;
  char line[96];
  const auto row = [&](const std::string& name, double share) {
    std::snprintf(line, sizeof line, "%-20s %6.2f %%\n", name.c_str(), 100 * share);
    out += line;
  };
  row("average precision", found.mean());
  for (std::size_t k = 0; k < clevr::scene_attribute_names.size(); ++k)
    if (const auto one = found.of_label(k)) row(std::string(clevr::scene_attribute_names[k]), *one);
  return out + "of " + std::to_string(found.size()) + " pictures\n";
}

int train_on_attributes(const arguments_type& o, const run_options& run, executor& threads) {
  const world_settings world(o);
  const auto train = load(o, "train", whole(o, "blocks-world"), world, true, threads);
  const auto val = load(o, "val", whole(o, "blocks-world-val"), world, true, threads);
  const task about(train, val, real(o, "plainest"), augmentation_of(o));
  training_run<task, adam, program::trainer_type> t(about, run, threads);
  if (const int status = run_to_end(o, t, std::to_string(about.size()) + " pictures", threads)) return status;
  std::cerr << "weights to begin another network with: --init " << t.path("best.safetensors") << "\n";
  return 0;
}

int evaluate_on_attributes(const arguments_type& o, const std::string& checkpoint, const std::map<std::string, std::string>& settings,
                           executor& threads) {
  parameters<network> weights;
  load_weights(safetensors::open(checkpoint), weights, {.allow_extra = true});
  const world_settings world(o, settings);
  const auto d = load(o, o["split"].as<std::string>(), whole(o, "blocks-world-val"), world, true, threads);
  const task about(d, d, real(o, "plainest"));
  constexpr int at_once = 64;
  std::cout << precision_table(
      about.ranking(answers_on_cpu<task::output>(weights, limits<network>{.samples = at_once}, select_kernels<float>(), threads)));
  return 0;
}

}  // namespace rn_clevr
